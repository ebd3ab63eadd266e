"""The use cases: definitions of a name, what is around a definition or a file, a way between two."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from weakref import WeakKeyDictionary

from pampax.core.identity import Caller
from pampax.graph.across import Member, World
from pampax.graph.model import Definition
from pampax.graph.modules import Modules
from pampax.graph.relations import Relationship, relationships, rivals
from pampax.graph.walking import Graph, Neighbourhood, Node, Relation
from pampax.search.directories import Directories
from pampax.search.directory import Directory
from pampax.search.graph.changing import why_nothing, with_files
from pampax.search.graph.members import LATE, Members, alone, told_of
from pampax.search.graph.request import NameQuestion, Start, Traversal, check_bounds, refused
from pampax.search.graph.shelf import MAX_NAME_CHARS, SnapshotShelf
from pampax.search.graph.starts import Unclear, named, nodes_of, refusal
from pampax.search.request import check_names
from pampax.storage.database import Connection, Database
from pampax.storage.snapshots import Snapshot, resolve

TIMEOUT_S = 8.0
WALK_S = 6.0  # for all repositories together; then the answer is what was found
MAX_MAPPED = 50  # repositories of one map


@dataclass(frozen=True, slots=True)
class Found:
    """What was found from the snapshot on, or from the first of several where it began."""

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


@dataclass(frozen=True, slots=True)
class Related:
    """A map: `members` and `relationships` in order of names."""

    snapshots: tuple[Snapshot, ...]
    members: tuple[Member, ...]
    relationships: tuple[Relationship, ...]
    notices: tuple[str, ...] = field(default=())


class _View(NamedTuple):
    snapshot: Snapshot
    directory: Directory
    modules: Modules


@dataclass(slots=True)
class _Clear:
    """Nodes that a text means, by snapshot; `passed_over` are the snapshots in which it means too many."""

    nodes: dict[Snapshot, list[Node]] = field(default_factory=dict)
    passed_over: list[str] = field(default_factory=list)

    @property
    def first(self) -> Snapshot:
        return next(iter(self.nodes))


class GraphService:
    """Answers for a caller; everything it reads is bounded by the caller's tenant and grants."""

    def __init__(self, database: Database, directories: Directories) -> None:
        self._database = database
        self._directories = directories
        self._members = Members()
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
        views = [_View(snapshot, *await self._read(caller, snapshot)) for snapshot in snapshots]
        async with self._database.tenant(caller.tenant_id, timeout_s=TIMEOUT_S, read_only=True) as conn:
            world = await self._world(conn, views, until)
            starts = await _clear(world, views, asked.start, asked.relations)
            graph = Graph(world, until)
            if asked.end is None:
                nodes = [node for found in starts.nodes.values() for node in found]
                around = await graph.walk(nodes, asked.direction, asked.relations, asked.depth, asked.most)
                found = [Found(starts.first, around)]
            else:
                ends = await _clear(world, views, asked.end, asked.relations)
                found = await _ways(graph, starts, ends, asked)
                starts.passed_over += ends.passed_over
            if Relation.CHANGES_WITH in asked.relations:
                starts.passed_over += await _unknown_past(world, starts)
        cuts = [cut for each in found for cut in each.neighbourhood.cut]
        notices = dict.fromkeys([*starts.passed_over, *cuts, *_incomplete(world)])
        # Where no way begins there is nothing to show, but for the first place when none begins anywhere.
        shown = [each for each in found if asked.end is None or each.neighbourhood.edges] or found[:1]
        return Answer(tuple(snapshots), tuple(shown), tuple(notices))

    async def relate(self, caller: Caller, repositories: Sequence[str] | None, ref: str | None) -> Related:
        """What each repository provides, and what each needs of each other one."""
        check_names(repositories or (), ref)
        snapshots = await self._snapshots(caller, repositories, ref)
        if not snapshots:
            raise refusal(())
        notices = []
        if len(snapshots) > MAX_MAPPED:
            notices.append(f"of {len(snapshots)} repositories the first {MAX_MAPPED} are looked at: name others")
        views = [_View(snapshot, *await self._read(caller, snapshot)) for snapshot in snapshots[:MAX_MAPPED]]
        until = time.monotonic() + WALK_S
        async with self._database.tenant(caller.tenant_id, timeout_s=TIMEOUT_S, read_only=True) as conn:
            world = World([await self._members.member(conn, *view, until) for view in views])
            related = await relationships(world)
            notices += [f"{each.repository}: {told}" for each in world.members for told in each.provided.notices]
            notices = list(dict.fromkeys([*notices, *_incomplete(world)]))
        for ecosystem, name, names in rivals(world.members):
            notices.append(f"{ecosystem} package {name} is provided by {', '.join(names)}: imports of it may mean each")
        return Related(tuple(view.snapshot for view in views), world.members, tuple(related), tuple(notices))

    async def _world(self, conn: Connection, views: Sequence[_View], until: float) -> World:
        if len(views) == 1:
            return World([alone(conn, *views[0])])
        return World([await self._members.member(conn, *view, until) for view in views])

    async def _snapshots(self, caller: Caller, repositories: Sequence[str] | None, ref: str | None) -> list[Snapshot]:
        async with self._database.tenant(caller.tenant_id, timeout_s=TIMEOUT_S, read_only=True) as conn:
            return await resolve(conn, caller.principal_id, repositories, ref)

    async def _read(self, caller: Caller, snapshot: Snapshot) -> tuple[Directory, Modules]:
        directory = await self._directories.get(caller.tenant_id, snapshot)
        if directory not in self._modules:
            self._modules[directory] = await asyncio.to_thread(Modules, [file.path for file in directory.files])
        return directory, self._modules[directory]


async def _clear(world: World, views: Sequence[_View], start: Start, relations: Collection[Relation]) -> _Clear:
    """Where the text means something; the error that says most when that is nowhere."""
    found = _Clear()
    unclear: list[Unclear] = []
    for snapshot, directory, _ in views:
        shelf = _shelf(world, snapshot)
        try:
            found.nodes[snapshot] = with_files(await nodes_of(shelf, snapshot, directory, start), relations)
        except Unclear as why:
            unclear.append(why)
    if not found.nodes:
        raise refusal(unclear)
    found.passed_over = [why.told for why in unclear if why.often]
    return found


async def _unknown_past(world: World, starts: _Clear) -> list[str]:
    """Of the repositories in which nothing is known to change together with a start, why."""
    told = [await why_nothing(_shelf(world, snapshot), snapshot, nodes) for snapshot, nodes in starts.nodes.items()]
    return [why for why in told if why]


def _shelf(world: World, snapshot: Snapshot) -> SnapshotShelf:
    shelf = world.shelf(snapshot.repository)
    assert isinstance(shelf, SnapshotShelf)
    return shelf


async def _ways(graph: Graph, starts: _Clear, ends: _Clear, asked: Traversal) -> list[Found]:
    """One from each repository in which it may begin; nodes are bounded over all together."""
    goals = [node for found in ends.nodes.values() for node in found]
    most = max(1, asked.most // len(starts.nodes))
    return [
        Found(snapshot, await graph.path(nodes, goals, asked.relations, most))
        for snapshot, nodes in starts.nodes.items()
    ]


def _incomplete(world: World) -> list[str]:
    """Why an answer may lack imports from one repository to another."""
    late = [f"{each.repository}: {LATE}" for each in world.members if LATE in each.provided.notices]
    return [*late, *(told_of(table, repository) for repository, table in world.cut_short())]
