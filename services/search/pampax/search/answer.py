"""An answer as the service gives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pampax.search.query import Intent
from pampax.storage.snapshots import Snapshot


@dataclass(frozen=True, slots=True)
class Evidence:
    """`score`: points added to the total. `value`: the signal before weighting. `rank`: 0 when the source has none."""

    source: str
    rank: int
    score: float
    value: float
    detail: str


@dataclass(frozen=True, slots=True)
class Result:
    """A chunk under its first allowed path; the scores of `evidence` add up to `score`."""

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


@dataclass(frozen=True, slots=True)
class Answer:
    """Results best first; `degraded` names the parts that failed and were left out."""

    results: tuple[Result, ...]
    intent: Intent
    degraded: tuple[str, ...]
    snapshots: tuple[Snapshot, ...]
    next_page_token: str


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


DETAILS: Mapping[str, str] = {
    "text": "words of the question in the file's best chunks",
    "names": "words of the question in names defined there",
    "path": "words of the question in the path",
    "symbol": "a symbol's name that matches the question",
    "definition": "defines a name that the question holds",
    "semantic": "close in meaning by the embedding model",
    "size": "size of the file beside the others",
    "kind_of_path": "a test, example, port or header path",
    "chunk": "how well this chunk matches inside its file",
    "further_chunk": "a better chunk of the same file is shown already",
}
