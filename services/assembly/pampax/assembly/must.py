"""Places that a request says must be shown: found in a snapshot, or refused with what is near."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pampax.assembly.candidates import Candidate, Origin, candidate
from pampax.assembly.postgres import FileRow, Reader
from pampax.assembly.source import Definition, Place
from pampax.core.errors import NotFound
from pampax.core.places import NamedPlace

VALUE = 1.5
REASON = "must be included"
MAX_ADVICE = 3


@dataclass(frozen=True, slots=True)
class InFile:
    """What a repository has of the file of a named place: its lines, and the definitions where one was asked for."""

    row: FileRow
    definitions: tuple[Definition, ...]


async def files_of(reader: Reader, places: Iterable[NamedPlace]) -> dict[str, InFile]:
    """Path -> what the reader's snapshot has of it."""
    places = tuple(places)
    rows = await reader.files({place.path for place in places})
    asked = {place.path for place in places if place.symbol}
    found = await reader.definitions_in([row for row in rows if row.path in asked])
    return {
        row.path: InFile(row, tuple(one.definition for one in found if row.first_chunk <= one.chunk <= row.last_chunk))
        for row in rows
    }


def candidates_in(repository: str, files: dict[str, InFile], place: NamedPlace) -> list[Candidate]:
    """Nothing where the repository has no such place; of a name that stands for several definitions all of them."""
    file = files.get(place.path)
    if file is None:
        return []
    lines = max(file.row.lines, 1)
    if place.symbol:
        ranges = [(each.start_line, each.end_line) for each in _named(place.symbol, file.definitions)]
    elif place.start > lines:
        ranges = []
    else:
        ranges = [(place.start or 1, min(place.end or lines, lines))]
    return [
        candidate(Place(repository, place.path, start, end), Origin.SEED, VALUE, place.symbol, REASON)
        for start, end in dict.fromkeys(ranges)
    ]


def not_there(place: NamedPlace, file: InFile) -> NotFound:
    """For a place whose file exists."""
    if not place.symbol:
        told = f"{place.path} has {file.row.lines} lines, line {place.start} does not exist"
        return NotFound(f"must_include: {told}", reason="LINE_NOT_FOUND", metadata={"path": place.path[:200]})
    names = list(dict.fromkeys(each.qualified_name for each in file.definitions))
    near = _near(place.symbol, names)
    advice = f"; the nearest are {', '.join(near)}" if near else ""
    return NotFound(
        f"must_include: {place.path} defines no {place.symbol[:100]!r}{advice}",
        reason="SYMBOL_NOT_FOUND",
        metadata={"path": place.path[:200]},
    )


def _named(symbol: str, definitions: Sequence[Definition]) -> list[Definition]:
    """By the whole qualified name, or else by its end."""
    exact = [each for each in definitions if each.qualified_name == symbol]
    return exact or [each for each in definitions if f".{each.qualified_name}".endswith(f".{symbol}")]


def _near(symbol: str, names: Sequence[str]) -> list[str]:
    """The ones like it, or else the first of the file."""
    close = difflib.get_close_matches(symbol, names, n=MAX_ADVICE, cutoff=0.4)
    last = {name.rpartition(".")[2]: name for name in names}
    close += [last[each] for each in difflib.get_close_matches(symbol, list(last), n=MAX_ADVICE, cutoff=0.4)]
    return list(dict.fromkeys(close))[:MAX_ADVICE] or list(names[:MAX_ADVICE])
