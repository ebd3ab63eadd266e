"""Repositories, their files, and the operations that index them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pampax.client.model import Answer, Request
from pampax.client.problems import Problem


class Source(Answer):
    """Where content comes from: exactly one of the three is set. `path` is a folder on the server's machine."""

    git_url: str | None = None
    path: str | None = None
    upload: bool | None = None

    @property
    def words(self) -> str:
        """For a person."""
        return self.git_url or self.path or "uploads"


class NewRepository(Request):
    """A repository to create; patterns are gitignore-style."""

    name: str
    source: Source
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


class RefStatus(Answer):
    """What is published of one ref; `skipped` counts the files left out by reason."""

    ref: str
    commit: str
    dirty: bool
    generation: int
    build: str
    publish_time: str
    age_s: float
    files: int
    chunks: int
    skipped: dict[str, int]


class Repository(Answer):
    """`refs` is ordered by name; `default_ref` is the one published last, "" before the first publish."""

    name: str
    source: Source
    include: list[str]
    exclude: list[str]
    create_time: str
    refs: list[RefStatus]
    default_ref: str

    def published(self, ref: str = "") -> RefStatus | None:
        """What is published of this ref, or of the default one."""
        return next((status for status in self.refs if status.ref == (ref or self.default_ref)), None)


class RepositoryPage(Answer):
    """Repositories by name."""

    repositories: list[Repository]
    next_page_token: str = ""


class SourceText(Answer):
    """Text of one file of a published snapshot, or some of its `lines`."""

    path: str
    repo: str
    ref: str
    commit: str
    language: str
    content: str
    start_line: int
    end_line: int
    lines: int
    blob_id: str


class Progress(Answer):
    """Files handled in this stage; `total` is 0 while unknown."""

    done: int
    total: int


class FileProblem(Answer):
    """A file that could not be indexed."""

    path: str
    reason: str


class IndexResult(Answer):
    """What an operation has published, and how many blobs it had to parse for that."""

    status: RefStatus
    new_blobs: int
    changed: bool
    errors: list[FileProblem]


class Operation(Answer):
    """Long work and its state; `ref` is as asked for, "" for the default."""

    id: str
    done: bool
    state: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    repository: str
    ref: str
    stage: str
    progress: Progress
    errors: list[FileProblem]
    create_time: str = ""
    update_time: str = ""
    result: IndexResult | None = None
    error: Problem | None = None


class OperationPage(Answer):
    """Operations, latest first."""

    operations: list[Operation]
    next_page_token: str = ""


class ManifestEntry(Request):
    """One file of a tree to upload: git's blob id as 40 hex digits, size in bytes, mode 0100644 or 0100755."""

    path: str
    blob_id: str
    size: int
    mode: int


class Manifest(Request):
    """A tree to upload: which commit it was made from, whether it differs from it, and what was left out of it."""

    ref: str = ""
    commit: str = ""
    dirty: bool = False
    skipped: dict[str, int] = Field(default_factory=dict)
    manifest: tuple[ManifestEntry, ...] = ()


class Upload(Answer):
    """An open upload: the blobs that the server lacks, and until when it waits for them."""

    upload: str
    missing: list[str]
    expires_at: str


class UploadProgress(Answer):
    """How many blobs of the manifest are still missing."""

    upload: str
    missing: int
