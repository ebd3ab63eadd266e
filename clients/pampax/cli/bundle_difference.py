"""What differs between two bundles: their pieces and their text."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pampax.cli import words

if TYPE_CHECKING:
    from pampax.client.bundle import Bundle, BundleItem

# Repository, path, first and last line, symbol; a piece of other lines is another piece.
_Place = tuple[str, str, int, int, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """Lines in words, in reading order; `text` is a unified diff of the markdown."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    text: str

    def document(self) -> dict[str, Any]:
        return {
            "same": not self.text,
            "added": list(self.added),
            "removed": list(self.removed),
            "changed": list(self.changed),
            "text": self.text,
        }


def difference(before: Bundle, after: Bundle, names: tuple[str, str]) -> Difference:
    """`names` stand at the head of the diff. Both have the content of their pieces."""
    old = {_place(item): item for item in before.items}
    new = {_place(item): item for item in after.items}
    return Difference(
        added=tuple(f"{_where(item)}, {item.rendering}" for place, item in new.items() if place not in old),
        removed=tuple(f"{_where(item)}, {item.rendering}" for place, item in old.items() if place not in new),
        changed=tuple(
            f"{_where(item)}: {', '.join(told)}"
            for place, item in new.items()
            if place in old and (told := list(_changes(old[place], item)))
        ),
        text="".join(_lines_of_diff(before.markdown, after.markdown, names)),
    )


def _changes(old: BundleItem, new: BundleItem) -> Iterator[str]:
    if old.rendering != new.rendering:
        yield f"{old.rendering} -> {new.rendering}"
    elif old.content != new.content:
        yield "other text"
    if old.reason != new.reason:
        yield "another reason"


def _lines_of_diff(before: str, after: str, names: tuple[str, str]) -> Iterator[str]:
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    for line in difflib.unified_diff(old, new, *names):
        yield line if line.endswith("\n") else line + "\n"


def _place(item: BundleItem) -> _Place:
    return item.repo, item.path, item.start_line, item.end_line, item.symbol


def _where(item: BundleItem) -> str:
    symbol = f" {item.symbol}" if item.symbol else ""
    return words.visible(f"{item.path}:{item.start_line}-{item.end_line} in {item.repo}{symbol}")
