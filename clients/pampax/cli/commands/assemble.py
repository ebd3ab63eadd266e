"""pampax assemble"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pampax.cli import words
from pampax.cli.bundle_page import show_explanation, show_stream
from pampax.cli.contexts.choosing import chosen_pack, context_options
from pampax.cli.group import OptionsCommand
from pampax.cli.session import Session, with_session
from pampax.cli.staleness import StalePolicy, staleness_of, staleness_options
from pampax.cli.values import TEXT, choice, one_text, typed, wanted
from pampax.core.choices import KindOfFiles, Layout, Policy, Tokenizer

if TYPE_CHECKING:
    from pampax.client.bundle import Bundle

EPILOG = """\b
Examples:
  pampax assemble "add a timeout to the payment client"
  pampax assemble "fix the login test" -r web -b 4000 -o bundle.md
  pampax assemble "validate orders" --context backend
  pampax assemble "document the cache" --seed src/cache.py --json
  pampax assemble "rename the field" --must src/order.py#Order --must src/db.py:10-40
  pampax assemble "tighten the parser" --exclude 'vendor/**' --without docs --with tests
  pampax assemble "how does login work" --policy broad --depth 2
  pampax assemble "retry uploads" --explain      timings, confidence and what was cut, on stderr
  pampax assemble "retry uploads" --stream       pieces as they are chosen, the best first
  pampax assemble "retry uploads" --format compact -b 4000     for an agent: line numbers and ids
