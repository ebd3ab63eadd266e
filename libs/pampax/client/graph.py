"""The code graph: questions and answers."""

from __future__ import annotations

from pydantic import Field

from pampax.client.model import Answer, Request
from pampax.client.search import SnapshotInfo
from pampax.core.choices import Direction, Relation


class TraverseRequest(Request):
    """`start` and `end`: a name, the end of a qualified one, PATH, PATH:LINE or PATH#NAME. With an end the answer is a
    shortest way there."""

    start: str
    end: str | None = None
    repos: tuple[str, ...] = ()
    ref: str | None = None
    direction: Direction = "out"
    relations: tuple[Relation, ...] = ()
    depth: int = 1
    max_nodes: int = 100


class GraphNode(Answer):
    """A definition, or a file when `symbol` is empty; `depth` counts steps from where the traversal began."""

    repo: str
    path: str
    symbol: str
    kind: str
    start_line: int
    end_line: int
    signature: str
    depth: int


class GraphEdge(Answer):
    """A source that uses a target: both are places in the nodes of the answer. `line` is the first of `count`; of files
    that change together it is 0, and `count` tells of common commits."""

    source: int
    target: int
    relation: str
    line: int
    count: int
    certainty: str
    confidence: float
    why: str


class Symbols(Answer):
    """Definitions of a name; `total` counts those that were left out, too."""

    symbols: list[GraphNode]
    total: int
    snapshots: list[SnapshotInfo]
    took_ms: float
    corr_id: str
    trace_id: str


class Traversal(Answer):
    """Nodes by steps, edges by their sources; `notices` tell what was left out."""

    nodes: list[GraphNode]
    edges: list[GraphEdge]
    notices: list[str] = Field(default_factory=list)
    snapshots: list[SnapshotInfo]
    took_ms: float
    corr_id: str
    trace_id: str
