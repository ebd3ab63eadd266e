"""What the service talks about: repositories, their published refs, and the operations that index them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

MAX_LISTED_PROBLEMS = 100
BULK_YIELDS = timedelta(minutes=5)
WORKTREE = "worktree"  # the ref of a folder or an upload that names none


class SourceKind(StrEnum):
    GIT_URL = "git_url"
    PATH = "path"
    UPLOAD = "upload"


@dataclass(frozen=True, slots=True)
class Source:
    """Where content comes from. `location` is the URL or the absolute folder; "" for uploads."""

    kind: SourceKind
    location: str = ""


@dataclass(frozen=True, slots=True)
class RefState:
    """What is published of one ref. `pending_vectors` counts the chunks whose vectors are still to come."""

    ref: str
    commit: str
    dirty: bool
    generation: int
    build: str
    published_at: datetime
    files: int
    chunks: int
    skipped: Mapping[str, int] = field(default_factory=dict)
    pending_vectors: int = 0


@dataclass(frozen=True, slots=True)
class CredentialState:
    """That one is stored, and nothing of it. `kind` is token or ssh_key; only a key has a fingerprint."""

    kind: str
    set_at: datetime
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Refresh:
    """The regular look at a source: seconds between two looks, and how the last ones ended; `failures` in a row."""

    interval_s: int
    due_at: datetime
    checked_at: datetime | None = None
    failures: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Repository:
    """`repository_id` is the row, `name` the last part of the resource name; `refs` is ordered by name."""

    repository_id: int
    name: str
    source: Source
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    created_at: datetime
    refs: tuple[RefState, ...] = ()
    credential: CredentialState | None = None
    refresh: Refresh | None = None

    @property
    def default_ref(self) -> str:
        """The ref published last; "" before the first publish."""
        return max(self.refs, key=lambda state: (state.published_at, state.ref)).ref if self.refs else ""


class Priority(StrEnum):
    """Whose turn is first."""

    INTERACTIVE = "interactive"
    BULK = "bulk"

    @property
    def yields(self) -> timedelta:
        """What is asked for within that time after it goes first; so bulk work is never passed for ever."""
        return BULK_YIELDS if self is Priority.BULK else timedelta()


@dataclass(frozen=True, slots=True)
class IndexRequest:
    """What was asked for; equal requests that still wait are one operation."""

    ref: str = ""
    full: bool = False
    upload: str = ""
    retry_quarantined: bool = False


@dataclass(frozen=True, slots=True)
class FileProblem:
    """`by_lines`: its text is indexed, without symbols; otherwise nothing of it is."""

    path: str
    reason: str
    by_lines: bool = False


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Content that broke a parser, as one language; `path` is where it was met."""

    path: str
    blob_id: bytes
    language: str
    reason: str
    by_lines: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class IndexResult:
    status: RefState
    new_blobs: int
    changed: bool
    errors: tuple[FileProblem, ...] = ()  # some of them
    error_count: int = 0
    missing_count: int = 0  # of them those of which nothing is indexed


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an operation ended without a result; `code` is the name of a gRPC code."""

    code: str
    reason: str
    message: str


class State(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self in (State.SUCCEEDED, State.FAILED, State.CANCELLED)


@dataclass(frozen=True, slots=True)
class Operation:
    """One run of indexing, waiting, running or ended; `corr_id` is that of the request that asked for it."""

    operation_id: UUID
    repository: str
    request: IndexRequest
    state: State
    stage: str
    done: int
    total: int
    created_at: datetime
    updated_at: datetime
    errors: tuple[FileProblem, ...] = ()
    result: IndexResult | None = None
    failure: Failure | None = None
    corr_id: str = ""
    rate: float = 0.0  # files of this stage a second; 0 while unknown
    remaining_s: float | None = None
    error_count: int = 0
    priority: Priority = Priority.INTERACTIVE
