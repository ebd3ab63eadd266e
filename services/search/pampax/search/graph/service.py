"""The use cases: definitions of a name, what is around a definition or a file, a way between two."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from pampax.core.identity import Caller
from pampax.graph.model import Definition
from pampax.graph.modules import Modules
from pampax.graph.walking import Graph, Neighbourhood, Relation
from pampax.search.directories import Directories
from pampax.search.directory import Directory
from pampax.search.graph.changing import why_nothing, with_files
from pampax.search.graph.request import NameQuestion, Traversal, check_bounds, refused
from pampax.search.graph.shelf import MAX_NAME_CHARS, SnapshotShelf
from pampax.search.graph.starts import Unclear, named, nodes_of, refusal
from pampax.search.request import check_names
from pampax.storage.database import Database
from pampax.storage.snapshots import Snapshot, resolve

TIMEOUT_S = 8.0
WALK_S = 6.0  # for all repositories together; then the answer is what was found


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
                found += [(snapshot, each) for each in await named(shelf, question.name.strip())]
        name = question.name.strip().rpartition(".")[2]
        found.sort(key=lambda each: (each[1].name != name, each[0].repository, each[1].order))
        return Symbols(tuple(snapshots), tuple(found[: question.most]), len(found))

    async def traverse(self, caller: Caller, asked: Traversal) -> Answer:
        """InvalidRequest for a name that is defined too often, NotFound for one that is not defined."""
        check_bounds(asked)
        snapshots = await self._snapshots(caller, asked.repositories, asked.ref)
        until = time.monotonic() + WALK_S
        found: list[Found] = []
        refused_by: list[Unclear] = []
        for snapshot in snapshots:
            try:
                found.append(Found(snapshot, await self._traverse(caller, snapshot, asked, until)))
            except Unclear as unclear:
                refused_by.append(unclear)
        if not found:
            raise refusal(refused_by)
        passed_over = [unclear.told for unclear in refused_by if unclear.often]
        notices = dict.fromkeys([*passed_over, *(cut for each in found for cut in each.neighbourhood.cut)])
        return Answer(tuple(snapshots), tuple(found), tuple(notices))

    async def _traverse(self, caller: Caller, snapshot: Snapshot, asked: Traversal, until: float) -> Neighbourhood:
        directory, modules = await self._read(caller, snapshot)
        async with self._database.tenant(caller.tenant_id, timeout_s=TIMEOUT_S, read_only=True) as conn:
            shelf = SnapshotShelf(conn, snapshot, directory, modules)
            starts = with_files(await nodes_of(shelf, snapshot, directory, asked.start), asked.relations)
            graph = Graph(shelf, until)
            if asked.end is None:
                found = await graph.walk(starts, asked.direction, asked.relations, asked.depth, asked.most)
            else:
                ends = with_files(await nodes_of(shelf, snapshot, directory, asked.end), asked.relations)
                found = await graph.path(starts, ends, asked.relations, asked.most)
            if Relation.CHANGES_WITH in asked.relations:
                why = await why_nothing(shelf, snapshot, starts)
                found.cut += [why] if why else []
            return found

    async def _snapshots(self, caller: Caller, repositories: Sequence[str] | None, ref: str | None) -> list[Snapshot]:
        async with self._database.tenant(caller.tenant_id, timeout_s=TIMEOUT_S, read_only=True) as conn:
            return await resolve(conn, caller.principal_id, repositories, ref)

    async def _read(self, caller: Caller, snapshot: Snapshot) -> tuple[Directory, Modules]:
        directory = await self._directories.get(caller.tenant_id, snapshot)
        if directory not in self._modules:
            self._modules[directory] = await asyncio.to_thread(Modules, [file.path for file in directory.files])
        return directory, self._modules[directory]
