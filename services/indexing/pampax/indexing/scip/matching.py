"""Whether what a SCIP index says of a file stands in that file's text, and which uses and definitions it tells of.

An index knows lines and columns only: made of another commit, it would link whatever stands there by now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pampax.codeintel.uses import Uses
from pampax.graph.recorded import Place, Recorded

MAX_FILES = 500_000
MAX_NUMBERS = 4_000_000  # of one file: a million places
MAX_DEFINITIONS = 4  # of one symbol, as many as a name may mean in the graph
# Of the places of a file: front ends name some places by what stands elsewhere, such as generated members.
LEAST_FITTING = 0.9
_QUOTES = "'\"`"  # front ends give keys with them, and `name as alias` whole
_BYTES, _UTF16, _POINTS = 1, 2, 3
_CODECS = {_BYTES: ("utf-8", 1), _UTF16: ("utf-16-le", 2), _POINTS: ("utf-32-le", 4)}


@dataclass(frozen=True, slots=True)
class ScipFile:
    """Columns of `pampax.v1.ScipFile`: four numbers a place (symbol, line from 1, first column, column behind)."""

    path: str
    encoding: int
    definitions: Sequence[int]
    names: Sequence[str]
    references: Sequence[int]


@dataclass(frozen=True, slots=True)
class Symbol:
    """A definition of the index that is published."""

    name: str
    qualified_name: str
    start_line: int
    end_line: int


@dataclass(frozen=True, slots=True)
class Fit:
    """What of a file stands at its places. `used`: line, name and symbol of uses; `defined`: by symbol its places."""

    places: int = 0
    fitting: int = 0
    used: list[tuple[int, str, int]] = field(default_factory=list)
    defined: list[tuple[int, Place]] = field(default_factory=list)

    @property
    def fits(self) -> bool:
        return self.fitting >= LEAST_FITTING * self.places


def names_by_symbol(files: Iterable[ScipFile]) -> dict[int, frozenset[str]]:
    """Under which names each symbol is used."""
    found: dict[int, frozenset[str]] = {}
    for file in files:
        for (symbol, *_), names in zip(_places(file.definitions), file.names, strict=False):
            found[symbol] = found.get(symbol, frozenset()) | frozenset(names.split())
    return found


def fit(
    file: ScipFile, names: Mapping[int, frozenset[str]], content: bytes, uses: Uses, symbols: Sequence[Symbol]
) -> Fit:
    text = _Text(content, file.encoding)
    aliases = {each.local for each in uses.imports if each.local}
    wanted = {(use.line, use.name) for use in uses.uses}
    places = fitting = 0
    found = Fit()
    for symbol, line, start, end in _places(file.definitions):
        places += 1
        if text.word(line, start, end, names.get(symbol, frozenset())):
            fitting += 1
            around = [each for name in sorted(names[symbol]) if (each := _definition(symbols, name, line))]
            found.defined.extend((symbol, Place(file.path, each.qualified_name, each.start_line)) for each in around)
    for symbol, line, start, end in _places(file.references):
        places += 1
        word = text.word(line, start, end, names.get(symbol, frozenset()) | aliases)
        if word:
            fitting += 1
            if (line, word) in wanted:
                found.used.append((line, word, symbol))
    return Fit(places, fitting, found.used, found.defined)


def linked(used: Iterable[tuple[int, str, int]], defined: Mapping[int, Sequence[Place]]) -> Recorded:
    """Of uses whose symbols have a definition that is published. A constructor has two: itself and its type."""
    found: dict[tuple[int, str], dict[Place, None]] = {}
    for line, name, symbol in used:
        places = defined.get(symbol, ())
        named = [place for place in places if place.qualified_name.rpartition(".")[2] == name]
        for place in (named or places)[:MAX_DEFINITIONS]:
            found.setdefault((line, name), {})[place] = None
    return {use: tuple(places) for use, places in found.items()}


class _Text:
    """Lines of a file, cut by columns of an encoding."""

    def __init__(self, content: bytes, encoding: int) -> None:
        self._lines = content.decode(errors="replace").split("\n")
        self._codecs = [_CODECS[encoding]] if encoding in _CODECS else list(_CODECS.values())

    def word(self, line: int, start: int, end: int, names: frozenset[str] | set[str]) -> str:
        """The name that stands there whole, "" when it is none of these."""
        if not (0 < line <= len(self._lines) and 0 <= start < end):
            return ""
        text = self._lines[line - 1]
        for before, cut, behind in self._cuts(text, start, end):
            word = cut.partition(" as ")[0].strip(_QUOTES)
            if word in names and not _goes_on(before[-1:]) and not _goes_on(behind[:1]):
                return word
        return ""

    def _cuts(self, text: str, start: int, end: int) -> Iterator[tuple[str, str, str]]:
        if text.isascii():
            yield text[:start], text[start:end], text[end:]
            return
        for codec, width in self._codecs:
            data = text.encode(codec, errors="replace")
            cuts = data[: start * width], data[start * width : end * width], data[end * width :]
            before, word, behind = (part.decode(codec, errors="replace") for part in cuts)
            yield before, word, behind


def _goes_on(character: str) -> bool:
    return character.isalnum() or character == "_"


def _definition(symbols: Sequence[Symbol], name: str, line: int) -> Symbol | None:
    """The innermost one of the name around the line."""
    around = [each for each in symbols if each.name == name and each.start_line <= line <= each.end_line]
    return max(around, key=lambda each: (each.start_line, -each.end_line), default=None)


def _places(numbers: Sequence[int]) -> Iterator[tuple[int, int, int, int]]:
    cut = iter(numbers)
    return zip(cut, cut, cut, cut, strict=False)
