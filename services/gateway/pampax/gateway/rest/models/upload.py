"""Uploads. A manifest may have half a million entries, so these are msgspec structs: a tenth of the time and memory."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from pydantic import Field

from pampax.core import names
from pampax.gateway import bounds
from pampax.gateway.rest.models.fields import AnswerModel

BlobId = Annotated[str, Meta(pattern=f"^{names.GIT_OBJECT_PATTERN}$", description="Git blob id, hex.")]

Number = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class ManifestEntry(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One file of the tree."""

    path: Annotated[str, Meta(min_length=1, max_length=bounds.PATH_BYTES)]
    blob_id: BlobId
    size: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    mode: Annotated[int, Meta(description="33188 (0100644) or 33261 (0100755).")] = 0o100644


class CommitChange(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A commit with one parent."""

    id: Annotated[str, Meta(pattern=f"^{names.GIT_OBJECT_PATTERN}$", description="Commit id, hex.")]
    time: Annotated[int, Meta(ge=0, le=2**62, description="When it was committed, in seconds since 1970.")]
    files: Annotated[Number, Meta(description="How many files it changed in the whole repository.")]
    paths: Annotated[
        list[Number], Meta(max_length=bounds.CHANGED_FILES, description="Some of them, as places in `paths` from 0.")
    ] = []


class History(Struct, frozen=True, forbid_unknown_fields=True):
    """What the commits before the tree's changed: which files change together."""

    paths: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=bounds.PATH_BYTES)]],
        Meta(max_length=bounds.HISTORY_PATHS, description="Changed files, each once; those of the tree are enough."),
    ]
    commits: Annotated[list[CommitChange], Meta(max_length=bounds.HISTORY_COMMITS, description="The newest first.")]
    whole: Annotated[bool, Meta(description="False when there may be more another time, as of a shallow clone.")] = True


class OpenUpload(Struct, frozen=True, forbid_unknown_fields=True):
    """The manifest of a tree."""

    manifest: Annotated[list[ManifestEntry], Meta(max_length=bounds.MANIFEST_ENTRIES)]
    ref: Annotated[str, Meta(max_length=names.LONGEST_REF, description="`worktree` when absent.")] = ""
    commit: Annotated[str, Meta(description="Commit that the tree was made from, 40 hex digits.")] = ""
    dirty: Annotated[bool, Meta(description="The tree differs from the commit.")] = False
    skipped: Annotated[
        dict[str, Annotated[int, Meta(ge=0, le=2**63 - 1)]], Meta(description="Files left out, counted by reason.")
    ] = {}
    history: History | None = None


class SentBlob(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One blob."""

    id: BlobId
    content_base64: Annotated[bytes, Meta(description=f"At most {bounds.BLOB_BYTES} bytes before encoding.")]


class SendBlobs(Struct, frozen=True, forbid_unknown_fields=True):
    """Blobs of an open upload."""

    upload: Annotated[str, Meta(min_length=1, max_length=64)]
    blobs: list[SentBlob]


class ScipFile(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """What a SCIP index says of one source file. A place is four numbers: symbol (any number, the same in all files),
    line (1-based), first column (0-based), column behind the last."""

    path: Annotated[str, Meta(min_length=1, max_length=bounds.PATH_BYTES)]
    position_encoding: Annotated[
        int, Meta(ge=0, le=2**31 - 1, description="Columns: 1 UTF-8, 2 UTF-16, 3 code points, 0 not known.")
    ] = 0
    definitions: Annotated[list[Number], Meta(description="Places, one after another.")] = []
    names: Annotated[
        list[str], Meta(description="One for each definition: the names that it is used by, with a space between.")
    ] = []
    references: Annotated[list[Number], Meta(description="Places, one after another.")] = []


class SendScip(Struct, frozen=True, forbid_unknown_fields=True):
    """What a SCIP index says of a published ref."""

    files: Annotated[list[ScipFile], Meta(min_length=1, max_length=bounds.MANIFEST_ENTRIES)]
    ref: Annotated[str, Meta(max_length=names.LONGEST_REF, description="The latest publish when absent.")] = ""


class ScipResponse(AnswerModel):
    """What of a SCIP index was taken."""

    ref: str
    commit: str = Field(description="Empty when the ref shows none.")
    files: int = Field(description="Files whose links replace inferred ones now.")
    references: int = Field(description="Uses of names that are linked now.")
    unknown_files: int = Field(description="Files that the ref does not have.")
    misfit_files: int = Field(description="Files that hold other text than the index says.")
    left_out: list[str] = Field(description="Some of the files that were not taken, at most 20.")


class Form(Struct):
    """Enough of a body to tell the two forms apart."""

    upload: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class UploadResponse(AnswerModel):
    """State of the upload: after a manifest which blobs are missing, after blobs how many still are."""

    upload: str
    missing: list[str] | int = Field(description="Blob ids, hex, after a manifest; their number after blobs.")
    expires_at: str | None = Field(
        None,
        description="When an unfinished upload is dropped; after a manifest.",
        json_schema_extra={"format": "date-time"},
    )
