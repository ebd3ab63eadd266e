"""What a bundle is made of: places in files, the definitions there and the lines that were read. Lines are 1-based."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from pampax.core.ids import chunk_id, range_id

# Repository and path.
FileKey: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Lines start..end of a file, both included."""

    repository: str
    path: str
    start_line: int
    end_line: int

    @property
    def file(self) -> FileKey:
        return self.repository, self.path

    def holds(self, other: Place) -> bool:
        return self.file == other.file and self.start_line <= other.start_line and other.end_line <= self.end_line

    def meets(self, other: Place) -> bool:
        return self.file == other.file and self.start_line <= other.end_line and other.start_line <= self.end_line


@dataclass(frozen=True, slots=True)
class Definition:
    """A named definition. `signature` is its head on one line, `doc` the first paragraph of its documentation."""

    name: str
    qualified_name: str
    kind: str
    start_line: int
    end_line: int
    signature: str
    doc: str


@dataclass(frozen=True, slots=True)
class Span:
    """A chunk of a file: the ranges that the index cut it into hold every line that is not blank."""

    start_line: int
    end_line: int
    kind: str
    symbol: str


@dataclass(frozen=True, slots=True)
class SourceFile:
    """What was read of a file. `lines` holds those that a piece may show, by number; `definitions` in file order.

    `blob_id` is hex, "" where nobody knows the content; `ids` are those that search told, by first and last line.
    """

    repository: str
    path: str
    language: str
    lines: Mapping[int, str] = field(default_factory=dict)
    definitions: tuple[Definition, ...] = ()
    spans: tuple[Span, ...] = ()
    blob_id: str = ""
    ids: Mapping[tuple[int, int], str] = field(default_factory=dict)

    def id_of(self, start_line: int, end_line: int) -> str:
        """The stable id of lines: that of the chunk that they are, or of the one that they begin in with their range.
        Empty where the file's chunks are not known."""
        lines = (start_line, end_line)
        if self.blob_id and self.spans:
            span = self.spans[max(bisect_right(self.spans, start_line, key=lambda one: one.start_line) - 1, 0)]
            at = (span.start_line, span.end_line)
            chunk = chunk_id(self.blob_id, self.language, *at)
        elif self.ids:
            at = max((each for each in self.ids if each[0] <= start_line), default=min(self.ids))
            chunk = self.ids[at]
        else:
            return ""
        return chunk if at == lines else range_id(chunk, *lines)

    def place(self, start_line: int, end_line: int) -> Place:
        return Place(self.repository, self.path, start_line, end_line)

    def text(self, start_line: int, end_line: int) -> str | None:
        """The lines joined; None when one of them was not read."""
        lines = [self.lines.get(number) for number in range(start_line, end_line + 1)]
        return None if None in lines else "\n".join(line for line in lines if line is not None)

    def starting_in(self, start_line: int, end_line: int) -> tuple[Definition, ...]:
        return tuple(each for each in self.definitions if start_line <= each.start_line <= end_line)

    def around(self, line: int) -> Definition | None:
        """The innermost definition that holds the line and starts before it."""
        holding = (each for each in self.definitions if each.start_line < line <= each.end_line)
        return max(holding, key=lambda each: (each.start_line, -each.end_line), default=None)
