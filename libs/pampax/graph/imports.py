"""What all files of a snapshot import, in one table: few modules are imported by many files."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pampax.codeintel.imports import Imported
from pampax.codeintel.uses import Uses
from pampax.graph.model import SourceFile

MAX_STATEMENTS = 300_000  # of a snapshot; the others are left out, and that is told


class Wanted(NamedTuple):
    """What an import names, as it is written."""

    language: str
    module: str
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class ImportTable:
    """`places`: by what is imported, pairs of a file, as an index into `paths`, and a line, one after another."""

    paths: Sequence[str]
    places: Mapping[Wanted, Sequence[int]]
    complete: bool = True

    def places_of(self, wanted: Wanted) -> list[tuple[str, int]]:
        flat = self.places[wanted]
        return [(self.paths[file], line) for file, line in zip(flat[::2], flat[1::2], strict=True)]


class ImportTableMaking:
    """A table while files are added to it."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = paths
        self._places: dict[Wanted, array[int]] = {}
        self._count = 0

    def add(self, file: int, language: str, packed: bytes) -> None:
        """`packed` is what `pampax.codeintel.uses` packs of the file's document; ValueError when it is none."""
        if not packed:
            return
        try:
            _, _, imports, _ = json.loads(packed)
            for module, name, _, line in imports:
                if not module.startswith(".") and self._count < MAX_STATEMENTS:
                    self._places.setdefault(Wanted(language, module, name), array("i")).extend((file, line))
                    self._count += 1
        except (TypeError, AttributeError) as error:
            raise ValueError("these are not the uses of a file") from error

    def table(self, *, complete: bool = True) -> ImportTable:
        return ImportTable(self._paths, self._places, complete and self._count < MAX_STATEMENTS)


def external(table: ImportTable, is_given: Callable[[str, str], bool]) -> Iterator[tuple[Wanted, SourceFile, Imported]]:
    """Each import of which somebody may provide the module, once, as the first file that has it writes it."""
    for wanted, places in table.places.items():
        if is_given(wanted.language, wanted.module):
            file = SourceFile(table.paths[places[0]], wanted.language, 0, Uses(), ())
            yield wanted, file, Imported(wanted.module, wanted.name, wanted.name, places[1])
