"""Search: the question, and ranked chunks with their evidence."""

from __future__ import annotations

from pydantic import Field

from pampax.client.model import Answer, Request
from pampax.core.choices import GroupBy, Intent, Kind, Mode, Rerank


class SearchRequest(Request):
    """`max_staleness` is in seconds; no `repos` means every readable one, no `ref` each one's latest publish. A context
    `pack` narrows the request, and fills mode and limit where these were not set."""

    query: str
    repos: tuple[str, ...] = ()
    ref: str | None = None
    mode: Mode = "hybrid"
    languages: tuple[str, ...] = ()
    path_glob: str | None = None
    kinds: tuple[Kind, ...] = ()
    limit: int = 10
    group_by: GroupBy = "chunk"
    intent: Intent | None = None
    explain: bool = False
    max_staleness: float | None = None
    page_token: str | None = None
    why_not: str | None = None
    ignore_case: bool = False
    pack: str | None = None
    rerank: Rerank | None = None


class Evidence(Answer):
    """One part of a score: `score` is the points it added, `rank` 0 where the source does not rank."""

    source: str
    rank: int
    score: float
    value: float
    detail: str


class SnapshotInfo(Answer):
    """A published state of a repository that an answer was made from; `commit` is "" for a folder outside git."""

    repo: str
    ref: str
    commit: str
    generation: int
    build: str
    age_s: float


class SearchResult(Answer):
    """One ranked chunk. Lines are 1-based and inclusive; `evidence` is there when it was asked for, `matched_lines` for
    a pattern."""

    id: str
    repo: str
    ref: str
    commit: str
    path: str
    other_paths: list[str]
    start_line: int
    end_line: int
    language: str
    kind: str
    symbol: str
    score: float
    content: str
    evidence: list[Evidence]
    matched_lines: list[int] = Field(default_factory=list)


class WhyNot(Answer):
    """Why a file is not among the results: the stage at which it fell out, and the place of its best chunk or 0."""

    repo: str
    path: str
    stage: str
    detail: str
    rank: int
    score: float
    evidence: list[Evidence]


class SearchAnswer(Answer):
    """Results, best first, and what they were made from; generation, build and age are the oldest snapshot's."""

    results: list[SearchResult]
    intent: str
    cache: str
    took_ms: float
    degraded: list[str]
    generation: int
    build: str
    age_s: float
    snapshots: list[SnapshotInfo]
    corr_id: str
    trace_id: str
    next_page_token: str
    notices: list[str] = Field(default_factory=list)
    why_not: list[WhyNot] = Field(default_factory=list)
    pack: str = ""
    ranking: str = ""
