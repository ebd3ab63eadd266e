"""The use cases: definitions of a name, what is around a definition or a file, a way between two."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from pampax.core.errors import InvalidRequest, NotFound
from pampax.core.identity import Caller
from pampax.graph.model import Definition
from pampax.graph.modules import Modules
from pampax.graph.walking import Graph, Neighbourhood, Node
from pampax.search.directories import Directories
from pampax.search.directory import Directory
from pampax.search.graph.request import NameQuestion, Start, Traversal, check_bounds, refused
from pampax.search.graph.shelf import MAX_NAME_CHARS, SnapshotShelf
from pampax.search.request import check_names
from pampax.storage.database import Database
from pampax.storage.snapshots import Snapshot, resolve

TIMEOUT_S = 8.0
MAX_STARTS = 8  # definitions of one name that a traversal begins at
MAX_NAMED_PLACES = 5  # in a message about a name that is defined more often


@dataclass(frozen=True, slots=True)
class Found:
    """Of one snapshot."""

    snapshot: Snapshot
    neighbourhood: Neighbourhood


@dataclass(frozen=True, slots=True)
class Symbols:
    """`found` are at most as many as were asked for, of `total`."""

    snapshots: tuple[Snapshot, ...]
    found: tuple[tuple[Snapshot, Definition], ...]
    total: int


@dataclass(frozen=True, slots=True)
class Answer:
    snapshots: tuple[Snapshot, ...]
    found: tuple[Found, ...]
    notices: tuple[str, ...] = field(default=())


class GraphService:
    """Answers for a caller; everything it reads is bounded by the caller's tenant and grants."""

    def __init__(self, database: Database, directories: Directories) -> None:
        self._database = database
        self._directories = directories
        self._modules: WeakKeyDictionary[Directory, Modules] = WeakKeyDictionary()  # as long as the directory is kept

    async def symbols(self, caller: Caller, question: NameQuestion) -> Symbols:
        """InvalidRequest, NotFound for repositories and refs; no definition is an empty answer."""
        check_names(question.repositories or (), question.ref)
        if not 0 < len(question.name.strip()) <= MAX_NAME_CHARS or "\0" in question.name:
            raise refused("name", f"must have 1 to {MAX_NAME_CHARS} characters")
        snapshots = await self._snapshots(caller, question.repositories, question.ref)
        found: list[tuple[Snapshot, Definition]] = []
        for snapshot in snapshots:
            directory, modules = await self._read(caller, snapshot)
            async with self._database.tenant(caller.tenant_id, timeout_s=TIMEOUT_S, read_only=True) as conn:
                shelf = SnapshotShelf(conn, snapshot, directory, modules)
                found += [(snapshot, each) for each in await _named(shelf, question.name.strip())]
        name = question.name.strip().rpartition(".")[2]
        found.sort(key=lambda each: (each[1].name != name, each[0].repository, each[1].order))
        return Symbols(tuple(snapshots), tuple(found[: question.most]), len(found))

    async def traverse(self, caller: Caller, asked: Traversal) -> Answer:
        """InvalidRequest for a name that is defined too often, NotFound for one that is not defined."""
        check_bounds(asked)
        snapshots = await self._snapshots(caller, asked.repositories, asked.ref)
        found: list[Found] = []
        missing: NotFound | None = None
        for snapshot in snapshots:
            try:
                found.append(Found(snapshot, await self._traverse(caller, snapshot, asked)))
            except NotFound as error:
                missing = missing or error
        if not found:
            raise missing or NotFound("no repository is indexed; index one first", reason="SYMBOL_NOT_FOUND")
        notices = dict.fromkeys(cut for each in found for cut in each.neighbourhood.cut)
        return Answer(tuple(snapshots), tuple(found), tuple(notices))

    async def _traverse(self, caller: Caller, snapshot: Snapshot, asked: Traversal) -> Neighbourhood:
        directory, modules = await self._read(caller, snapshot)
        async with self._database.tenant(caller.tenant_id, timeout_s=TIMEOUT_S, read_only=True) as conn:
            shelf = SnapshotShelf(conn, snapshot, directory, modules)
            starts = await _starts(shelf, snapshot, directory, asked.start)
            graph = Graph(shelf)
            if asked.end is None:
                return await graph.walk(starts, asked.direction, asked.relations, asked.depth, asked.most)
            ends = await _starts(shelf, snapshot, directory, asked.end)
            return await graph.path(starts, ends, asked.relations, asked.most)

    async def _snapshots(self, caller: Caller, repositories: Sequence[str] | None, ref: str | None) -> list[Snapshot]:
        async with self._database.tenant(caller.tenant_id, timeout_s=TIMEOUT_S, read_only=True) as conn:
            return await resolve(conn, caller.principal_id, repositories, ref)

    async def _read(self, caller: Caller, snapshot: Snapshot) -> tuple[Directory, Modules]:
        directory = await self._directories.get(caller.tenant_id, snapshot)
        if directory not in self._modules:
            self._modules[directory] = await asyncio.to_thread(Modules, [file.path for file in directory.files])
        return directory, self._modules[directory]