"""
STOPPED_BECAUSE = {
    "budget_full": "the budget is full",
    "nothing_more_useful": "nothing more would help",
    "no_results": "nothing fits the task",
}


@click.command(
    "assemble",
    cls=OptionsCommand,
    short_help="Collect the code that a task needs, within a token budget",
    epilog=EPILOG,
)
@click.argument("task", nargs=-1, required=True, type=TEXT)
@click.option("--repo", "-r", "repos", multiple=True, type=TEXT, metavar="REPO", help="Read only this one; repeatable.")
@click.option("--ref", type=TEXT, metavar="REF", help="Branch or tag; the last one indexed if absent.")
@click.option(
    "--budget",
    "-b",
    "token_budget",
    type=int,
    default=8_000,
    show_default=True,
    metavar="TOKENS",
    help="Bound for the whole.",
)
@click.option("--tokenizer", type=choice(Tokenizer), default="o200k_base", show_default=True, help="Who counts.")
@click.option(
    "--seed", "seed_paths", multiple=True, type=TEXT, metavar="PATH", help="A path that must be in; repeatable."
)
@click.option(
    "--must",
    "must_include",
    multiple=True,
    type=TEXT,
    metavar="PLACE",
    help="Show this in full: PATH, PATH:10-20 or PATH#NAME; repeatable.",
)
@click.option(
    "--exclude", "exclude_globs", multiple=True, type=TEXT, metavar="GLOB", help="Leave these files out; repeatable."
)
@click.option(
    "--with", "with_kinds", multiple=True, type=choice(KindOfFiles), help="Wanted as much as code; repeatable."
)
@click.option("--without", "without_kinds", multiple=True, type=choice(KindOfFiles), help="Show none; repeatable.")
@click.option(
    "--depth",
    type=int,
    default=1,
    show_default=True,
    metavar="N",
    help="How far around the matches, 0 to 3.",
)
@click.option(
    "--policy", type=choice(Policy), default="balanced", show_default=True, help="Few pieces in full, or many in brief."
)
@click.option("--format", "layout", type=choice(Layout), default="markdown", show_default=True, help="For whom.")
@click.option("--explain", is_flag=True, help="Tell timings, confidence and what was cut.")
@click.option("--stream", is_flag=True, help="Show pieces as they are chosen, the best first.")
@context_options
@staleness_options
@click.option("--output", "-o", type=click.Path(dir_okay=False), metavar="FILE", help="Write there instead of stdout.")
@with_session
def command(
    session: Session,
    task: tuple[str, ...],
    repos: tuple[str, ...],
    ref: str | None,
    token_budget: int,
    tokenizer: Tokenizer,
    seed_paths: tuple[str, ...],
    must_include: tuple[str, ...],
    exclude_globs: tuple[str, ...],
    with_kinds: tuple[KindOfFiles, ...],
    without_kinds: tuple[KindOfFiles, ...],
    depth: int,
    policy: Policy,
    layout: Layout,
    explain: bool,
    stream: bool,
    pack: str | None,
    no_context: bool,
    max_staleness: float | None,
    stale_policy: StalePolicy | None,
    output: str | None,
) -> None:
    """Assemble a bundle: the code that a task needs, within a token budget, with the reason for every piece.

    Markdown goes to stdout or to a file, a summary to stderr.
    """
    from pampax.client.bundle import BundleRequest

    if stream and output is not None:
        raise click.UsageError("--stream shows pieces on stdout: leave out --output", click.get_current_context())
    staleness = staleness_of(max_staleness, stale_policy)
    chosen = chosen_pack(session, pack, no_context=no_context)
    request = BundleRequest(
        task=one_text(task, "task", "describe the task"),
        repos=repos,
        ref=ref,
        tokenizer=tokenizer,
        format="json" if session.json and layout == "markdown" else layout,
        seed_paths=seed_paths,
        must_include=must_include,
        exclude_globs=exclude_globs,
        pack=chosen.pack,
        **wanted(with_kinds, without_kinds),
        **typed(token_budget=token_budget, depth=depth, policy=policy),
    )
    if stream:
        with session.client() as client, chosen.explaining():
            shown = show_stream(session, client.stream_bundle(request), staleness)
        chosen.tell(session)
        session.hint(summary(shown, None))
        if explain and not session.json:
            show_explanation(session, shown)
        return
    with session.client() as client, chosen.explaining():
        bundle = client.assemble(request)
    staleness.refuse(bundle.snapshots)
    document = {**bundle.document(), **staleness.warn(session, bundle.snapshots)}
    if output is not None:
        text = as_json(document) if session.json else bundle.markdown
        write_whole(Path(output), text if text.endswith("\n") else text + "\n")
    elif session.json:
        session.screen.document(document)
    else:
        session.screen.text(bundle.markdown)
    chosen.tell(session)
    session.hint(summary(bundle, output))
    if explain and not session.json:
        show_explanation(session, bundle)


def write_whole(path: Path, text: str) -> None:
    """The file has the old content or the new, never a part of it."""
    try:
        descriptor, fresh = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        Path(fresh).chmod(0o666 & ~_umask())
        Path(fresh).replace(path)
    except BaseException:
        Path(fresh).unlink(missing_ok=True)
        raise


def _umask() -> int:
    """There is no way to read it without setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def as_json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)


def _left_out(bundle: Bundle) -> str:
    if not bundle.degraded and not bundle.notices:
        return ""
    return "; ".join(bundle.notices) or f"without {', '.join(bundle.degraded)} (see `pampax health`)"


def summary(bundle: Bundle, output: str | None) -> str:
    budget = bundle.budget
    estimate = "" if budget.exact else ", estimated"
    parts = [
        words.counted(len(bundle.items), "piece"),
        f"{words.number(budget.used)} of {words.number(budget.limit)} tokens ({budget.tokenizer}{estimate})",
        STOPPED_BECAUSE.get(bundle.stopping_reason, bundle.stopping_reason),
        f"{words.counted(len(bundle.omitted), 'piece')} left out" if bundle.omitted else "",
        _left_out(bundle),
        f"cache {bundle.cache}",
        words.duration(bundle.took_ms),
        f"signature {bundle.signature[:12]}" if bundle.signature else "",
        f"written to {output}" if output else "",
    ]
    return words.joined(parts)
