"""What the service talks about: repositories, their published refs, and the operations that index them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

MAX_LISTED_PROBLEMS = 100
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
    """What is published of one ref."""

    ref: str
    commit: str
    dirty: bool
    generation: int
    build: str
    published_at: datetime
    files: int
    chunks: int
    skipped: Mapping[str, int] = field(default_factory=dict)


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

    @property
    def default_ref(self) -> str:
        """The ref published last; "" before the first publish."""
        return max(self.refs, key=lambda state: (state.published_at, state.ref)).ref if self.refs else ""


@dataclass(frozen=True, slots=True)
class IndexRequest:
    """What was asked for; equal requests that still wait are one operation."""

    ref: str = ""
    full: bool = False
    upload: str = ""


@dataclass(frozen=True, slots=True)
class FileProblem:
    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class IndexResult:
    status: RefState
    new_blobs: int
    changed: bool
    errors: tuple[FileProblem, ...] = ()


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
