"""Repositories, their files and the operations that index them."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from pampax.gateway import bounds
from pampax.gateway.rest.models.fields import (
    OWN_MISTAKE,
    AnswerModel,
    BlobId,
    Folder,
    GitToken,
    GitUrl,
    GitUsername,
    KnownHosts,
    Patterns,
    PrivateKey,
    Ref,
    RefreshInterval,
    RepositoryName,
    RequestModel,
    UploadId,
)
from pampax.gateway.rest.models.problem import OperationProblem


class SourceRequest(RequestModel):
    """Where content comes from: exactly one of the three."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    git_url: GitUrl | None = Field(default=None, description="https or ssh URL of a git repository.")
    path: Folder | None = Field(default=None, description="Absolute folder; an embedded system's local key only.")
    upload: Literal[True] | None = Field(default=None, description="Content arrives by `:upload`.")

    @model_validator(mode="after")
    def _one_kind(self) -> SourceRequest:
        if [self.git_url, self.path, self.upload].count(None) != 2:
            raise PydanticCustomError(OWN_MISTAKE, "must have exactly one of git_url, path and upload (true)")
        return self


class CredentialRequest(RequestModel):
    """What a git server wants to see: a token for an https URL, or an ssh key. Stored encrypted, never shown again."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"token": "the-token-of-the-code-host"},
                {
                    "ssh_key": "-----BEGIN OPENSSH PRIVATE KEY-----\n...",
                    "known_hosts": "git.example.com ssh-ed25519 AAAA...",
                },
            ]
        }
    )

    token: GitToken | None = Field(
        default=None, repr=False, json_schema_extra={"writeOnly": True}, description="As the code host issued it."
    )
    username: GitUsername = Field(
        default="", description="Shown with the token; most hosts take any, and `x-access-token` when it is absent."
    )
    ssh_key: PrivateKey | None = Field(
        default=None,
        repr=False,
        json_schema_extra={"writeOnly": True},
        description="A private key in OpenSSH or PEM form, without a passphrase.",
    )
    known_hosts: KnownHosts = Field(
        default="",
        description="With an ssh key: lines as in a known_hosts file, and no other host key is accepted; those that "
        "the workers' machine knows when absent.",
    )

    @model_validator(mode="after")
    def _one_kind(self) -> CredentialRequest:
        if (self.token is None) == (self.ssh_key is None):
            raise PydanticCustomError(OWN_MISTAKE, "must have exactly one of token and ssh_key")
        if self.username and self.token is None:
            raise PydanticCustomError(OWN_MISTAKE, "must have username only with a token")
        if self.known_hosts and self.ssh_key is None:
            raise PydanticCustomError(OWN_MISTAKE, "must have known_hosts only with an ssh_key")
        return self


class RepositoryRequest(RequestModel):
    """A repository to create."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"name": "payments", "source": {"git_url": "https://git.example.com/team/payments.git"}},
                {"name": "my-tree", "source": {"upload": True}, "exclude": ["*.min.js"]},
            ]
        }
    )

    name: RepositoryName
    source: SourceRequest
    include: Patterns = Field([], description="Gitignore-style; when given, only matching paths are indexed.")
    exclude: Patterns = Field([], description="Gitignore-style patterns of paths left out.")
    credential: CredentialRequest | None = Field(default=None, description="Only with a git URL.")


class IndexRequest(RequestModel):
    """What to index."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ref": "main"}, {}]})

    ref: Ref | None = Field(
        default=None, description="Branch or tag; the default branch, or the upload's ref, when absent."
    )
    full: bool = Field(default=False, description="Derive everything anew.")
    upload: UploadId | None = Field(default=None, description="A completed upload; required for upload sources.")
    retry_quarantined: bool = Field(
        default=False,
        description="Try content again that broke a parser; derives everything anew where some is indexed by lines.",
    )
    priority: Literal["interactive", "bulk"] | None = Field(
        default=None,
        description="Whose turn is first; when absent, interactive to bring a published ref up to date, else bulk.",
    )


class RefreshRequest(RequestModel):
    """How often to look at a source."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"interval_s": 900}, {"interval_s": 0}]})

    interval_s: RefreshInterval = Field(description="Seconds between two looks, 60 to 2,592,000; 0 ends them.")


