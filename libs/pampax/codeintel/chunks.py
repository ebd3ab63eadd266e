"""Cutting a file into chunks: at definition starts, merged up to a size, long bodies cut where they breathe.

Everything works on whole lines. A piece is a range of rows; the rules are: a definition that fits stays whole with its
leading comments; a longer one is cut at the definitions inside it; a long stretch without any is cut before blank or
outdented lines; neighbours are merged while they fit.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from pampax.codeintel.definitions import SCOPE, Definition
from pampax.codeintel.model import Chunk

MAX_CHUNK_CHARS = 1500  # about 375 tokens; measured best for line spans at a tight token budget
MIN_CHUNK_CHARS = 200  # a shorter tail is merged into its neighbour, which may then pass MAX_CHUNK_CHARS by this much
MIN_REMAINDER_CHARS = 500  # left behind the last cut of a long body
_BLANK_BONUS = 4  # a blank line before a cut is worth this much indentation
_TAB_COLUMNS = 4
_CONTINUES = re.compile(
    r"\s*(?:[})\]]|end\b|else\b|elif\b|elsif\b|except\b|catch\b|finally\b|rescue\b|case\b|default:)"
)
_LEADS = re.compile(r"\s*(?:#|//|/\*|\*|@\w|--|\"\"\")")  # comments and annotations stay with the line below them


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows start..end, both included; `around` is the index of the definition cut to get it, -1 for the file."""

    start: int
    end: int
    around: int


@dataclass(frozen=True, slots=True)
class _Text:
    lines: Sequence[str]
    offsets: Sequence[int]  # characters before each line, newlines counted, and the total at the end

    def size(self, start: int, end: int) -> int:
        return self.offsets[end + 1] - self.offsets[start]


def chunks_of(lines: Sequence[str], definitions: Sequence[Definition], *, plain_kind: str) -> tuple[Chunk, ...]:
    """Chunks in order that hold every non-blank line once. `definitions` are nested and in source order;
    `plain_kind` is the kind of chunks in which no definition starts."""
    text = _Text(lines, [0, *accumulate(len(line) + 1 for line in lines)])
    pieces = [_trimmed(piece, lines) for piece in _merged(list(_pieces(text, definitions)), text)]
    names = _Names(definitions)
    return tuple(names.chunk(piece, lines, plain_kind) for piece in pieces if piece is not None)


def _pieces(text: _Text, definitions: Sequence[Definition]) -> Iterator[Piece]:
    """Cut the file at definitions, outermost first; an explicit stack because nesting may be as deep as the file."""
    children: dict[int, list[int]] = {}
    for index, definition in enumerate(definitions):
        children.setdefault(definition.parent, []).append(index)
    stack = [(0, len(text.lines) - 1, -1, True)]
    while stack:
        start, end, owner, divisible = stack.pop()
        if start > end:
            continue
        if text.size(start, end) <= MAX_CHUNK_CHARS:
            whole = divisible and owner >= 0
            yield Piece(start, end, definitions[owner].parent if whole else owner)
        elif divisible and owner in children:
            stack.extend(reversed(_divided(start, end, owner, children[owner], definitions)))
        else:
            yield from _windows(text, start, end, owner)


def _divided(
    start: int, end: int, owner: int, inside: Sequence[int], definitions: Sequence[Definition]
) -> list[tuple[int, int, int, bool]]:
    """The parts of a range: its definitions (to be cut further when too long) and the gaps between them."""
    parts = []
    at = start
    for index in inside:
        top, last = max(definitions[index].top, at), min(definitions[index].end, end)
        if top > last:
            continue  # shares its lines with the one before
        parts += [(at, top - 1, owner, False), (top, last, index, True)]
        at = last + 1
    return [*parts, (at, end, owner, False)]


