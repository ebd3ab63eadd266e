"""Pieces as they are shown: candidates with a rendering, merged where their lines touch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pampax.assembly.bundle import Evidence, Rendering
from pampax.assembly.candidates import Candidate, Origin, best_first, evidence_of, reasons_of, said
from pampax.assembly.markup import code, shortened
from pampax.assembly.skeletons import first_line, outline
from pampax.assembly.source import FileKey, Place, SourceFile

# Lines between two pieces that cost less than a second heading.
MAX_GAP_LINES = 3
MAX_SIGNATURE_CHARS = 200  # of one line; macros and generics can have heads like a page
# Where the head of a table or a list ends: `NAME = {`.
_OPEN_VALUE = re.compile(r"\s*=\s*[\[({]?$")

Chosen = tuple[Candidate, Rendering]


@dataclass(frozen=True, slots=True)
class Piece:
    """`content` is what it shows without its heading; a reference shows its place alone. `also` counts the
    definitions that begin in it beside `symbol`, those inside of others left out."""

    place: Place
    rendering: Rendering
    value: float
    language: str
    symbol: str
    reason: str
    evidence: tuple[Evidence, ...]
    content: str
    id: str = ""
    also: int = 0

    @property
    def title(self) -> str:
        """As in: `take` and 3 more. Empty for a piece without a symbol."""
        more = f" and {self.also} more" if self.also else ""
        return f"{code(self.symbol)}{more}" if self.symbol else ""


def piece_of(each: Candidate, rendering: Rendering, file: SourceFile, hidden: Sequence[Place] = ()) -> Piece | None:
    """The candidate alone; None when it cannot be shown so, or when `hidden` leaves nothing of it."""
    place, content = each.place, ""
    match rendering:
        case Rendering.FULL:
            text = file.text(place.start_line, place.end_line)
            if text is None:
                return None
            content = text
        case Rendering.SKELETON:
            inside = [
                each
                for each in file.starting_in(place.start_line, place.end_line)
                if not any(other.start_line <= each.start_line <= other.end_line for other in hidden)
            ]
            content = outline(inside, file.language)
            if not content:
                return None
        case Rendering.SIGNATURE:
            said = first_line(file, place, each.symbol)
            if not said:
                return None
            content = _OPEN_VALUE.sub("", shortened(said, MAX_SIGNATURE_CHARS))
        case Rendering.REFERENCE:
            pass
    return Piece(
        place, rendering, each.value, file.language, each.symbol, each.reason, each.evidence, content,
        file.id_of(place.start_line, place.end_line),
    )  # fmt: skip


def merged(chosen: Iterable[Chosen], files: Mapping[FileKey, SourceFile]) -> tuple[Piece, ...]:
    """Pieces in reading order: by repository, then file, each by its best value, then by line; what takes a single
    line comes after the code."""
    by_file: dict[FileKey, list[Chosen]] = {}
    for each, rendering in chosen:
        by_file.setdefault(each.place.file, []).append((each, rendering))
    pieces = [piece for key, members in by_file.items() for piece in _of_file(members, files[key])]
    return _in_reading_order(pieces)


def _of_file(chosen: Sequence[Chosen], file: SourceFile) -> list[Piece]:
    full = _full(sorted((each for each, rendering in chosen if rendering is Rendering.FULL), key=_by_line), file)
    hidden = [piece.place for piece in full]
    outlines: list[Piece] = []
    lines: list[Piece] = []
    for each, rendering in sorted(chosen, key=lambda pair: (-pair[1], best_first(pair[0]))):
        if rendering is Rendering.FULL or any(place.holds(each.place) for place in hidden):
            continue
        piece = piece_of(each, rendering, file, hidden)
        if piece is None:
            continue
        if rendering is Rendering.SKELETON:
            if not any(other.place.holds(piece.place) for other in outlines):
                outlines.append(piece)
        elif not _said_already(each, piece, [*outlines, *lines], full):
            lines.append(piece)
    return [*full, *outlines, *lines]


def _full(chosen: Sequence[Candidate], file: SourceFile) -> list[Piece]:
    """Candidates in line order, joined where the lines between them are few and known."""
    groups: list[tuple[int, int, list[Candidate]]] = []
    for each in chosen:
        start, end = each.place.start_line, each.place.end_line
        if groups and start - groups[-1][1] - 1 <= MAX_GAP_LINES and _known(file, groups[-1][1] + 1, start - 1):
            first, last, members = groups[-1]
            groups[-1] = (first, max(last, end), [*members, each])
        else:
            groups.append((start, end, [each]))
    return [_full_piece(start, end, members, file) for start, end, members in groups]


def _full_piece(start: int, end: int, members: Sequence[Candidate], file: SourceFile) -> Piece:
    best = min(members, key=best_first)
    return Piece(
        place=file.place(start, end),
        rendering=Rendering.FULL,
        value=max(each.value for each in members),
        language=file.language,
        symbol=best.symbol,
        reason=said(reasons_of(members)),
        evidence=evidence_of(members),
        content=file.text(start, end) or "",
        id=file.id_of(start, end),
        also=_also(best.symbol, start, end, file),
    )


def _also(symbol: str, start: int, end: int, file: SourceFile) -> int:
    """Single values and what holds the symbol need no mention."""
    names: set[str] = set()
    behind = 0
    for each in sorted(file.starting_in(start, end), key=lambda each: (each.start_line, -each.end_line)):
        name = each.qualified_name
        if each.kind == "variable" or each.start_line <= behind:
            continue
        behind = each.end_line
        if name != symbol and not symbol.startswith(f"{name}."):
            names.add(name)
    return len(names)


def _known(file: SourceFile, start: int, end: int) -> bool:
    return all(number in file.lines for number in range(start, end + 1))


def _said_already(each: Candidate, piece: Piece, shown: Sequence[Piece], full: Sequence[Piece]) -> bool:
    """Whether an outline or a line shows the same already, or a seed's place is plain from its code."""
    if any(other.place.holds(piece.place) for other in shown):
        return True
    return each.origin is Origin.OUTLINE and bool(full)


def _by_line(each: Candidate) -> tuple[int, int]:
    return (each.place.start_line, -each.place.end_line)


def _in_reading_order(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    repositories: dict[str, float] = {}
    files: dict[FileKey, float] = {}
    for piece in pieces:
        repository, file = piece.place.repository, piece.place.file
        repositories[repository] = max(repositories.get(repository, 0.0), piece.value)
        files[file] = max(files.get(file, 0.0), piece.value)

    def order(piece: Piece) -> tuple[bool, float, str, float, Place, Rendering]:
        place = piece.place
        takes_a_line = piece.rendering <= Rendering.SIGNATURE
        return (
            takes_a_line, -repositories[place.repository], place.repository, -files[place.file],
            Place(place.repository, place.path, place.start_line, place.end_line), piece.rendering,
        )  # fmt: skip

    return tuple(sorted(pieces, key=order))
