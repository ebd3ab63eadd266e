"""Bundles: request and answer."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from pampax.core.choices import LAYOUTS, POLICIES, TOKENIZERS, WANTED, BundleFormat, Policy, Tokenizer, Wanted
from pampax.gateway import bounds
from pampax.gateway.rest.models.fields import (
    AnswerModel,
    BundleDepth,
    ContextName,
    Globs,
    MustInclude,
    Ref,
    RequestModel,
    SearchedRepositories,
    SeedPaths,
    Task,
    TokenBudget,
)
from pampax.gateway.rest.models.search import Cache, Evidence, SnapshotInfo

Rendering = Literal["full", "skeleton", "signature", "reference"]
BundleStatus = Literal["same", "changed", "unknown"]


class BundleRequest(RequestModel):
    """A task and the room that its code may take."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"task": "add a timeout to the payment client", "token_budget": 6000}]}
    )

    task: Task = Field(description=f"The task in plain words, at most {bounds.TASK_BYTES} bytes after trimming.")
    repos: SearchedRepositories = Field([], description="Repositories to read; every readable one when empty.")
    ref: Ref | None = Field(
        None, description="Branch, tag or `worktree`; each repository's latest publish when absent."
    )
    token_budget: TokenBudget = Field(bounds.DEFAULT_TOKEN_BUDGET, description="Bound for the whole markdown, tokens.")
    tokenizer: Tokenizer = Field(TOKENIZERS[0], description="Who counts; bytes4 is a token per four bytes.")
    format: BundleFormat = Field(
        LAYOUTS[0],
        description="How the markdown is written: compact has line numbers and ids, for agents; json is markdown and "
        "adds the content of each item.",
    )
    seed_paths: SeedPaths = Field([], description="Paths that must be in the bundle.")
    must_include: MustInclude = Field(
        [],
        description="Places that must be shown in full: `PATH`, `PATH:10-20` or `PATH#NAME`; refused when they do not "
        "fit into the budget together.",
    )
    exclude_globs: Globs = Field([], description="Show no file that matches one of these, gitignore-style.")
    tests: Wanted = Field(
        WANTED[0], description="Tests: with counts them as much as what they test, without shows none."
    )
    docs: Wanted = Field(WANTED[0], description="Documentation and other prose, in the same way.")
    config: Wanted = Field(WANTED[0], description="Configuration, in the same way.")
    depth: BundleDepth = Field(
        bounds.DEFAULT_BUNDLE_DEPTH,
        description="How far around the matches: 0 them alone, 1 what they use and what tests them, 2 and 3 what "
        "that uses.",
    )
    policy: Policy = Field(
        POLICIES[0], description="focused: fewer pieces, in full; broad: more files, many by their signatures."
    )
    pack: ContextName | None = Field(
        None, description="A context pack: its scope narrows the request, its defaults fill what is left open."
    )


class BundleItem(AnswerModel):
    """One piece."""

    repo: str
    path: str
    start_line: int
    end_line: int
    language: str
    symbol: str
    rendering: Rendering
    tokens: int = Field(description="Tokens of the piece in the markdown, heading included.")
    reason: str = Field(description="Why it is there.")
    evidence: list[Evidence]
    id: str = Field(description="Stable id of its lines, for `GET /v1/chunks/{id}`; whatever the rendering: in full.")
    value: float = Field(description="Use for the task, the best match being 1.")
    value_per_token: float = Field(description="Of what is shown.")
    rank: int = Field(description="Place in the order of value, from 1.")
    content: str | None = Field(None, description="The piece as shown; with format json only.")


class OmittedItem(AnswerModel):
    """A piece that was left out."""

    repo: str
    path: str
    start_line: int
    end_line: int
    symbol: str
    tokens: int = Field(description="Tokens that it would have cost in full.")
    reason: str
    id: str = Field(description="Stable id of its lines, as a piece has it.")
    value: float = Field(description="Use for the task, the best match being 1.")
    value_per_token: float = Field(description="In full.")


class Confidence(AnswerModel):
    """How far a bundle can be relied on."""

    value: float = Field(ge=0, le=1)
    reasons: list[str] = Field(description="Why, in words.")


class StageTiming(AnswerModel):
    """How long one stage took."""

    stage: str = Field(description="resolve, search, read or compose.")
    duration_ms: float


class TokenUse(AnswerModel):
    """Budget and use."""

    limit: int
    used: int
    tokenizer: str
    exact: bool = Field(description="False when the tokenizer is an estimate.")


class BundleResponse(AnswerModel):
    """The code that the task needs, why each piece is there, and what came next."""

    signature: str = Field(description="Same signature, same bytes; empty when degraded.")
    markdown: str
    items: list[BundleItem] = Field(description="In reading order.")
    omitted: list[OmittedItem] = Field(description="What would have come next, best first.")
    budget: TokenUse
    stopping_reason: str = Field(description="budget_full, nothing_more_useful or no_results.")
    cache: Cache
    took_ms: float
    degraded: list[str] = Field(description="Parts that failed or are still to come.")
    notices: list[str] = Field(description="What a person should know of it, such as how many vectors are pending.")
    snapshots: list[SnapshotInfo]
    corr_id: str
    trace_id: str
    pack: str = Field(description="The context pack that narrowed the request; empty without one.")
    confidence: Confidence
    timings: list[StageTiming] = Field(description="In order; empty for an answer from the cache.")


class VerifyResponse(AnswerModel):
    """What became of a kept bundle."""

    signature: str = Field(description="The kept bundle's whole signature.")
    status: BundleStatus = Field(description="unknown while a part of the system is away.")
    changes: list[str] = Field(description="What changed, or why nothing can be said; a line each.")
    current: BundleResponse | None = Field(
        description="What the same request gives now, with content; null when it is the same or gives nothing."
    )
    took_ms: float
    corr_id: str
    trace_id: str
