"""A self-check for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pampax.cli import words
from pampax.cli.session import Session

if TYPE_CHECKING:
    from pampax.client.repository import Check

SNAPSHOT = "(the snapshot itself)"


def show_check(session: Session, found: Check) -> None:
    """A line that says how it stands, and a table of what differs."""
    screen = session.screen
    compared = f"{words.number(found.documents)} of {words.counted(found.of_documents, 'document')}"
    same = ("differs", "bold red") if found.differing else ("the same", "green")
    screen.line(same, f"  {found.ref} {words.commit(found.commit)}: {compared} derived anew in {found.seconds:.1f} s")
    if found.detail:
        screen.line(found.detail)
    if found.undecided:
        screen.line(f"{words.counted(found.undecided, 'document')} left out: the parser gives up on them")
    if found.recall is not None:
        asked = words.counted(found.recall_queries, "question")
        screen.line(f"the vector index finds {found.recall:.1%} of the exact neighbours, by {asked}")
    if found.differences:
        rows = [(each.path or SNAPSHOT, ", ".join(each.parts)) for each in found.differences]
        screen.table(("PATH", "DIFFERS IN"), rows)
    if found.differing > len(found.differences):
        screen.line(f"and {words.number(found.differing - len(found.differences))} more")
    if found.differing:
        session.hint("docs/runbooks/PampaxIndexDiffers.md says what to do")
