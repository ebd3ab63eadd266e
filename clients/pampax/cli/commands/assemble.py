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
from pampax.cli.contexts.choosing import chosen_pack, context_options
from pampax.cli.group import OptionsCommand
from pampax.cli.session import Session, with_session
from pampax.cli.staleness import StalePolicy, staleness_of, staleness_options
from pampax.cli.values import TEXT, choice, one_text, typed
from pampax.core.choices import Tokenizer

if TYPE_CHECKING:
    from pampax.client.bundle import Bundle

EPILOG = """\b
Examples:
  pampax assemble "add a timeout to the payment client"
  pampax assemble "fix the login test" -r web -b 4000 -o bundle.md
  pampax assemble "validate orders" --context backend
  pampax assemble "document the cache" --seed src/cache.py --json
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

    staleness = staleness_of(max_staleness, stale_policy)
    chosen = chosen_pack(session, pack, no_context=no_context)
    request = BundleRequest(
        task=one_text(task, "task", "describe the task"),
        repos=repos,
        ref=ref,
        tokenizer=tokenizer,
        format="json" if session.json else "markdown",
        seed_paths=seed_paths,
        pack=chosen.pack,
        **typed(token_budget=token_budget),
    )
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


def write_whole(path: Path, text: str) -> None:
    """The file has the old content or the new, never a part of it."""
    descriptor, fresh = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
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
