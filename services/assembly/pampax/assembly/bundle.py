"""A bundle as the service gives it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from pampax.storage.snapshots import Snapshot


class Rendering(IntEnum):
    """How much of a piece is shown; a higher one shows more."""

    REFERENCE = 1  # one line: the place
    SIGNATURE = 2  # one line: the head of the definition
    SKELETON = 3  # the heads of the definitions inside, each with the first line of what its documentation says
    FULL = 4  # every line


class StoppingReason(StrEnum):
    BUDGET_FULL = "budget_full"
    NOTHING_MORE_USEFUL = "nothing_more_useful"
    NO_RESULTS = "no_results"


@dataclass(frozen=True, slots=True, order=True)
class Evidence:
    """`score`: points, `value`: the signal before weighting, `rank`: 0 when the source does not rank."""

    source: str
    rank: int
    score: float
    value: float
    detail: str


@dataclass(frozen=True, slots=True)
class Item:
    """A piece of the bundle. `tokens` counts it with its heading, `content` is what it shows without one.

    `id` names its lines for good; `value` is their use for the task, the best hit being 1, `value_per_token` that of
    what is shown; `rank` counts in the order of value from 1.
    """

    repository: str
    path: str
    start_line: int
    end_line: int
    rendering: Rendering
    tokens: int
    reason: str
    evidence: tuple[Evidence, ...]
    content: str
    language: str
    symbol: str
    id: str = ""
    value: float = 0.0
    value_per_token: float = 0.0
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Omitted:
    """A piece that was left out; `tokens` is what it would have cost in full, and `value_per_token` is of that."""

    repository: str
    path: str
    start_line: int
    end_line: int
    tokens: int
    reason: str
    symbol: str
    id: str = ""
    value: float = 0.0
    value_per_token: float = 0.0


@dataclass(frozen=True, slots=True)
class Confidence:
    """How far a bundle can be relied on, 0..1, and why in words."""

    value: float = 0.0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Budget:
    """In tokens. `exact` is False when the tokenizer's vocabulary is not there and an estimate has counted."""

    limit: int
    used: int
    tokenizer: str
    exact: bool


@dataclass(frozen=True, slots=True)
class Bundle:
    """`items` in reading order, `omitted` best first. `signature` is empty when `degraded` names anything."""

    signature: str
    markdown: str
    items: tuple[Item, ...]
    omitted: tuple[Omitted, ...]
    budget: Budget
    stopping_reason: StoppingReason
    degraded: tuple[str, ...]
    snapshots: tuple[Snapshot, ...]
    notices: tuple[str, ...] = ()
    ranking: str = ""  # the version that search ranked with
    confidence: Confidence = Confidence()
    timings: tuple[tuple[str, float], ...] = ()  # stage and milliseconds; differ from run to run


@dataclass(frozen=True, slots=True)
class Header:
    """What is known of a bundle before its pieces are chosen."""

    snapshots: tuple[Snapshot, ...]
    budget: Budget
