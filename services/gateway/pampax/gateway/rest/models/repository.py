"""Repositories, their files and the operations that index them."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from pampax.gateway.rest.models.fields import (
    OWN_MISTAKE,
    AnswerModel,
    Folder,
    GitUrl,
    Patterns,
    Ref,
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


class IndexRequest(RequestModel):
    """What to index."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ref": "main"}, {}]})

    ref: Ref | None = Field(
        default=None, description="Branch or tag; the default branch, or the upload's ref, when absent."
    )
    full: bool = Field(default=False, description="Derive everything anew.")
    upload: UploadId | None = Field(default=None, description="A completed upload; required for upload sources.")


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


class Repository(AnswerModel):
    """A named source of code."""

    name: str
    source: Source
    include: list[str]
    exclude: list[str]
    create_time: str = Field(json_schema_extra={"format": "date-time"})
    refs: list[RefStatus] = Field(description="Published refs, by name.")
    default_ref: str = Field(description="What is searched when no ref is named; empty before the first publish.")


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
    """Files handled in this stage."""

    done: int
    total: int = Field(description="0 while unknown.")


class FileProblem(AnswerModel):
    """A file that could not be indexed."""

    path: str
    reason: str


class IndexResult(AnswerModel):
    """What an indexing operation has published."""

    status: RefStatus
    new_blobs: int = Field(description="Blobs parsed by this operation.")
    changed: bool = Field(description="Whether the publish changed anything.")
    errors: list[FileProblem]


class Operation(AnswerModel):
    """Long work and its state."""

    id: str
    done: bool
    state: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    kind: Literal["index"]
    repository: str
    ref: str = Field(description="As asked; empty means the default.")
    stage: str = Field(description="queued, listing, parsing, publishing or done.")
    progress: Progress
    errors: list[FileProblem] = Field(description="At most 100 are listed.")
    create_time: str = Field(json_schema_extra={"format": "date-time"})
    update_time: str = Field(json_schema_extra={"format": "date-time"})
    result: IndexResult | None = Field(default=None, description="When it succeeded.")
    error: OperationProblem | None = Field(default=None, description="When it failed or was cancelled.")


class OperationPage(AnswerModel):
    """Operations, latest first."""

    operations: list[Operation]
    next_page_token: str = Field(description="Empty on the last page.")
