"""Bundles: the task, and the code that it needs inside a token budget."""

from __future__ import annotations

from pydantic import Field

from pampax.client.model import Answer, Request
from pampax.client.search import Evidence, SnapshotInfo
from pampax.core.choices import BundleFormat, Tokenizer


class BundleRequest(Request):
    """`format` json adds the content of each item to the answer; the markdown is there in any case. A context `pack`
    narrows the request, and fills the budget where it was not set."""

    task: str
    repos: tuple[str, ...] = ()
    ref: str | None = None
    token_budget: int = 8_000
    tokenizer: Tokenizer = "o200k_base"
    format: BundleFormat = "markdown"
    seed_paths: tuple[str, ...] = ()
    pack: str | None = None


class BundleItem(Answer):
    """One piece: `rendering` is full, skeleton, signature or reference; `tokens` counts its heading as well."""

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


class OmittedItem(Answer):
    """A piece that was left out, and the tokens that it would have cost in full."""

    repo: str
    path: str
    start_line: int
    end_line: int
    symbol: str
    tokens: int
    reason: str


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
