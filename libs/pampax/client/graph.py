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


class Package(Answer):
    """A package that a manifest publishes, or needs; `version` is then what may be used."""

    ecosystem: str
    name: str
    version: str
    manifest: str


class MappedRepository(Answer):
    """What others can import of a repository: at most 100 of `package_count` packages, modules by language."""

    repo: str
    packages: list[Package]
    package_count: int
    modules: dict[str, list[str]]


class ImportExample(Answer):
    """An import that leads to `target`, a file or a folder in another repository."""

    path: str
    line: int
    module: str
    name: str
    target: str


class RepositoryLink(Answer):
    """What the repository `source` needs of `target`; of its `statements` of import `shared_statements` lead to other
    repositories as well, which provide the same."""

    source: str
    target: str
    dependencies: list[Package]
    dependency_count: int
    statements: int
    files: int
    shared_statements: int
    examples: list[ImportExample]


class RepositoryMap(Answer):
    """Repositories by name, links by the names of both ends."""

    repositories: list[MappedRepository]
    links: list[RepositoryLink]
    notices: list[str] = Field(default_factory=list)
    snapshots: list[SnapshotInfo]
    took_ms: float
    corr_id: str
    trace_id: str
