"""A snapshot in memory, parsed as the index parses it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from pampax.codeintel.languages import language_of
from pampax.codeintel.parse import parse_file
from pampax.codeintel.uses import unpack
from pampax.graph.finding import NAMESPACED
from pampax.graph.history import CoChange, History
from pampax.graph.imports import ImportTable, ImportTableMaking
from pampax.graph.model import TYPE, Definition, SourceFile
from pampax.graph.modules import Modules
from pampax.graph.offering import Source
from pampax.graph.provided import Provided, provided
from pampax.packages.reading import is_manifest, read_manifest, together


class MemoryShelf:
    """A `Mentions` over texts by path."""

    def __init__(self, texts: Mapping[str, str], repository: str = "") -> None:
        self._texts = texts
        self._making = ImportTableMaking(list(texts))
        self._files: dict[str, SourceFile] = {}
        self._named: defaultdict[str, list[Definition]] = defaultdict(list)
        self.modules = Modules(texts)
        self.history = History()
        for number, (path, text) in enumerate(texts.items()):
            language = language_of(path, text.encode())
            parsed = parse_file(language, text.encode())
            definitions = tuple(
                Definition(
                    path, language, each.name, each.qualified_name, each.kind, each.start_line, each.end_line,
                    each.signature, each.exported, repository,
                )
                for each in parsed.symbols
            )  # fmt: skip
            self._files[path] = SourceFile(
                path, language, parsed.lines, unpack(parsed.uses), definitions, repository=repository
            )  # fmt: skip
            self._making.add(number, language, parsed.uses)
            for each in definitions:
                self._named[each.name].append(each)

    def provided(self) -> Provided:
        """What the texts give to other repositories."""
        types: dict[str, dict[str, list[str]]] = {}
        for file in self._files.values():
            for each in file.definitions:
                if each.kind == TYPE and each.language in NAMESPACED:
                    types.setdefault(each.language, {}).setdefault(each.qualified_name, []).append(each.path)
        manifests = together(read_manifest(path, text) for path, text in self._texts.items() if is_manifest(path))
        sources = [Source(file.path, file.language) for file in self._files.values()]
        return provided(sources, self.modules, manifests, types)

    async def imports(self) -> ImportTable:
        return self._making.table()

    async def files(self, paths: Collection[str]) -> list[SourceFile]:
        return [self._files[path] for path in paths if path in self._files]

    async def definitions(self, names: Collection[str]) -> list[Definition]:
        return [each for name in names for each in self._named.get(name, ())]

    async def co_changes(self, path: str) -> tuple[CoChange, ...]:
        return self.history.beside(path, self._texts.__contains__)

    async def mentioning(self, name: str, most: int) -> tuple[list[str], bool]:
        found = sorted(path for path, text in self._texts.items() if name in text)
        return found[:most], len(found) > most
