"""Bundles: the task, and the code that it needs inside a token budget."""

from __future__ import annotations

from pydantic import Field

from pampax.client.model import Answer, Request
from pampax.client.problems import Problem
from pampax.client.search import Evidence, SnapshotInfo
from pampax.core.choices import BundleFormat, Policy, Tokenizer, Wanted


class BundleRequest(Request):
    """`format` json adds the content of each item to the answer; the markdown is there in any case, with line numbers
    and ids where it is compact. `must_include` are places, `PATH`, `PATH:10-20` or `PATH#NAME`. A context `pack`
    narrows the request, and fills the budget where it was not set."""

    task: str
    repos: tuple[str, ...] = ()
    ref: str | None = None
    token_budget: int = 8_000
    tokenizer: Tokenizer = "o200k_base"
    format: BundleFormat = "markdown"
    seed_paths: tuple[str, ...] = ()
    must_include: tuple[str, ...] = ()
    exclude_globs: tuple[str, ...] = ()
    tests: Wanted = "auto"
    docs: Wanted = "auto"
    config: Wanted = "auto"
    depth: int = 1
    policy: Policy = "balanced"
    pack: str | None = None


class BundleItem(Answer):
    """One piece: `rendering` is full, skeleton, signature or reference; `tokens` counts its heading as well. Its `id`
    gives the full text, whatever the rendering; `rank` counts in the order of value from 1."""

    repo: str
    path: str
    start_line: int
    end_line: int
    language: str
    symbol: str
    rendering: str
    tokens: int
    reason: str
    evidence: list[Evidence]
    content: str | None = None
    id: str = ""
    value: float = 0.0
    value_per_token: float = 0.0
    rank: int = 0


class OmittedItem(Answer):
    """A piece that was left out, and the tokens that it would have cost in full."""

    repo: str
    path: str
    start_line: int
    end_line: int
    symbol: str
    tokens: int
    reason: str
    id: str = ""
    value: float = 0.0
    value_per_token: float = 0.0


class Confidence(Answer):
    """How far a bundle can be relied on, 0..1, and why in words."""

    value: float
    reasons: list[str]


class StageTiming(Answer):
    """How long one stage took."""

    stage: str
    duration_ms: float


class TokenUse(Answer):
    """Budget and use, in tokens; not `exact` when the tokenizer is an estimate."""

    limit: int
    used: int
    tokenizer: str
    exact: bool


class Bundle(Answer):
    """Items in reading order, omitted best first. An empty `signature` is that of a degraded bundle."""

    signature: str
    markdown: str
    items: list[BundleItem]
    omitted: list[OmittedItem]
    budget: TokenUse
    stopping_reason: str
    cache: str
    took_ms: float
    degraded: list[str]
    snapshots: list[SnapshotInfo]
    corr_id: str
    trace_id: str
    notices: list[str] = Field(default_factory=list)
    pack: str = ""
    confidence: Confidence | None = None
    timings: list[StageTiming] = Field(default_factory=list)


class BundleHeader(Answer):
    """What a bundle under way is made from, and its bound."""

    snapshots: list[SnapshotInfo]
    budget: TokenUse


class BundlePiece(BundleItem):
    """A piece of a bundle under way: its `position` in reading order from 0, and the tokens of all pieces so far."""

    position: int
    tokens_used: int


class BundleSummary(Bundle):
    """A bundle whose pieces have been told; its markdown is empty unless it was asked for."""

    markdown: str = ""
    items: list[BundleItem] = Field(default_factory=list)


class BundlePart(Answer):
    """One of them."""

    header: BundleHeader | None = None
    piece: BundlePiece | None = None
    summary: BundleSummary | None = None
    error: Problem | None = None


class Verification(Answer):
    """`status` is same, changed or unknown; `changes` are lines in words; `current` is what the same request gives
    now, with content, and None when that is the same or nothing."""

    signature: str
    status: str
    changes: list[str]
    current: Bundle | None
    took_ms: float
    corr_id: str
    trace_id: str
