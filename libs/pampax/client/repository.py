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


class NewCredential(Request):
    """What a git server wants to see: `token` (with a `username` where the host asks for one), or `ssh_key`, a private
    key's text, with the `known_hosts` that it may be shown to."""

    token: str | None = Field(default=None, repr=False)
    username: str | None = None
    ssh_key: str | None = Field(default=None, repr=False)
    known_hosts: str | None = None


class CredentialStatus(Answer):
    """That a credential is stored, and nothing of it; `kind` is token or ssh_key."""

    kind: str
    set_at: str
    fingerprint: str = ""


class NewRepository(Request):
    """A repository to create; patterns are gitignore-style."""

    name: str
    source: Source
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    credential: NewCredential | None = None


class RefStatus(Answer):
    """What is published of one ref; `skipped` counts the files left out by reason, `pending_vectors` the chunks that
    only words, names and paths find so far."""

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
    pending_vectors: int = 0


class Refresh(Answer):
    """The regular look at a source; `check_time` is None before the first, `failures` counts those in a row."""

    interval_s: int
    due_time: str
    check_time: str | None
    failures: int
    error: str


class Repository(Answer):
    """`refs` is ordered by name; `default_ref` is the one published last, "" before the first publish."""

    name: str
    source: Source
    include: list[str]
    exclude: list[str]
    create_time: str
    refs: list[RefStatus]
    default_ref: str
    credential: CredentialStatus | None = None
    refresh: Refresh | None = None

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
    """Files handled in this stage, MiB received while fetching, chunks while embedding; `total` and `rate`, a second,
    are 0 while unknown."""

    done: int
    total: int
    rate: float = 0.0
    remaining_s: float | None = None


class FileProblem(Answer):
    """A file that could not be indexed; with `by_lines` its text is, without symbols."""

    path: str
    reason: str
    by_lines: bool = False


class QuarantinedFile(Answer):
    """Content that broke a parser and is not tried again; `path` is where it was met."""

    path: str
    blob_id: str
    language: str
    reason: str
    by_lines: bool
    create_time: str


class Quarantine(Answer):
    """What broke a parser in a repository: at most 100 files by path, and how many there are."""

    files: list[QuarantinedFile]
    total: int


class ScipTaken(Answer):
    """What of an index the server has taken; `left_out` names some of the files that it has not."""

    ref: str
    commit: str
    files: int
    references: int
    unknown_files: int
    misfit_files: int
    left_out: list[str]


class IndexResult(Answer):
    """What an operation has published, and how many blobs it had to parse for that. `errors` lists some of the files
    with a problem; `missing_count` of them are left out."""

    status: RefStatus
    new_blobs: int
    changed: bool
    errors: list[FileProblem]
    error_count: int = 0
    missing_count: int = 0


class PlannedFolder(Answer):
    """A folder of a plan, at most two levels deep, "." for the root."""

    path: str
    files: int
    skipped: int


class KnownContent(Answer):
    """Content that is derived already, as one language."""

    blob_id: str
    language: str
    chunks: int


class IndexPlan(Answer):
    """What indexing would do now. For an upload source `known` alone, of the contents that were asked for."""

    ref: str
    commit: str
    dirty: bool
    files: int
    kept_files: int
    new_files: int
    new_blobs: int
    new_bytes: int
    skipped: dict[str, int]
    chunks: int
    new_chunks: int
    new_tokens: int
    tokenizer: str
    exact: bool
    seconds: float
    pace: str
    folders: list[PlannedFolder]
    skipped_files: list[FileProblem]
    new_paths: list[str]
    known: list[KnownContent] = Field(default_factory=list)


class Freshness(Answer):
    """What is published of a ref, held against its source: `state` is current, behind, diverged or unknown."""

    state: str
    behind: int
    source_commit: str
    checked_at: str
    detail: str
    ref: str
    commit: str


class Difference(Answer):
    """A document of which stored rows and derived ones differ; without a path the snapshot itself."""

    path: str
    parts: list[str]


class Check(Answer):
    """How a sample of an index stands to what its content gives. `recall` is None without a vector index."""

    ref: str
    commit: str
    build: str
    documents: int
    of_documents: int
    undecided: int
    differing: int
    differences: list[Difference]
    recall: float | None = None
    recall_queries: int = 0
    detail: str = ""
    seconds: float = 0.0


class Build(Answer):
    """What one version of the code has derived of one repository; `state` is active, kept, busy or unused."""

    version: str
    repo: str
    state: str
    refs: int
    snapshots: int
    files: int
    chunks: int
    bytes: int
    publish_time: str | None = None
    age_s: float | None = None


class BuildPage(Answer):
    """Builds by repository, oldest first."""

    builds: list[Build]
    next_page_token: str = ""


class Pruned(Answer):
    """The builds that were removed, or would be, and how many are left because the time was over."""

    removed: list[Build]
    left: int


class Operation(Answer):
    """Long work and its state; `ref` is as asked for, "" for the default. `partial`: published, with problems."""

    id: str
    done: bool
    state: Literal["queued", "running", "succeeded", "partial", "failed", "cancelled"]
    repository: str
    ref: str
    stage: str
    progress: Progress
    errors: list[FileProblem]
    error_count: int = 0
    priority: str = "interactive"
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


class CommitChange(Request):
    """A commit: its id, when it was committed in seconds since 1970, how many files it changed, and which of the
    history's paths."""

    id: str
    time: int
    files: int
    paths: tuple[int, ...]


class UploadHistory(Request):
    """What the commits before the tree's changed, the newest first; not `whole` when there may be more another time."""

    paths: tuple[str, ...]
    commits: tuple[CommitChange, ...]
    whole: bool


class Upload(Answer):
    """An open upload: the blobs that the server lacks, and until when it waits for them."""

    upload: str
    missing: list[str]
    expires_at: str


class UploadProgress(Answer):
    """How many blobs of the manifest are still missing."""

    upload: str
    missing: int
