"""An answer as the service gives it."""

from __future__ import annotations

from dataclasses import dataclass

from pampax.search.evidence import Evidence
from pampax.search.query import Intent
from pampax.search.why_not import WhyNot
from pampax.storage.snapshots import Snapshot


@dataclass(frozen=True, slots=True)
class Result:
    """A chunk under its first allowed path; the scores of `evidence` add up to `score`. `matched_lines`: where a
    pattern matches in it."""

    id: str
    snapshot: Snapshot
    path: str
    other_paths: tuple[str, ...]
    start_line: int
    end_line: int
    language: str
    kind: str
    symbol: str
    score: float
    content: str
    evidence: tuple[Evidence, ...]
    matched_lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """Results best first; `degraded` names the parts that failed or are still to come, `notices` tell a person more.
    `why_not` goes with the repository that it is about. `reranker`: the model that had its say."""

    results: tuple[Result, ...]
    intent: Intent
    degraded: tuple[str, ...]
    snapshots: tuple[Snapshot, ...]
    next_page_token: str
    notices: tuple[str, ...] = ()
    why_not: tuple[tuple[Snapshot, WhyNot], ...] = ()
    reranker: str = ""


@dataclass(frozen=True, slots=True)
class FileText:
    """Lines `start_line`..`end_line` of a file, 1-based and inclusive; 0..0 for an empty file."""

    snapshot: Snapshot
    path: str
    language: str
    blob_id: str
    content: str
    start_line: int
    end_line: int
    lines: int


@dataclass(frozen=True, slots=True)
class ChunkText:
    """One chunk under its first path."""

    id: str
    snapshot: Snapshot
    path: str
    other_paths: tuple[str, ...]
    start_line: int
    end_line: int
    language: str
    kind: str
    symbol: str
    content: str
