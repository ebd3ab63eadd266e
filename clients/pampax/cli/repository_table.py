"""One repository for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pampax.cli import words
from pampax.cli.refreshing import trouble_of, words_of
from pampax.cli.session import Session

if TYPE_CHECKING:
    from pampax.client.repository import RefStatus, Repository

HEADERS = ("REF", "COMMIT", "GENERATION", "AGE", "FILES", "CHUNKS", "BUILD")


def show_repository(session: Session, found: Repository) -> None:
    """Source, patterns, and a line per published ref; the default one has a star."""
    screen = session.screen
    screen.line((found.name, "bold"), "  ", found.source.words)
    for title, patterns in (("only", found.include), ("without", found.exclude)):
        if patterns:
            screen.line((f"{title:<8}", "dim"), " ".join(patterns))
    if found.credential is not None:
        screen.line((f"{'asks':<8}", "dim"), "with ", words.credential(found.credential))
    if found.refresh is not None:
        screen.line((f"{'refresh':<8}", "dim"), words_of(found.refresh))
    if trouble := trouble_of(found.refresh):
        screen.line((trouble, "red"))
    if not found.refs:
        screen.line("nothing is indexed yet")
        return
    screen.table(HEADERS, [_row(status, found.default_ref) for status in found.refs])
    for status in found.refs:
        if status.skipped:
            screen.line((f"skipped in {status.ref}: ", "dim"), words.skipped(status.skipped))
        if status.pending_vectors:
            embedded = f"{words.number(status.chunks - status.pending_vectors)} of {words.number(status.chunks)}"
            pending = f"vectors pending in {status.ref}: {embedded} embedded; until then words, names and paths answer"
            screen.line((pending, "yellow"))


def _row(status: RefStatus, default_ref: str) -> tuple[str, ...]:
    return (
        status.ref + (" *" if status.ref == default_ref else ""),
        words.commit(status.commit, dirty=status.dirty),
        str(status.generation),
        words.age(status.age_s),
        words.number(status.files),
        words.number(status.chunks),
        status.build,
    )