def _windows(text: _Text, start: int, end: int, owner: int) -> Iterator[Piece]:
    while text.size(start, end) > MAX_CHUNK_CHARS + MIN_CHUNK_CHARS and start < end:
        cut = _best_cut(text, start, end)
        yield Piece(start, cut - 1, owner)
        start = cut
    yield Piece(start, end, owner)


def _best_cut(text: _Text, start: int, end: int) -> int:
    """The row that begins the next window: the least indented line of the second half, best after a blank line. What
    then remains is no mere tail."""
    origin = text.offsets[start]
    size = min(MAX_CHUNK_CHARS, text.size(start, end) - MIN_REMAINDER_CHARS)
    latest = max(bisect_left(text.offsets, origin + size + 1, start + 1, end + 1) - 1, start + 1)
    earliest = min(max(bisect_left(text.offsets, origin + size // 2, start + 1, latest), start + 1), latest)
    candidates = (row for row in range(earliest, latest + 1) if text.lines[row].strip())
    return min(candidates, key=lambda row: (_cut_cost(text.lines, row), -row), default=latest)


def _cut_cost(lines: Sequence[str], row: int) -> int:
    line, before = lines[row], lines[row - 1]
    columns = len(line[: len(line) - len(line.lstrip())].expandtabs(_TAB_COLUMNS))
    if _CONTINUES.match(line) or _LEADS.match(before):
        columns += 2 * _TAB_COLUMNS
    return columns - (0 if before.strip() else _BLANK_BONUS)


def _merged(pieces: Sequence[Piece], text: _Text) -> list[Piece]:
    """Neighbours inside one definition while they fit; what is small after that joins whatever stands beside it."""
    merged = _joined(pieces, text, across=False)
    return _joined(merged, text, across=True)


def _joined(pieces: Sequence[Piece], text: _Text, *, across: bool) -> list[Piece]:
    joined: list[Piece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if last is not None and _joins(last, piece, text, across=across):
            larger = max(last, piece, key=lambda each: text.size(each.start, each.end))
            joined[-1] = Piece(last.start, piece.end, larger.around)
        else:
            joined.append(piece)
    return joined


def _joins(before: Piece, after: Piece, text: _Text, *, across: bool) -> bool:
    sizes = text.size(before.start, before.end), text.size(after.start, after.end)
    small = min(sizes) < MIN_CHUNK_CHARS
    if before.around != after.around and not (across and small):
        return False
    return sum(sizes) <= MAX_CHUNK_CHARS + (MIN_CHUNK_CHARS if small else 0)


def _trimmed(piece: Piece, lines: Sequence[str]) -> Piece | None:
    start, end = piece.start, piece.end
    while start <= end and not lines[start].strip():
        start += 1
    while end > start and not lines[end].strip():
        end -= 1
    return Piece(start, end, piece.around) if start <= end else None


class _Names:
    """Kind and name of each chunk, asked for in file order."""

    def __init__(self, definitions: Sequence[Definition]) -> None:
        self._definitions = definitions
        self._starting = sorted((each.start, index) for index, each in enumerate(definitions) if each.kind != SCOPE)
        self._rows = [row for row, _ in self._starting]

    def chunk(self, piece: Piece, lines: Sequence[str], plain_kind: str) -> Chunk:
        kind, name = self._main(piece) or (plain_kind, self._around(piece))
        text = "\n".join(lines[piece.start : piece.end + 1])
        return Chunk(piece.start + 1, piece.end + 1, kind, name, text)

    def _main(self, piece: Piece) -> tuple[str, str] | None:
        """The definition starting here that covers most of the piece; the outer or earlier one of equals."""
        first, behind = bisect_left(self._rows, piece.start), bisect_left(self._rows, piece.end + 1)
        held = [self._definitions[index] for _, index in self._starting[first:behind]]
        main = max(held, key=lambda each: min(each.end, piece.end) - each.start, default=None)
        return (main.kind, main.qualified_name) if main else None

    def _around(self, piece: Piece) -> str:
        return self._definitions[piece.around].qualified_name if piece.around >= 0 else ""