class PlannedContent(RequestModel):
    """Content as one language: what derived data belongs to."""

    blob_id: BlobId = Field(description="Git blob id, 40 hex digits.")
    language: str = Field(min_length=1, max_length=bounds.LABEL_BYTES, description="What it is read as.")


class PlanRequest(RequestModel):
    """What to plan for."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ref": "main"}, {}]})

    ref: Ref | None = Field(default=None, description="Branch or tag; the source's default when absent.")
    full: bool = Field(default=False, description="As if everything were derived anew.")
    contents: list[PlannedContent] = Field(
        default=[],
        max_length=bounds.PLANNED_CONTENTS,
        description="For upload sources, whose files only the client has: which of these are derived already.",
    )


class Source(AnswerModel):
    """One of the three."""

    git_url: str | None = None
    path: str | None = None
    upload: bool | None = None


class RefStatus(AnswerModel):
    """What is published of one ref."""

    ref: str
    commit: str
    dirty: bool = Field(description="The indexed tree held changes that the commit does not.")
    generation: int
    build: str
    publish_time: str = Field(json_schema_extra={"format": "date-time"})
    age_s: float = Field(description="Seconds since it was published.")
    files: int
    chunks: int
    skipped: dict[str, int] = Field(description="Files left out, counted by reason.")
    pending_vectors: int = Field(description="Chunks that only words, names and paths find so far.")


class CredentialStatus(AnswerModel):
    """That a credential is stored, and nothing of it."""

    kind: Literal["token", "ssh_key"]
    set_at: str = Field(json_schema_extra={"format": "date-time"})
    fingerprint: str = Field(description="Of an ssh key's public half; empty for a token.")


class Refresh(AnswerModel):
    """The regular look at a source."""

    interval_s: int = Field(description="Seconds between two looks.")
    due_time: str = Field(
        json_schema_extra={"format": "date-time"}, description="Of the next one; later while looks fail."
    )
    check_time: str | None = Field(json_schema_extra={"format": "date-time"}, description="Of the last one.")
    failures: int = Field(description="How many have failed in a row, runs that they have started included.")
    error: str = Field(description="Why the last one failed, one line; empty when it has not.")


class Repository(AnswerModel):
    """A named source of code."""

    name: str
    source: Source
    include: list[str]
    exclude: list[str]
    create_time: str = Field(json_schema_extra={"format": "date-time"})
    refs: list[RefStatus] = Field(description="Published refs, by name.")
    default_ref: str = Field(description="What is searched when no ref is named; empty before the first publish.")
    credential: CredentialStatus | None = Field(description="What is stored for its git server; null for nothing.")
    refresh: Refresh | None = Field(
        default=None, description="How often its source is looked at; absent when it is not."
    )


class RepositoryPage(AnswerModel):
    """Readable repositories, by name."""

    repositories: list[Repository]
    next_page_token: str = Field(description="Empty on the last page.")


class FileResponse(AnswerModel):
    """Text of one file of a published snapshot."""

    path: str
    repo: str
    ref: str
    commit: str
    language: str
    content: str = Field(description="Bytes that are not UTF-8 are replaced.")
    start_line: int
    end_line: int
    lines: int = Field(description="Lines in the whole file.")
    blob_id: str


class Progress(AnswerModel):
    """Files handled in this stage; of fetching, MiB received; of embedding, chunks."""

    done: int
    total: int = Field(description="0 while unknown.")
    rate: float = Field(description="A second; 0 while unknown.")
    remaining_s: float | None = Field(description="Until the end of this stage at that rate; null while unknown.")


class FileProblem(AnswerModel):
    """A file that could not be indexed."""

    path: str
    reason: str
    by_lines: bool = Field(description="Its text is indexed, without symbols; otherwise it is left out.")


class QuarantinedFile(AnswerModel):
    """Content that broke a parser and is not tried again under its build."""

    path: str
    blob_id: str
    language: str
    reason: str = Field(description="timeout, crash, memory, killed or output (its answer was too large).")
    by_lines: bool = Field(description="Its text is indexed, without symbols; otherwise it is left out.")
    create_time: str = Field(json_schema_extra={"format": "date-time"})


class Quarantine(AnswerModel):
    """What broke a parser in a repository."""

    files: list[QuarantinedFile] = Field(description="By path, at most 100.")
    total: int


class IndexResult(AnswerModel):
    """What an indexing operation has published."""

    status: RefStatus
    new_blobs: int = Field(description="Blobs parsed by this operation.")
    changed: bool = Field(description="Whether the publish changed anything.")
    errors: list[FileProblem] = Field(description="Left out ones first, at most 100.")
    error_count: int = Field(description="How many there are; the operation is partial when there is one.")
    missing_count: int = Field(description="How many of them are left out.")


class PlannedFolder(AnswerModel):
    """A folder of a plan, at most two levels deep."""

    path: str = Field(description="`.` for the root.")
    files: int
    skipped: int


class KnownContent(AnswerModel):
    """Content that is derived already."""

    blob_id: str
    language: str
    chunks: int


class Plan(AnswerModel):
    """What indexing would do now. For upload sources `known` alone."""

    ref: str
    commit: str
    dirty: bool
    files: int = Field(description="Of the snapshot: kept and new ones.")
    kept_files: int = Field(description="Their content is derived already.")
    new_files: int
    new_blobs: int = Field(description="Distinct contents among the new files.")
    new_bytes: int
    skipped: dict[str, int] = Field(description="Files left out, counted by reason.")
    chunks: int = Field(description="Of the snapshot.")
    new_chunks: int
    new_tokens: int
    tokenizer: str
    exact: bool = Field(description="Every new content was parsed; otherwise a sample, and chunks are an estimate.")
    seconds: float = Field(description="An estimate of how long it would take.")
    pace: str = Field(description="What that stands on: `measured` in runs before, or `usual`.")
    folders: list[PlannedFolder] = Field(description="Those with the most files, at most 20.")
    skipped_files: list[FileProblem] = Field(description="By path, at most 1,000.")
    new_paths: list[str] = Field(description="By path, at most 1,000.")
    known: list[KnownContent] = Field(description="Of the contents that were asked for.")


class Freshness(AnswerModel):
    """What is published of a ref, held against its source now."""

    state: Literal["current", "behind", "diverged", "unknown"]
    behind: int = Field(description="Commits; 0 when that is not known, or only uncommitted changes are new.")
    source_commit: str = Field(description="Empty when not known or outside git.")
    checked_at: str = Field(json_schema_extra={"format": "date-time"})
    detail: str = Field(description="Why, one line; empty where there is nothing to say.")
    ref: str = Field(description="What was compared; empty when nothing is published.")
    commit: str = Field(description="The published one.")


class Operation(AnswerModel):
    """Long work and its state."""

    id: str
    done: bool
    state: Literal["queued", "running", "succeeded", "partial", "failed", "cancelled"] = Field(
        description="partial: published, with files left out or indexed as plain lines because something failed."
    )
    kind: Literal["index"]
    repository: str
    ref: str = Field(description="As asked; empty means the default.")
    stage: str = Field(
        description="queued, fetching, listing, parsing, writing, publishing, embedding, tidying or done."
    )
    priority: Literal["interactive", "bulk"]
    progress: Progress
    errors: list[FileProblem] = Field(description="At most 100 are listed.")
    error_count: int = Field(description="How many there are so far.")
    create_time: str = Field(json_schema_extra={"format": "date-time"})
    update_time: str = Field(json_schema_extra={"format": "date-time"})
    result: IndexResult | None = Field(default=None, description="When it succeeded, wholly or in part.")
    error: OperationProblem | None = Field(default=None, description="When it failed or was cancelled.")


class OperationPage(AnswerModel):
    """Operations, latest first."""

    operations: list[Operation]
    next_page_token: str = Field(description="Empty on the last page.")
