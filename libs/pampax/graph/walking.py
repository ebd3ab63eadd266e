"""From a definition or a file to what it uses and what uses it, step by step, bounded in nodes and files."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from pampax.codeintel.uses import Use, UseKind
from pampax.graph.history import CoChange
from pampax.graph.model import Certainty, Definition, Link, Shelf, SourceFile, is_test_path
from pampax.graph.resolving import Resolver

MAX_USERS = 400  # files that mention a name, of which the uses are looked at
MAX_USES = 2_000  # of one node


class Relation(StrEnum):
    """What an edge says of its source. TESTS: it calls or names its target, and lies in a test; IMPORTS is of files.
    CHANGES_WITH, of files as well, is no link of the code: history joins them."""

    CALLS = "calls"
    REFERENCES = "references"
    INHERITS = "inherits"
    IMPORTS = "imports"
    TESTS = "tests"
    CHANGES_WITH = "changes_with"


# All that the code itself says.
CODE_RELATIONS = frozenset(Relation) - {Relation.CHANGES_WITH}


class Direction(StrEnum):
    """OUT: what a node uses; IN: what uses it."""

    OUT = "out"
    IN = "in"
    BOTH = "both"


_RELATIONS = {
    UseKind.CALL: Relation.CALLS,
    UseKind.INHERIT: Relation.INHERITS,
    UseKind.TYPE: Relation.REFERENCES,
    UseKind.READ: Relation.REFERENCES,
}


@dataclass(frozen=True, slots=True)
class Node:
    """A definition, or a file when `symbol` is empty; its lines are 1 and 0 then."""

    path: str
    symbol: str = ""
    kind: str = "file"
    start_line: int = 1
    end_line: int = 0
    signature: str = ""

    @classmethod
    def of(cls, each: Definition) -> Node:
        return cls(each.path, each.qualified_name, each.kind, each.start_line, each.end_line, each.signature)

    @property
    def order(self) -> tuple[str, int, int, str]:
        return self.path, self.start_line, self.end_line, self.symbol


@dataclass(frozen=True, slots=True)
class Edge:
    """`line` is the first of `count` places in the source's file where it uses the target. Of CHANGES_WITH there is no
    line, 0, and `count` tells of common commits."""

    source: Node
    target: Node
    relation: Relation
    line: int
    count: int
    certainty: Certainty
    confidence: float
    why: str

    @property
    def order(self) -> tuple[object, ...]:
        surest_first = -self.confidence if self.relation is Relation.CHANGES_WITH else 0.0
        return self.source.order, self.line, surest_first, self.target.order, self.relation


@dataclass(slots=True)
class Neighbourhood:
    """What a walk has found: `depths` by node, 0 for where it began. `cut` tells in words what was left out."""

    depths: dict[Node, int] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)


class Mentions(Shelf, Protocol):
    """A shelf that knows where names stand, and what changes together."""

    async def co_changes(self, path: str) -> Sequence[CoChange]:
        """The live files that changed together with one."""
        ...

    async def mentioning(self, name: str, most: int) -> tuple[list[str], bool]:
        """At most so many files whose text holds the name, and whether there are more."""
        ...


class Graph:
    """Edges of one snapshot, found when they are asked for."""

    def __init__(self, shelf: Mentions, until: float = math.inf) -> None:
        """`until`: when to stop and answer with what there is, on the clock of time.monotonic."""
        self._shelf = shelf
        self._until = until
        self._resolver = Resolver(shelf)
        self._cut: dict[str, None] = {}

    async def walk(
        self, starts: Iterable[Node], direction: Direction, relations: Collection[Relation], depth: int, most: int
    ) -> Neighbourhood:
        """Breadth first. Edges lead to nodes that are within `depth` steps of a start, of which at most `most` are
        kept. Both directions go on each for itself: what uses something that a start uses is not around it."""
        found = Neighbourhood(dict.fromkeys(starts, 0))
        edges: dict[Edge, None] = {}
        ways = (Direction.OUT, Direction.IN) if direction is Direction.BOTH else (direction,)
        front = [(node, way) for node in found.depths for way in ways]
        for step in range(1, depth + 1):
            reached: list[tuple[Node, Direction]] = []
            for node, way in front:
                for edge, other in await self._in_time(node, way, relations):
                    if other not in found.depths:
                        if len(found.depths) >= most:
                            self._cut[f"more than {most} nodes: ask for more, or for less depth"] = None
                            continue
                        found.depths[other] = step
                        reached.append((other, way))
                    edges[edge] = None
            front = reached
        found.edges = sorted(edges, key=lambda edge: edge.order)
        found.cut = list(self._cut)
        return found

    async def path(
        self, starts: Collection[Node], ends: Collection[Node], relations: Collection[Relation], most: int
    ) -> Neighbourhood:
        """A shortest way from a start to an end along what uses what; without edges when there is none within `most`
        nodes."""
        wanted, came = set(ends), dict.fromkeys(starts)
        by: dict[Node, Edge] = {}
        front = [node for node in came if node not in wanted]
        hit = next((node for node in came if node in wanted), None)
        while front and hit is None and len(came) < most:
            reached: list[Node] = []
            for node in front:
                around = await self._in_time(node, Direction.OUT, relations)
                # A type uses all that its methods use, and says less about the way.
                for edge, other in sorted(around, key=lambda each: each[1].kind == "type"):
                    if other not in came and len(came) < most:
                        came[other] = None
                        by[other] = edge
                        reached.append(other)
            hit = next((node for node in reached if node in wanted), None)
            front = reached
        edges: list[Edge] = []
        if hit in starts:
            self._cut["it begins where it shall end"] = None
        while hit is not None and hit in by:
            edges.append(by[hit])
            hit = by[hit].source
        edges.reverse()
        nodes = [edges[0].source, *(edge.target for edge in edges)] if edges else [*starts, *ends]
        cut = [f"no way within {most} nodes"] if front and not edges and len(came) >= most else []
        return Neighbourhood({node: at for at, node in enumerate(nodes)}, edges, [*self._cut, *cut])

    async def _in_time(self, node: Node, way: Direction, relations: Collection[Relation]) -> list[tuple[Edge, Node]]:
        """Nothing once the time is over, and that is told."""
        if time.monotonic() < self._until:
            return await self._around(node, way, relations)
        self._cut["not looked at to the end, which would take too long: ask for less depth or fewer relations"] = None
        return []

    async def _around(self, node: Node, way: Direction, relations: Collection[Relation]) -> list[tuple[Edge, Node]]:
        """Edges with their other end, in a fixed order."""
        if way is Direction.OUT:
            found = [(edge, edge.target) for edge in await self._outgoing(node, relations)]
        else:
            found = [(edge, edge.source) for edge in await self._incoming(node, relations)]
        # They have no direction: whichever way is gone, they tell how far the other goes with this one.
        if Relation.CHANGES_WITH in relations and not node.symbol:
            found += [(edge, edge.target) for edge in await self._changing(node)]
        kept = [(edge, other) for edge, other in found if edge.relation in relations]
        return sorted(kept, key=lambda each: (-each[0].confidence, each[1].order, each[0].order))

    # What a node uses -----------------------------------------------------------------------------------------------

    async def _outgoing(self, node: Node, relations: Collection[Relation]) -> list[Edge]:
        file = await self._resolver.file(node.path)
        if file is None:
            return []
        lines = range(node.start_line, node.end_line + 1) if node.symbol else range(1, 1 << 31)
        kinds = _kinds_of(relations)
        uses = [use for use in file.uses.uses if use.kind in kinds and use.line in lines]
        if len(uses) > MAX_USES:
            self._cut[f"{node.path} uses {len(uses)} names: the first {MAX_USES} are looked at"] = None
            uses = uses[:MAX_USES]
        await self._resolver.read_names({use.name for use in uses})
        await self._resolver.read_recorded(file, uses)
        edges = _Edges()
        for use in uses:
            for link in await self._resolver.links(file, use):
                target = Node.of(link.definition)
                if target != node and not (not node.symbol and target.path == node.path):
                    edges.add(node, target, use, link)
        imports = not node.symbol and Relation.IMPORTS in relations
        return [*edges.all(), *await self._imports(file)] if imports else edges.all()

    async def _imports(self, file: SourceFile) -> list[Edge]:
        found: dict[str, int] = {}
        for imported in file.uses.imports:
            for path in self._resolver.files_of(file, imported):
                if path != file.path:
                    found.setdefault(path, imported.line)
        return [_import(file.path, path, line) for path, line in found.items()]

    async def _changing(self, node: Node) -> list[Edge]:
        return [
            Edge(
                node, Node(each.path), Relation.CHANGES_WITH, 0, each.together, Certainty.INFERRED, each.confidence,
                each.why,
            )
            for each in await self._shelf.co_changes(node.path)
        ]  # fmt: skip

    # What uses a node -----------------------------------------------------------------------------------------------

    async def _incoming(self, node: Node, relations: Collection[Relation]) -> list[Edge]:
        if node.symbol:
            return await self._users(node, _kinds_of(relations))
        return await self._importers(node) if Relation.IMPORTS in relations else []

    async def _users(self, node: Node, kinds: Collection[UseKind]) -> list[Edge]:
        name = node.symbol.rpartition(".")[2]
        files = await self._mentioning(name) if kinds else []
        edges = _Edges()
        for file in files:
            names = _names_for(file, name)
            for use in file.uses.uses:
                if use.kind not in kinds or use.name not in names:
                    continue
                for link in await self._resolver.links(file, use):
                    if (link.definition.path, link.definition.qualified_name) == (node.path, node.symbol):
                        source = _user(file, use.line)
                        if source != node:
                            edges.add(source, node, use, link)
        return edges.all()

    async def _importers(self, node: Node) -> list[Edge]:
        found: dict[str, Edge] = {}
        for name in sorted(self._shelf.modules.names_of(node.path)):
            for file in await self._mentioning(name):
                for imported in file.uses.imports:
                    if file.path != node.path and node.path in self._resolver.files_of(file, imported):
                        found.setdefault(file.path, _import(file.path, node.path, imported.line))
        return list(found.values())

    async def _mentioning(self, name: str) -> list[SourceFile]:
        paths, more = await self._shelf.mentioning(name, MAX_USERS)
        if more:
            self._cut[f"more than {MAX_USERS} files name {name}: the first {MAX_USERS} are looked at"] = None
        return await self._resolver.read_files(paths)


class _Edges:
    """Edges by their ends and relation, the surest of each kept."""

    def __init__(self) -> None:
        self._found: dict[tuple[Node, Node, Relation], Edge] = {}

    def add(self, source: Node, target: Node, use: Use, link: Link) -> None:
        relation = _RELATIONS[use.kind]
        if relation is not Relation.INHERITS and is_test_path(source.path) and not is_test_path(target.path):
            relation = Relation.TESTS
        key = source, target, relation
        known = self._found.get(key)
        count = 1 if known is None else known.count + 1
        line = use.line if known is None else min(known.line, use.line)
        if known is not None and known.confidence >= link.confidence:
            surest = known.certainty, known.confidence, known.why
        else:
            surest = link.certainty, link.confidence, link.why
        self._found[key] = Edge(source, target, relation, line, count, *surest)

    def all(self) -> list[Edge]:
        return list(self._found.values())


def _import(source: str, target: str, line: int) -> Edge:
    return Edge(Node(source), Node(target), Relation.IMPORTS, line, 1, Certainty.PRECISE, 1.0, "imported")


def _user(file: SourceFile, line: int) -> Node:
    """The innermost function or type around a use, or the file."""
    around = [each for each in file.around(line) if each.kind in ("function", "type")]
    return Node.of(around[-1]) if around else Node(file.path)


def _kinds_of(relations: Collection[Relation]) -> set[UseKind]:
    """The uses that may make an edge of one of the relations."""
    return {
        kind
        for kind, relation in _RELATIONS.items()
        if relation in relations or (Relation.TESTS in relations and relation is not Relation.INHERITS)
    }


def _names_for(file: SourceFile, name: str) -> set[str]:
    """What the file may call a definition of that name."""
    return {name, *(each.local for each in file.uses.imports if each.name == name and each.local)}
