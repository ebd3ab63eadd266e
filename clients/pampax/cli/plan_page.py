"""A plan for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pampax.cli import words
from pampax.cli.session import Session

if TYPE_CHECKING:
    from pampax.client.repository import IndexPlan

SHOWN_FOLDERS = 8
SHOWN_EXAMPLES = 2
WHY: Mapping[str, str] = {
    "binary": "no text",
    "empty": "nothing in it",
    "excluded": "by --include or --exclude",
    "generated": "written by a program, or minified",
    "ignored": "by a .pampaxignore",
    "lfs_pointer": "its content is in Git LFS",
    "name": "a name that is not UTF-8",
    "oversized": "above 1 MiB",
    "special": "a pipe, a socket or a device",
    "submodule": "a repository of its own: index it by itself",
    "symlink": "links are not followed",
    "unreadable": "it may not be read",
    "vendored": "other people's code",
}


def show_plan(session: Session, name: str, plan: IndexPlan) -> None:
    """Everything as JSON; counts, reasons and folders as text."""
    if session.json:
        document = plan.document()
        document.pop("known", None)  # what a client asks for to make the plan of an upload
        session.screen.document({"repository": name, **document})
    elif not session.quiet:
        _show(session, name, plan)


def _show(session: Session, name: str, plan: IndexPlan) -> None:
    screen = session.screen
    commit = f" {words.commit(plan.commit, dirty=plan.dirty)}" if plan.commit else ""
    screen.line(("plan for ", "dim"), (name, "bold"), f"@{plan.ref}{commit}; nothing is written")
    about = "" if plan.exact else "about "
    screen.line(
        f"  {words.counted(plan.files, 'file')}: {words.number(plan.new_files)} to index, "
        f"{words.number(plan.kept_files)} known already; {words.number(sum(plan.skipped.values()))} skipped"
    )
    screen.line(
        f"  {about}{words.counted(plan.chunks, 'chunk')}, {about}{words.number(plan.new_chunks)} of them new "
        f"({about}{words.counted(plan.new_tokens, 'token')}, {plan.tokenizer})"
    )
    screen.line(f"  about {words.duration(1000 * plan.seconds)}, at the {plan.pace} pace")
    if plan.skipped:
        screen.table(("REASON", "FILES", "WHY", "FOR EXAMPLE"), _reasons(plan))
    if plan.folders:
        folders = plan.folders[:SHOWN_FOLDERS]
        rows = [(each.path, words.number(each.files), words.number(each.skipped)) for each in folders]
        screen.table(("FOLDER", "FILES", "SKIPPED"), rows)


def _reasons(plan: IndexPlan) -> list[tuple[str, str, str, str]]:
    """Most first."""
    examples: dict[str, list[str]] = {}
    for entry in plan.skipped_files:
        examples.setdefault(entry.reason, []).append(entry.path)
    ordered = sorted(plan.skipped.items(), key=lambda item: (-item[1], item[0]))
    return [
        (reason, words.number(count), WHY.get(reason, ""), ", ".join(examples.get(reason, ())[:SHOWN_EXAMPLES]))
        for reason, count in ordered
    ]
