"""The three kinds of source as one: what is in a tree, and the content of the files that one asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from pampax.codeintel.content import path_skip_reason
from pampax.core.errors import FailedPrecondition, LocalIOError, NotFound
from pampax.indexing.manifest import Entry
from pampax.indexing.model import Source
from pampax.indexing.run.fetching import fetch
from pampax.runtime.telemetry.tracing import span
from pampax.sources.folder import list_folder, read_file
from pampax.sources.git import BlobReader, check_git_url, list_commit, resolve_ref
from pampax.sources.model import Listing, SourceFile
from pampax.sources.patterns import path_filter

UNREADABLE = "unreadable"

# Git blob id -> content, 20 bytes each; ids that are not there are absent.
BlobSource: TypeAlias = Callable[[Sequence[bytes]], Mapping[bytes, bytes]]
Read: TypeAlias = Iterator[tuple[SourceFile, bytes | None]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to open: a repository's source and patterns, and the ref that was asked for ("" for the default)."""

    source: Source
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Tree:
    """`ref` is the name to publish under; `skipped` counts by reason what was left out before reading.

    `read` yields the given files in order, with None for content that cannot be had any more.
    """

    ref: str
    commit: str
    dirty: bool
    files: tuple[SourceFile, ...]
    skipped: Mapping[str, int]
    read: Callable[[Sequence[SourceFile]], Read]


@contextmanager
def opened_folder(wanted: Wanted, on_progress: Callable[[int], None]) -> Iterator[Tree]:
    """FailedPrecondition when the folder is gone or has another branch checked out than the one asked for."""
    root = Path(wanted.source.location)
    try:
        with span("index.walk") as walk:
            listing = list_folder(root, wanted.include, wanted.exclude, on_progress=on_progress, skip=path_skip_reason)
            walk.set(files=len(listing.files))
    except LocalIOError as error:
        raise FailedPrecondition(error.message, reason="SOURCE_UNREADABLE") from error
    if wanted.ref not in ("", listing.ref):
        message = f"the folder has {listing.ref!r} checked out: check {wanted.ref!r} out, or index without a ref"
        raise FailedPrecondition(message, reason="REF_NOT_CHECKED_OUT")
    yield _tree(listing, lambda files: _from_folder(root, files))


@contextmanager
def opened_git(
    wanted: Wanted, mirror: Path, check: Callable[[], None], *, allow_private: bool, own_credentials: bool
) -> Iterator[Tree]:
    """Brings the mirror up to date first. The URL was checked when the repository was made, but addresses move.

    What `check` raises ends that.
    """
    url = wanted.source.location
    # Only a local key can have made a repository with a file URL.
    check_git_url(url, allow_private=allow_private, allow_file=True)
    with span("index.fetch"):
        fetch(url, mirror, check, own_credentials=own_credentials)
    with span("index.walk") as walk:
        ref, commit = resolve_ref(mirror, wanted.ref or None)
        listing = list_commit(mirror, commit, wanted.include, wanted.exclude, path_skip_reason, ref=ref)
        walk.set(files=len(listing.files))
    with BlobReader(mirror) as blobs:
        yield _tree(listing, lambda files: _from_mirror(blobs, files))


@dataclass(frozen=True, slots=True)
class UploadedTree:
    """What an upload row says."""

    ref: str
    commit: str
    dirty: bool
    entries: Sequence[Entry]
    skipped: Mapping[str, int]


def uploaded(wanted: Wanted, upload: UploadedTree, blobs: BlobSource) -> Tree:
    """The same rules for paths as for the other sources; what the client left out stays counted."""
    admits = path_filter(wanted.include, wanted.exclude).admits
    files: list[SourceFile] = []
    skipped = Counter(upload.skipped)
    for entry in upload.entries:
        reason = path_skip_reason(entry.path, entry.size) if admits(entry.path) else "excluded"
        if reason is not None:
            skipped[reason] += 1
        else:
            files.append(SourceFile(entry.path, entry.blob.hex(), entry.size, entry.mode))
    return Tree(
        upload.ref, upload.commit, upload.dirty, tuple(files), skipped, lambda wanted: _from_blobs(blobs, wanted)
    )


def _tree(listing: Listing, read: Callable[[Sequence[SourceFile]], Read]) -> Tree:
    skipped = Counter(entry.reason for entry in listing.skipped)
    return Tree(listing.ref, listing.commit, listing.dirty, listing.files, skipped, read)


def _from_folder(root: Path, files: Sequence[SourceFile]) -> Read:
    for file in files:
        try:
            yield file, read_file(root, file.path)
        except LocalIOError:
            yield file, None


def _from_mirror(blobs: BlobReader, files: Sequence[SourceFile]) -> Read:
    for file in files:
        try:
            yield file, blobs.read(file.blob_id)
        except NotFound:
            yield file, None


def _from_blobs(blobs: BlobSource, files: Sequence[SourceFile]) -> Read:
    contents = blobs([bytes.fromhex(file.blob_id) for file in files])
    for file in files:
        yield file, contents.get(bytes.fromhex(file.blob_id))
