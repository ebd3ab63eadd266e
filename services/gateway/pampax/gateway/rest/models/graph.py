"""The code graph: requests and answers."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from pampax.core.choices import RELATIONS, Direction, Relation
from pampax.gateway import bounds
from pampax.gateway.rest.models.fields import (
    AnswerModel,
    GraphDepth,
    GraphNodes,
    GraphPlace,
    Ref,
    RequestModel,
    SearchedRepositories,
)
from pampax.gateway.rest.models.search import SnapshotInfo

_PLACE = "A name, the end of a qualified one, `PATH`, `PATH:LINE` or `PATH#NAME`."


class TraverseRequest(RequestModel):
    """From a definition or a file to what it uses or what uses it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"start": "Session.send", "direction": "in", "relations": ["calls"], "depth": 2},
                {"start": "src/app/main.py", "end": "Session.send"},
            ]
        }
    )

    start: GraphPlace = Field(description=f"Where to begin. {_PLACE}")
    end: GraphPlace | None = Field(None, description=f"Where to end: the answer is then a shortest way. {_PLACE}")
    repos: SearchedRepositories = Field([], description="Repositories to look into; every readable one when empty.")
    ref: Ref | None = Field(None, description="Branch, tag or `worktree`; the latest publish when absent.")
    direction: Direction = Field("out", description="What the start uses, what uses it, or both.")
    relations: Annotated[list[Relation], Field(max_length=len(RELATIONS))] = Field(
        [],
        description="All that the code says when empty; `changes_with`, which history says of files, only when named.",
    )
    depth: GraphDepth = Field(1, description="Steps.")
    max_nodes: GraphNodes = Field(bounds.DEFAULT_GRAPH_NODES, description="Nodes that are kept.")


class GraphNode(AnswerModel):
    """A definition, or a file when `symbol` is empty."""

    repo: str
    path: str
    symbol: str
    kind: str = Field(description="type, function, variable, declaration or file.")
    start_line: int
    end_line: int
    signature: str
    depth: int = Field(description="Steps from where the traversal began.")


class GraphEdge(AnswerModel):
    """A source that uses a target: both are places in `nodes`, counted from 0."""

    source: int
    target: int
    relation: str
    line: int = Field(description="First line in the source's file; 0 of `changes_with`.")
    count: int = Field(description="How many places; of `changes_with` how many common commits.")
    certainty: str = Field(
        description="`precise`: by scopes, imports and declared types; `inferred`: by the name, or by history."
    )
    confidence: float
    why: str


class SymbolsResponse(AnswerModel):
    """Definitions of a name; `total` counts those that were left out, too."""

    symbols: list[GraphNode]
    total: int
    snapshots: list[SnapshotInfo]
    took_ms: float
    corr_id: str
    trace_id: str


class TraverseResponse(AnswerModel):
    """Nodes by steps, edges by their sources; `notices` tell what was left out."""

    nodes: list[GraphNode]
    edges: list[GraphEdge]
    notices: list[str]
    snapshots: list[SnapshotInfo]
    took_ms: float
    corr_id: str
    trace_id: str
