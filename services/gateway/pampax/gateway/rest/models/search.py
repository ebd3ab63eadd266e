"""Search: request and answer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from pampax.core.choices import GroupBy, Intent, Kind, Mode, Rerank
from pampax.gateway import bounds
from pampax.gateway.rest.models.fields import (
    AnswerModel,
    ContextName,
    Glob,
    Languages,
    MaxStaleness,
    PageToken,
    Query,
    Ref,
    RequestModel,
    SearchedRepositories,
    SearchLimit,
    TypedPath,
)

Cache = Literal["hit", "miss", "bypass"]


class SearchRequest(RequestModel):
    """A question in plain words, a name, a path or a pattern."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"query": "where are retries with backoff implemented?", "limit": 5},
                {"query": "ConnectionPool", "mode": "symbol", "repos": ["payments"], "languages": ["python"]},
                {"query": r"def \w+_card\(", "mode": "regex", "ignore_case": True},
            ]
        }
    )

    query: Query = Field(description=f"The question, at most {bounds.QUERY_BYTES} bytes after trimming.")
    repos: SearchedRepositories = Field([], description="Repositories to search; every readable one when empty.")
    ref: Ref | None = Field(
        None, description="Branch, tag or `worktree`; each repository's latest publish when absent."
    )
    mode: Mode = Field("hybrid", description="Which evidence counts; `regex` and `literal` look for a pattern.")
    languages: Languages = Field([], description="Keep only these languages.")
    path_glob: Glob | None = Field(None, description="Keep only paths that match this gitignore-style pattern.")
    kinds: Annotated[list[Kind], Field(max_length=bounds.MOST_KINDS)] = Field([], description="Keep only these kinds.")
    limit: SearchLimit = Field(bounds.DEFAULT_SEARCH_LIMIT, description="Results per page.")
    group_by: GroupBy = Field("chunk", description="What one result stands for.")
    intent: Intent | None = Field(None, description="Overrides the detected intent.")
    explain: bool = Field(False, description="Adds the evidence of each result.")
    max_staleness: MaxStaleness | None = Field(
        None, description="Fail with 409 when a snapshot was published longer ago than this; seconds."
    )
    page_token: PageToken | None = Field(
        None, description="`next_page_token` of the page before; it holds for the same request and generations only."
    )
    why_not: TypedPath | None = Field(
        None, description="Path of a file that is missed: tells at which stage it fell out."
    )
    rerank: Rerank | None = Field(
        None,
        description="Whether a larger model orders the best results of a sentence anew; without, as the system is set.",
    )
    ignore_case: bool = Field(False, description="A pattern matches whatever the case of its letters; words always do.")
    pack: ContextName | None = Field(
        None, description="A context pack: its scope narrows the request, its defaults fill what is left open."
    )


class Evidence(AnswerModel):
    """One part of a score; the parts add up to it."""

    source: str = Field(description="Which signal: text, names, path, symbol, semantic, definition, ...")
    rank: int = Field(description="Rank in that source, 1-based; 0 when the source does not rank.")
    score: float = Field(description="Points added to the score; negative for a penalty.")
    value: float = Field(description="The value of the signal before weighting.")
    detail: str = Field(description="In words.")


class SnapshotInfo(AnswerModel):
    """A published state of a repository that an answer was made from."""

    repo: str
    ref: str
    commit: str = Field(description="40 hex digits; empty for a folder outside git.")
    generation: int = Field(description="Publish number of the ref.")
    build: str = Field(description="Build of the derived data: chunker, languages, embedding model.")
    age_s: float = Field(description="Seconds since it was published.")


class SearchResult(AnswerModel):
    """One ranked chunk."""

    id: str = Field(description="Public chunk id; the same lines of the same bytes keep it.")
    repo: str
    ref: str
    commit: str
    path: str
    other_paths: list[str] = Field(description="Other paths with the same content.")
    start_line: int = Field(description="1-based.")
    end_line: int = Field(description="Inclusive.")
    language: str
    kind: str
    symbol: str = Field(description="Qualified name of the main or enclosing definition, or empty.")
    score: float
    content: str
    evidence: list[Evidence] = Field(description="Largest part first; empty unless `explain` was asked for.")
    matched_lines: list[int] = Field(
        description="Lines of the file on which a pattern matches in the chunk, 1-based; empty for questions in words."
    )


class WhyNot(AnswerModel):
    """Why a file is not among the results."""

    repo: str
    path: str
    stage: str = Field(description="not_indexed, filtered, no_evidence, too_far, outranked, or shown.")
    detail: str = Field(description="In words.")
    rank: int = Field(description="Place of its best chunk in the repository, 1-based; 0 when it has none.")
    score: float = Field(description="That chunk's score.")
    evidence: list[Evidence] = Field(description="Parts of that score, largest first.")


class SearchResponse(AnswerModel):
    """Results, best first, and what they were made from."""

    results: list[SearchResult]
    intent: str = Field(description="The intent that ranking used.")
    ranking: str = Field(description="Version of the ranking, and +name@version of the model that had its say in it.")
    cache: Cache = Field(description="hit: from the cache; miss: computed; bypass: computed, the cache is away.")
    took_ms: float
    degraded: list[str] = Field(description="Parts that failed or are still to come, for example `semantic`.")
    notices: list[str] = Field(description="What a person should know of it, such as how many vectors are pending.")
    generation: int = Field(description="Generation of the oldest snapshot; 0 when none was searched.")
    build: str = Field(description="Build of the oldest snapshot.")
    age_s: float = Field(description="Age of the oldest snapshot, seconds.")
    snapshots: list[SnapshotInfo]
    corr_id: str
    trace_id: str
    next_page_token: str = Field(description="Empty on the last page.")
    why_not: list[WhyNot] = Field(
        description="About the file that is missed, for each repository that has it, or for all when none has."
    )
    pack: str = Field(description="The context pack that narrowed the request; empty without one.")
