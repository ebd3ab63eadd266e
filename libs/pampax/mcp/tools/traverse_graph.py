"""traverse_graph: what uses what around a definition or a file, or a way between two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from pydantic import Field

from pampax.client.graph import GraphEdge, GraphNode, Traversal, TraverseRequest
from pampax.core.choices import Direction, Relation
from pampax.mcp import words
from pampax.mcp.services import Services
from pampax.mcp.tool import Arguments, Outcome, Result, Tell, Tool

# About fifty edges, and as many nodes as they lead to.
DEFAULT_TOKENS = 1_500
DEFAULT_NODES = 50
# Nodes that a search for a way may look at; only the way is answered.
DEFAULT_WAY_NODES = 1_000
_SHOWN_PATH_CHARS = 200
_SHOWN_SYMBOL_CHARS = 120
CHANGES_WITH = "changes_with"  # known by history, whichever direction is asked
_PASSIVE = {
    "calls": "called by", "references": "referenced by", "inherits": "inherited by", "imports": "imported by",
    "tests": "tested by",
}  # fmt: skip
_PLACE = "a name, the end of a qualified one (Session.send), PATH, PATH:LINE or PATH#NAME"


class TraverseGraph(Arguments):
    """Where to begin, and which way to go."""

    start: str = Field(description=f"Where to begin: {_PLACE}.")
    end: str | None = Field(
        None, description="Where to end, likewise: a shortest way there, without regard to direction and depth."
    )
    repos: tuple[str, ...] = Field((), description="Only these repositories; all that can be read if empty.")
    ref: str | None = Field(None, description="Branch or tag; the latest publish if absent.")
    direction: Direction = Field("out", description="out: what the start uses; in: what uses it.")
    relations: tuple[Relation, ...] = Field(
        (),
        description="Only these, all but changes_with if empty. imports and changes_with (files of the same commits) "
        "are of files; calls from tests are tests.",
    )
    depth: int = Field(1, ge=1, le=8, description="Steps.")
    max_nodes: int | None = Field(
        None,
        ge=1,
        le=1_000,
        description=f"Definitions and files that are kept, {DEFAULT_NODES} if absent; looked at on a way to end.",
    )
    max_tokens: int = Field(
        DEFAULT_TOKENS, ge=200, le=20_000, description="Bound of the text; what does not fit is counted."
    )


class Node(Result):
    """A definition, or a file when `symbol` is empty; `depth` counts steps from the start."""

    repo: str
    path: str
    symbol: str
    kind: str
    start_line: int
    end_line: int
    depth: int


class Edge(Result):
    """A source that uses a target: both are places in `nodes`, counted from 0. `line`, in the source's file, is the
    first of `count`, and 0 of changes_with, which counts commits; `why` explains a certainty that is inferred."""

    source: int
    target: int
    relation: str
    line: int
    count: int
    certainty: str
    confidence: float
    why: str


class Traversed(Result):
    """What the text tells: nodes by steps, edges in its order; `left_out` edges did not fit. `notices` tell what else
    was left out."""

    nodes: list[Node]
    edges: list[Edge]
    left_out: int
    notices: list[str]


# An edge below a node, which is one of its ends, or where a way begins.
_Told = tuple[int, GraphEdge]


async def traverse_graph(services: Services, asked: TraverseGraph, _tell: Tell) -> Outcome:
    most = asked.max_nodes or (DEFAULT_NODES if asked.end is None else DEFAULT_WAY_NODES)
    request = TraverseRequest(**asked.model_dump(exclude={"max_tokens", "max_nodes"}), max_nodes=most)
    found = await services.traverse(request)
    told = _by_steps(found, asked.direction) if asked.end is None else _ways(found)
    text, count = _text(found, told, asked)
    return Outcome(text, _traversed(found, [edge for _, edge in told[:count]]))


TOOL = Tool(
    name="traverse_graph",
    title="Traverse the code graph",
    description=(
        "Tells what uses what: callers before a signature changes (direction in), callees (out), the tests of "
        "something (in, relations tests), importers of a file, bases and subclasses (both, relations inherits), what "
        "a change may reach (in, depth 3), files that change together (relations changes_with), or with end a way "
        "between two. One line per edge with path:line; those "
        "known by a name alone are marked inferred. get_code_chunk reads a place; search_code finds names."
    ),
    arguments=TraverseGraph,
    result=Traversed,
    run=traverse_graph,
)


def _by_steps(found: Traversal, direction: Direction) -> list[_Told]:
    """Each edge below the end of it that the walk came from; the nearest first, of one node the sure ones."""

    def order(told: _Told) -> tuple[int, int, bool]:
        at, edge = told
        return found.nodes[at].depth, at, edge.certainty == "inferred"

    return sorted(((_came_from(found, edge, direction), edge) for edge in found.edges), key=order)


def _came_from(found: Traversal, edge: GraphEdge, direction: Direction) -> int:
    if edge.relation == CHANGES_WITH:
        return edge.source
    if direction == "both":
        source, target = found.nodes[edge.source], found.nodes[edge.target]
        return edge.source if source.depth <= target.depth else edge.target
    return edge.source if direction == "out" else edge.target


def _ways(found: Traversal) -> list[_Told]:
    """Each edge below where its way begins; there is one way in a repository at most."""
    begins = {found.nodes[edge.source].repo: edge.source for edge in found.edges if not found.nodes[edge.source].depth}
    told = [(begins[found.nodes[edge.source].repo], edge) for edge in found.edges]
    return sorted(told, key=lambda each: (each[0], found.nodes[each[1].source].depth))


def _text(found: Traversal, told: Sequence[_Told], asked: TraverseGraph) -> tuple[str, int]:
    """Without the reasons of what is inferred where that does not fit, then with fewer edges; and how many it tells."""
    many = len({node.repo for node in found.nodes}) > 1

    def written(count: int, *, reasons: bool = False) -> str:
        lines = _lines(found, told[:count], many=many, reasons=reasons)
        # Where it began is worth a line when there is nothing else.
        nodes = [] if found.edges else [_named(node, many=many) for node in found.nodes]
        more = [_left_out(len(told) - count)] if count < len(told) else []
        notices = map(words.one_line, found.notices)
        return "\n".join((_heading(found, told, asked, many=many), *lines, *nodes, *more, *notices))

    text = written(len(told), reasons=True)
    if words.tokens(text) <= asked.max_tokens:
        return text, len(told)
    count = words.most_that_fits(asked.max_tokens, len(told), written)
    return words.cut(written(count), asked.max_tokens), count


def _heading(found: Traversal, told: Sequence[_Told], asked: TraverseGraph, *, many: bool) -> str:
    where = f" in {found.nodes[0].repo}" if found.nodes and not many else ""
    steps = words.counted(len(found.edges), "step")
    if found.edges and asked.end is not None:
        ways = len({at for at, _ in told})
        return f"a way of {steps}{where}" if ways == 1 else f"{ways} ways, {steps}"
    if found.edges:
        return f"{words.counted(len(found.edges), 'edge')}, {words.counted(len(found.nodes), 'node')}{where}"
    if asked.end is not None:
        return f"no way there{where} along what uses what: try it from end to start, or other relations"
    if set(asked.relations) == {CHANGES_WITH}:
        return f"nothing{where} is known to change together with it"
    used = {"out": "it uses nothing", "in": "nothing uses it", "both": "nothing uses it, and it uses nothing"}
    return f"{used[asked.direction]}{where} that is known{' by these relations' if asked.relations else ''}"


def _left_out(count: int) -> str:
    return f"{words.counted(count, 'more edge')} did not fit: name relations or repos, lower depth or raise max_tokens"


def _lines(found: Traversal, told: Sequence[_Told], *, many: bool, reasons: bool) -> Iterator[str]:
    for at, below in groupby(told, key=itemgetter(0)):
        node = found.nodes[at]
        yield _named(node, many=many) + (f" ({words.counted(node.depth, 'step')} away)" if node.depth else "")
        for _, edge in below:
            yield f"  {_line(found, edge, at, many=many, reasons=reasons)}"


def _line(found: Traversal, edge: GraphEdge, at: int, *, many: bool, reasons: bool) -> str:
    """As in: `called by src/client.py:12 Client.get, line 14 and 2 more, inferred 0.5: one of 2 of that name`."""
    used = edge.target == at and edge.source != at
    verb = _PASSIVE.get(edge.relation, edge.relation) if used else edge.relation.replace("_", " ")
    other = found.nodes[edge.source if used else edge.target]
    more = f" and {edge.count - 1} more" if edge.count > 1 else ""
    line = f"{verb} {_named(other, many=many)}"
    # The place of what uses it may have said that: a class names its bases where it begins.
    if edge.line and not (used and other.symbol and edge.count == 1 and edge.line == other.start_line):
        line += f", line {edge.line}{more}"
    if edge.certainty != "inferred":
        return line
    return f"{line}, inferred {edge.confidence:.2g}" + (f": {words.one_line(edge.why)}" if reasons else "")


def _named(node: GraphNode, *, many: bool) -> str:
    path = words.one_line(node.path, _SHOWN_PATH_CHARS)
    repo = f"{node.repo} " if many else ""
    symbol = f":{node.start_line} {words.one_line(node.symbol, _SHOWN_SYMBOL_CHARS)}" if node.symbol else ""
    return f"{repo}{path}{symbol}"


def _traversed(found: Traversal, edges: Sequence[GraphEdge]) -> Traversed:
    """The nodes where it began, and those that the edges lead to."""
    ends = {end for edge in edges for end in (edge.source, edge.target)}
    kept = [at for at, node in enumerate(found.nodes) if at in ends or not node.depth or not found.edges]
    places = {at: place for place, at in enumerate(kept)}
    return Traversed(
        nodes=[Node(**found.nodes[at].model_dump(include=set(Node.model_fields))) for at in kept],
        edges=[
            Edge(
                source=places[edge.source],
                target=places[edge.target],
                **edge.model_dump(include=set(Edge.model_fields) - {"source", "target"}),
            )
            for edge in edges
        ],
        left_out=len(found.edges) - len(edges),
        notices=found.notices,
    )
