"""The three kinds of source as one: what is in a tree, and the content of the files that one asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TypeAlias

from pampax.codeintel.content import path_rule
from pampax.core.changes import Change
from pampax.core.errors import FailedPrecondition, LocalIOError, NotFound
from pampax.indexing.manifest import Entry
from pampax.indexing.model import Source
from pampax.indexing.run.fetching import fetch, obtainer
from pampax.runtime.telemetry.tracing import span
from pampax.sources.changes import Changes, read_changes
from pampax.sources.folder import list_folder, read_file
from pampax.sources.git import (
    BlobReader,
    GitCredential,
    Obtain,
    check_git_url,
    list_commit,
    resolve_ref,
    sizes_of,
)
from pampax.sources.hashes import Hashes
from pampax.sources.model import Listing, SourceFile
from pampax.sources.patterns import path_filter

UNREADABLE = "unreadable"
MOST_MOVES = 3

# Git blob id -> content, 20 bytes each; ids that are not there are absent.
BlobSource: TypeAlias = Callable[[Sequence[bytes]], Mapping[bytes, bytes]]
Read: TypeAlias = Iterator[tuple[SourceFile, bytes | None]]
# From the commits that are known, and what is called while it is read: see `pampax.sources.changes`.
ReadChanges: TypeAlias = Callable[[Mapping[str, Change], Callable[[], None]], Changes]


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

    `read` yields the given files in order, with None for content that cannot be had any more. `changes` reads the
    history of the commit; None where there is none.
    """

    ref: str
    commit: str
    dirty: bool
    files: tuple[SourceFile, ...]
    skipped: Mapping[str, int]
    read: Callable[[Sequence[SourceFile]], Read]
    changes: ReadChanges | None = None


@contextmanager
def opened_folder(wanted: Wanted, on_progress: Callable[[int], None]) -> Iterator[Tree]:
    """FailedPrecondition when the folder is gone or has another branch checked out than the one asked for."""
    root = Path(wanted.source.location)
    try:
        with span("index.walk") as walk:
            listing = list_folder(
                root,
                wanted.include,
                wanted.exclude,
                on_progress=on_progress,
                skip=path_rule(wanted.include),
                hashes=_hashes(),
            )
            walk.set(files=len(listing.files))
    except LocalIOError as error:
        raise FailedPrecondition(error.message, reason="SOURCE_UNREADABLE") from error
    if wanted.ref not in ("", listing.ref):
        message = f"the folder has {listing.ref!r} checked out: check {wanted.ref!r} out, or index without a ref"
        raise FailedPrecondition(message, reason="REF_NOT_CHECKED_OUT")
    yield _tree(listing, root, lambda files: _from_folder(root, files))


@contextmanager
def opened_git(
    wanted: Wanted,
    mirror: Path,
    check: Callable[[], None],
    *,
    credential: GitCredential | None,
    allow_private: bool,
    own_credentials: bool,
) -> Iterator[Tree]:
    """Brings the mirror up to date first. The URL was checked when the repository was made, but addresses move.

    What `check` raises ends that.
    """
    url = wanted.source.location
    # Only a local key can have made a repository with a file URL.
    check_git_url(url, allow_private=allow_private, allow_file=True)

    def sync() -> None:
        with span("index.fetch"):
            fetch(url, mirror, check, credential=credential, own_credentials=own_credentials)

    obtain = obtainer(url, mirror, check, credential=credential, own_credentials=own_credentials)
    listing = _listed(wanted, mirror, sync, obtain)
    with BlobReader(mirror) as blobs:
        yield _tree(listing, mirror, lambda files: _from_mirror(blobs, files))


def _listed(wanted: Wanted, mirror: Path, sync: Callable[[], None], obtain: Obtain) -> Listing:
    """What the ref holds now. When blobs cannot be had and the ref has another commit meanwhile, that one is listed:
    after a force-push a server may have thrown away what the old one had. FailedPrecondition when it changes too often.
    """
    sync()
    for _ in range(MOST_MOVES):
        ref, commit = resolve_ref(mirror, wanted.ref or None)
        missing = 0

        def noting(blobs: Sequence[str]) -> None:
            nonlocal missing
            obtain(blobs)
            missing += len(blobs) - len(sizes_of(mirror, blobs))

        with span("index.walk") as walk:
            listing = list_commit(
                mirror, commit, wanted.include, wanted.exclude, path_rule(wanted.include), ref=ref, obtain=noting
            )
            walk.set(files=len(listing.files))
        if not missing:
            return listing
        sync()
        if resolve_ref(mirror, wanted.ref or None)[1] == commit:
            return listing  # broken at the server: what is missing is named, the rest is there
    message = "the repository changed again and again while it was fetched: index again when it has come to rest"
    raise FailedPrecondition(message, reason="SOURCE_CHANGES")


@dataclass(frozen=True, slots=True)
class UploadedTree:
    """What an upload row says."""

    ref: str
    commit: str
    dirty: bool
    entries: Sequence[Entry]
    skipped: Mapping[str, int]
    history: Changes | None = None


def uploaded(wanted: Wanted, upload: UploadedTree, blobs: BlobSource) -> Tree:
    """The same rules for paths as for the other sources; what the client left out stays counted."""
    admits = path_filter(wanted.include, wanted.exclude).admits
    unread = path_rule(wanted.include)
    files: list[SourceFile] = []
    skipped = Counter(upload.skipped)
    for entry in upload.entries:
        reason = unread(entry.path, entry.size) if admits(entry.path) else "excluded"
        if reason is not None:
            skipped[reason] += 1
        else:
            files.append(SourceFile(entry.path, entry.blob.hex(), entry.size, entry.mode))
    sent = upload.history
    return Tree(
        upload.ref, upload.commit, upload.dirty, tuple(files), skipped, lambda wanted: _from_blobs(blobs, wanted),
        None if sent is None else lambda _known, _check: sent,
    )  # fmt: skip


@lru_cache(1)
def _hashes() -> Hashes:
    """What this process has read of its machine's folders, whose runs come one after the other."""
    return Hashes()


def _tree(listing: Listing, directory: Path, read: Callable[[Sequence[SourceFile]], Read]) -> Tree:
    skipped = Counter(entry.reason for entry in listing.skipped)
    changes = partial(_changes, directory, listing.commit) if listing.commit else None
    return Tree(listing.ref, listing.commit, listing.dirty, listing.files, skipped, read, changes)


def _changes(directory: Path, commit: str, known: Mapping[str, Change], check: Callable[[], None]) -> Changes:
    return read_changes(directory, commit, known, check=check)


def _from_folder(root: Path, files: Sequence[SourceFile]) -> Read:
    for file in files:
        try:
            yield file, read_file(root, file.path)
        except LocalIOError:
            if not root.is_dir():  # or else a tree without files would take the place of what was indexed before
                raise FailedPrecondition(
                    f"the folder {root} has vanished while it was indexed; what was indexed before is still served",
                    reason="SOURCE_VANISHED",
                ) from None
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
