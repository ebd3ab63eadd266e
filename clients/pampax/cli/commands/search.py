"""pampax search"""

from __future__ import annotations

import click

from pampax.cli.contexts.choosing import chosen_pack, context_options
from pampax.cli.group import OptionsCommand
from pampax.cli.session import Session, with_session
from pampax.cli.staleness import StalePolicy, staleness_of, staleness_options
from pampax.cli.values import TEXT, choice, one_text, typed
from pampax.core.choices import GroupBy, Intent, Kind, Mode, Rerank

EPILOG = """\b
Examples:
  pampax search "where are retries with backoff implemented?"
  pampax search ConnectionPool -m symbol -l python
  pampax search "parse config" -r web -p 'src/**' -k 5 --explain
  pampax search -m regex 'def \\w+_config\\('
  pampax search -m literal 'except (KeyError, ValueError):'
  pampax search "parse config" --why-not src/config.py
  pampax search "retry policy" --max-staleness 1d --stale-policy warn
  pampax search "where are orders validated" --context backend
  pampax search "rate limit" --json | jq -r '.results[].path'
"""


@click.command(
    "search", cls=OptionsCommand, short_help="Find code for a question, a name, a path or a pattern", epilog=EPILOG
)
@click.argument("query", nargs=-1, required=True, type=TEXT)
@click.option("--repo", "-r", "repos", multiple=True, type=TEXT, metavar="REPO", help="Search only this; repeatable.")
@click.option(
    "--lang", "-l", "languages", multiple=True, type=TEXT, metavar="LANG", help="Only this language; repeatable."
)
@click.option("--path", "-p", "path_glob", type=TEXT, metavar="GLOB", help="Only paths that match, gitignore-style.")
@click.option("--mode", "-m", type=choice(Mode), default="hybrid", show_default=True, help="Which evidence counts.")
@click.option(
    "--limit", "-k", type=click.IntRange(1, 100), default=10, show_default=True, metavar="N", help="Results, 1 to 100."
)
@click.option("--kind", "kinds", multiple=True, type=choice(Kind), help="Only chunks of this kind; repeatable.")
@click.option("--ref", type=TEXT, metavar="REF", help="Branch or tag; the last one indexed if absent.")
@click.option("--intent", type=choice(Intent), help="Overrides the detected intent.")
@click.option("--group-by", type=choice(GroupBy), default="chunk", show_default=True, help="What one result is.")
@click.option("--ignore-case", "-i", is_flag=True, help="For a pattern: whatever the case of letters.")
@click.option("--rerank", type=choice(Rerank), help="Order the best of a sentence by a larger model, or not.")
@click.option("--explain", is_flag=True, help="Show the parts that add up to each score.")
@click.option("--why-not", type=TEXT, metavar="PATH", help="Tell at which stage this file fell out.")
@context_options
@staleness_options
@click.option("--page-token", type=TEXT, metavar="TOKEN", help="The next page, as the page before names it.")
@with_session
def command(
    session: Session,
    query: tuple[str, ...],
    repos: tuple[str, ...],
    languages: tuple[str, ...],
    path_glob: str | None,
    mode: Mode,
    limit: int,
    kinds: tuple[Kind, ...],
    ref: str | None,
    intent: Intent | None,
    group_by: GroupBy,
    ignore_case: bool,
    rerank: Rerank | None,
    explain: bool,
    why_not: str | None,
    pack: str | None,
    no_context: bool,
    max_staleness: float | None,
    stale_policy: StalePolicy | None,
    page_token: str | None,
) -> None:
    """Find code for a question in plain words, a name or a path, or lines that match a pattern; best first."""
    staleness = staleness_of(max_staleness, stale_policy)
    text = one_text(query, "query", "write what you look for")
    from pampax.cli.search_page import show_answer
    from pampax.client.search import SearchRequest

    chosen = chosen_pack(session, pack, no_context=no_context)
    request = SearchRequest(
        query=text,
        repos=repos,
        ref=ref,
        languages=languages,
        path_glob=path_glob,
        kinds=kinds,
        group_by=group_by,
        intent=intent,
        explain=explain,
        max_staleness=staleness.refused_after_s,
        page_token=page_token,
        why_not=why_not,
        ignore_case=ignore_case,
        pack=chosen.pack,
        **typed(mode=mode, limit=limit),
        rerank=rerank,
    )
    with session.client() as client, chosen.explaining():
        answer = client.search(request)
    chosen.tell(session)
    stale = staleness.warn(session, answer.snapshots)
    if session.json:
        session.screen.document({**answer.document(), **stale})
    else:
        show_answer(session, request, answer)
