"""A snapshot in memory, parsed as the index parses it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from pampax.codeintel.languages import language_of
from pampax.codeintel.parse import parse_file
from pampax.codeintel.uses import unpack
from pampax.graph.history import CoChange, History
from pampax.graph.model import Definition, SourceFile
from pampax.graph.modules import Modules


class MemoryShelf:
    """A `Mentions` over texts by path."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._files: dict[str, SourceFile] = {}
        self._named: defaultdict[str, list[Definition]] = defaultdict(list)
        self.modules = Modules(texts)
        self.history = History()
        for path, text in texts.items():
            language = language_of(path, text.encode())
            parsed = parse_file(language, text.encode())
            definitions = tuple(
                Definition(
                    path, language, each.name, each.qualified_name, each.kind, each.start_line, each.end_line,
                    each.signature, each.exported,
                )
                for each in parsed.symbols
            )  # fmt: skip
            self._files[path] = SourceFile(path, language, parsed.lines, unpack(parsed.uses), definitions)
            for each in definitions:
                self._named[each.name].append(each)

    async def files(self, paths: Collection[str]) -> list[SourceFile]:
        return [self._files[path] for path in paths if path in self._files]

    async def definitions(self, names: Collection[str]) -> list[Definition]:
        return [each for name in names for each in self._named.get(name, ())]

    async def co_changes(self, path: str) -> tuple[CoChange, ...]:
        return self.history.beside(path, self._texts.__contains__)

    async def mentioning(self, name: str, most: int) -> tuple[list[str], bool]:
        found = sorted(path for path, text in self._texts.items() if name in text)
        return found[:most], len(found) > most
