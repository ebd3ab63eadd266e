"""A repository's source opened for a plan: by the rules of a run, and without leaving anything behind."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pampax.codeintel.content import path_rule
from pampax.core.errors import FailedPrecondition, LocalIOError
from pampax.indexing.model import Source, SourceKind
from pampax.indexing.run.fetching import fetch, obtainer
from pampax.planning.model import Read
from pampax.planning.reading import from_folder, from_mirror
from pampax.sources.folder import list_folder
from pampax.sources.git import BlobReader, GitCredential, check_git_url, list_commit, resolve_ref, sync_mirror
from pampax.sources.model import Listing


@contextmanager
def opened(
    source: Source,
    patterns: tuple[tuple[str, ...], tuple[str, ...]],
    ref: str,
    mirror: Path,
    *,
    credential: GitCredential | None,
    allow_private: bool,
    own_credentials: bool,
) -> Iterator[tuple[Listing, Read]]:
    """What the source holds now at `ref` ("" is the default). `mirror` is where the workers keep their clone."""
    if source.kind is SourceKind.PATH:
        yield _folder(Path(source.location), patterns, ref)
        return
    check_git_url(source.location, allow_private=allow_private, allow_file=True)
    with _scratch(mirror) as scratch:
        if mirror.is_dir():
            fetch(source.location, mirror, lambda: None, credential=credential, own_credentials=own_credentials)
        else:  # one commit is enough, and the workers' clone must have all of them
            mirror = Path(scratch, "mirror")
            sync_mirror(
                source.location,
                mirror,
                depth_1_ref=ref or "HEAD",
                credential=credential,
                own_credentials=own_credentials,
            )
        name, commit = resolve_ref(mirror, ref or None)
        obtain = obtainer(source.location, mirror, lambda: None, credential=credential, own_credentials=own_credentials)
        listing = list_commit(mirror, commit, *patterns, path_rule(patterns[0]), ref=name, obtain=obtain)
        with BlobReader(mirror) as blobs:
            yield listing, from_mirror(blobs)


def _scratch(mirror: Path) -> tempfile.TemporaryDirectory[str]:
    """Beside the workers' clone, where there is room for clones, and where what a killed plan left goes with it."""
    try:
        mirror.parent.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(prefix=f".{mirror.name}.plan-", dir=mirror.parent)
    except OSError:
        return tempfile.TemporaryDirectory(prefix="pampax-plan-")


def _folder(root: Path, patterns: tuple[tuple[str, ...], tuple[str, ...]], ref: str) -> tuple[Listing, Read]:
    try:
        listing = list_folder(root, *patterns, skip=path_rule(patterns[0]))
    except LocalIOError as error:
        raise FailedPrecondition(error.message, reason="SOURCE_UNREADABLE") from error
    if ref not in ("", listing.ref):
        message = f"the folder has {listing.ref!r} checked out: check {ref!r} out, or plan without a ref"
        raise FailedPrecondition(message, reason="REF_NOT_CHECKED_OUT")
    return listing, from_folder(root)
