"""A local folder as an upload: which of its files count, and sending those that the server lacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pampax.client.client import Client
from pampax.client.repository import CommitChange, Manifest, ManifestEntry, UploadHistory
from pampax.codeintel.content import path_rule, skip_reason
from pampax.core.errors import Aborted, DeadlineExceeded, InvalidRequest, LocalIOError
from pampax.core.ids import git_blob_id
from pampax.sources.changes import read_changes
from pampax.sources.folder import list_folder, read_file
from pampax.sources.hashes import Hashes
from pampax.sources.model import Listing, SourceFile

# Contents sent at once. The server takes bodies of 32 MiB; small ones keep progress and memory steady.
BATCH_BYTES = 4 * 1024 * 1024
BATCH_BLOBS = 2_000

OnProgress = Callable[[str, int, int], None]


# What git keeps at the root of a repository without a work tree.
_BARE = (("HEAD", Path.is_file), ("objects", Path.is_dir), ("refs", Path.is_dir))


class _Found(Exception):
    """There is a file."""


def refuse_bare(folder: Path) -> None:
    """InvalidRequest for a repository without a work tree: its files are git's own, the content is inside."""
    if not (folder / ".git").exists() and all(is_there(folder / name) for name, is_there in _BARE):
        raise InvalidRequest(
            f"{folder} is a bare git repository: give {folder.as_uri()} to a system that runs here, or the path of a "
            "clone with a work tree",
            reason="BARE_REPOSITORY",
        )


def require_files(folder: Path, include: Sequence[str], exclude: Sequence[str]) -> None:
    """InvalidRequest when no file here is worth indexing by its path; reads none. LocalIOError for a bad folder."""
    unread = path_rule(include)

    def stop_at_first(path: str, size: int) -> str | None:
        if size and unread(path, size) is None:
            raise _Found
        return "unwanted"

    try:
        listing = list_folder(folder, include, exclude, skip=stop_at_first)
    except _Found:
        return
    raise _no_files(folder, len(listing.skipped))


def _no_files(folder: Path, skipped: int) -> InvalidRequest:
    left_out = f" ({skipped} are ignored, empty, binary, generated or excluded)" if skipped else ""
    return InvalidRequest(
        f"{folder} holds no files to index{left_out}; check the folder, its .gitignore, --include and --exclude",
        reason="NO_FILES",
    )


@dataclass(frozen=True, slots=True)
class Known:
    """What earlier scans of a folder have read. `judged`: by path, the blob id and why it is left out, if it is."""

    hashes: Hashes = field(default_factory=Hashes)
    judged: dict[str, tuple[str, str | None]] = field(default_factory=dict)


def scan(
    folder: Path,
    include: Sequence[str],
    exclude: Sequence[str],
    ref: str,
    on_progress: OnProgress,
    known: Known | None = None,
) -> Manifest:
    """The manifest of what is there now, by the rules that the server has for folders of its own machine.

    With `known`, only files that have changed since are read.
    """
    listing = list_folder(
        folder,
        include,
        exclude,
        on_progress=lambda count: on_progress("scanning", count, 0),
        skip=path_rule(include),
        hashes=None if known is None else known.hashes,
    )
    skipped = Counter(entry.reason for entry in listing.skipped)
    judged = {} if known is None else known.judged
    entries: list[ManifestEntry] = []
    for file in listing.files:
        blob_id, reason = judged.get(file.path, ("", None))
        if blob_id != file.blob_id:
            file, reason = _examined(folder, file)
            judged[file.path] = (file.blob_id, reason)
        if reason is not None:
            skipped[reason] += 1
        else:
            entries.append(ManifestEntry(path=file.path, blob_id=file.blob_id, size=file.size, mode=file.mode))
    if not entries:
        raise _no_files(folder, skipped.total())
    on_progress("scanning", len(entries), len(entries))
    return Manifest(
        ref=_ref(listing, ref),
        commit=listing.commit,
        dirty=listing.dirty,
        skipped=dict(sorted(skipped.items())),
        manifest=tuple(entries),
    )


def _examined(folder: Path, file: SourceFile) -> tuple[SourceFile, str | None]:
    """The file as it is now, for it may have changed since it was listed, and why it is left out, if it is."""
    try:
        content = read_file(folder, file.path)
    except LocalIOError:
        return file._replace(blob_id=""), "unreadable"
    found = file._replace(blob_id=git_blob_id(content), size=len(content))
    return found, skip_reason(file.path, content)


def send(
    client: Client,
    repository: str,
    folder: Path,
    manifest: Manifest,
    on_progress: OnProgress,
    *,
    history: bool = True,
) -> str:
    """Upload what the server lacks; the id of the complete upload. Aborted when files change meanwhile.

    `history`: and what the commits before changed, where there are any.
    """
    told = history_of(folder, manifest) if history and manifest.commit else None
    upload = client.open_upload(repository, manifest, told)
    paths = {entry.blob_id: entry.path for entry in manifest.manifest}
    total, sent = len(upload.missing), 0
    for batch in _batches(folder, [(blob, paths[blob]) for blob in upload.missing]):
        client.send_blobs(repository, upload.upload, batch)
        sent += len(batch)
        on_progress("uploading", sent, total)
    return upload.upload


def history_of(folder: Path, manifest: Manifest) -> UploadHistory | None:
    """Of the manifest's commit and files alone: the name of one that stays here is not told. None when git cannot read
    it; the tree is worth indexing without."""
    try:
        changes = read_changes(folder, manifest.commit, {})
    except (DeadlineExceeded, LocalIOError):
        return None
    places: dict[str, int] = {}
    sent = {entry.path for entry in manifest.manifest}
    commits = tuple(
        CommitChange(
            id=each.commit,
            time=each.at,
            files=each.files,
            paths=tuple(places.setdefault(path, len(places)) for path in each.paths if path in sent),
        )
        for each in changes.commits
    )
    return UploadHistory(paths=tuple(places), commits=commits, whole=changes.whole)


def _batches(folder: Path, wanted: Sequence[tuple[str, str]]) -> Iterator[dict[str, bytes]]:
    batch: dict[str, bytes] = {}
    size = 0
    for blob, path in wanted:
        content = read_file(folder, path)
        if git_blob_id(content) != blob:
            raise Aborted(f"{path} changed while it was uploaded; run the command again", reason="FILE_CHANGED")
        if batch and (size + len(content) > BATCH_BYTES or len(batch) >= BATCH_BLOBS):
            yield batch
            batch, size = {}, 0
        batch[blob] = content
        size += len(content)
    if batch:
        yield batch


def resolved_ref(listing: Listing, asked: str) -> Listing:
    """The listing under the ref that an upload of it would be published under."""
    return replace(listing, ref=_ref(listing, asked))


def _ref(listing: Listing, asked: str) -> str:
    """A tree stands for the branch that is checked out; outside git, or on no branch, for whatever is asked for."""
    if not asked:
        return listing.ref
    named = listing.commit and listing.ref != "HEAD"
    if named and listing.ref != asked:
        raise InvalidRequest(
            f"the folder has {listing.ref!r} checked out: check {asked!r} out, or leave --ref away",
            reason="REF_NOT_CHECKED_OUT",
        )
    return asked
