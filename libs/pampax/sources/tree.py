"""The files of one commit in a mirror."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pampax.core.errors import InvalidRequest, NotFound
from pampax.sources.command import run_git
from pampax.sources.failure import plain_line
from pampax.sources.model import Listing, Skipped, SkipRule, SourceFile, mode_of, sorted_listing
from pampax.sources.patterns import PathFilter, path_filter

_TIMEOUT_S = 120.0
_COMMIT = re.compile(r"[0-9a-f]{40}")
_LINK = 0o120000
_SUBMODULE = 0o160000


def list_commit(
    directory: Path,
    commit: str,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    skip: SkipRule | None = None,
    *,
    ref: str = "HEAD",
) -> Listing:
    """The files of a commit (40 hex digits) in a mirror, with the rules of list_folder; `ref` is only written down.

    A path that no checkout could hold (`..`, `.git`, an empty part) is skipped as "name". Raises InvalidRequest and
    NotFound.
    """
    if not _COMMIT.fullmatch(commit):
        raise InvalidRequest(f"not a commit id of 40 hex digits: {commit[:80]!r}", fields={"commit": "40 hex digits"})
    wanted = path_filter(include, exclude)
    arguments = ["ls-tree", "-r", "-z", "--long", "--full-tree", commit]
    found = run_git(arguments, directory=directory, timeout_s=_TIMEOUT_S)
    if found.code:
        raise NotFound(f"commit {commit} is not in the mirror: {plain_line(found.stderr)}", reason="COMMIT_NOT_FOUND")
    entries = [_entry(record, wanted, skip) for record in found.stdout.split(b"\0")[:-1]]
    files = [entry for entry in entries if isinstance(entry, SourceFile)]
    skipped = [entry for entry in entries if isinstance(entry, Skipped)]
    return sorted_listing(files, skipped, commit=commit, ref=ref)


def _entry(record: bytes, wanted: PathFilter, skip: SkipRule | None) -> SourceFile | Skipped:
    """One record: `<mode> <kind> <id> <size>\\t<path>`, the size padded and "-" for a submodule."""
    fields, _, raw = record.partition(b"\t")
    mode_text, _, blob, size_text = fields.split()
    mode = int(mode_text, 8)
    path = raw.decode("utf-8", "backslashreplace")
    if path.encode() != raw or not _safe(path):
        return Skipped(path, "name")
    if not wanted.admits(path):
        return Skipped(path, "excluded")
    if mode in (_LINK, _SUBMODULE):
        return Skipped(path, "symlink" if mode == _LINK else "submodule")
    size = int(size_text)
    reason = skip(path, size) if skip is not None else None
    return Skipped(path, reason) if reason is not None else SourceFile(path, blob.decode(), size, mode_of(mode))


def _safe(path: str) -> bool:
    return not any(part in ("", ".", "..") or part.lower() == ".git" for part in path.split("/"))