async def _named(shelf: SnapshotShelf, text: str) -> list[Definition]:
    """Definitions of a name or of the end of a qualified one, those of the same case when there are any."""
    name = text.rpartition(".")[2]
    found = [each for each in await shelf.definitions_folded([name]) if _ends(each.qualified_name, text)]
    exact = [each for each in found if each.name == name]
    return sorted(exact or found, key=lambda each: each.order)


def _ends(qualified: str, text: str) -> bool:
    qualified, text = qualified.lower(), text.lower()
    return qualified == text or qualified.endswith(f".{text}")


async def _starts(shelf: SnapshotShelf, snapshot: Snapshot, directory: Directory, start: Start) -> list[Node]:
    if start.path and directory.file_at(start.path) is not None:
        return await _in_file(shelf, start)
    if start.path:
        raise _no_file(snapshot, directory, start.path)
    if directory.file_at(start.text) is not None:
        return [Node(start.text)]
    found = [each for each in await _named(shelf, start.name) if each.kind != "declaration"]
    found = found or await _named(shelf, start.name)
    if not found:
        raise NotFound(
            f"{snapshot.repository} at {snapshot.ref} defines no {start.name!r}; look for names with "
            "`pampax graph symbols`",
            reason="SYMBOL_NOT_FOUND",
        )
    if len(found) > MAX_STARTS:
        places = ", ".join(f"{each.path}:{each.start_line}" for each in found[:MAX_NAMED_PLACES])
        mistake = (
            f"{start.name!r} is defined {len(found)} times in {snapshot.repository}; "
            f"name one of them by its place: {places}, ..."
        )
        raise InvalidRequest(mistake, fields={"start": "is defined too often"})
    return [Node.of(each) for each in found]


async def _in_file(shelf: SnapshotShelf, start: Start) -> list[Node]:
    (file,) = await shelf.files([start.path])
    if start.line:
        around = [each for each in file.around(start.line) if each.kind != "declaration"]
        return [Node.of(around[-1])] if around else [Node(file.path)]
    if start.name:
        found = [each for each in file.definitions if _ends(each.qualified_name, start.name)]
        if not found:
            raise NotFound(f"{start.path} defines no {start.name!r}", reason="SYMBOL_NOT_FOUND")
        return [Node.of(each) for each in found[:MAX_STARTS]]
    return [Node(file.path)]


def _no_file(snapshot: Snapshot, directory: Directory, path: str) -> NotFound:
    near = difflib.get_close_matches(path, [file.path for file in directory.files], n=1, cutoff=0.8)
    hint = f"; the nearest is {near[0]!r}" if near else ""
    message = f"{snapshot.repository} at {snapshot.ref} has no indexed file {path!r}{hint}"
    return NotFound(message, reason="FILE_NOT_FOUND")
