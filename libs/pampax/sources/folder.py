"""A local folder as a source: its present contents, uncommitted changes included."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pampax.sources.below import Chain, hashed, opened_file, opened_root, read_file
from pampax.sources.candidate import Candidate
from pampax.sources.hashes import Hashes
from pampax.sources.ignoring import IGNORE_FILE, IGNORE_FILE_BYTES, OwnRules
from pampax.sources.lfs import LFS_POINTER, is_pointer, may_be_pointer
from pampax.sources.model import Listing, Skipped, SkipRule, SourceFile, mode_of, sorted_listing
from pampax.sources.patterns import PathFilter, path_filter
from pampax.sources.walk import walk
from pampax.sources.worktree import differs, find_work_tree

__all__ = ["list_folder", "read_file"]

# A path that git lists and that is not there: deleted, or a parent has become a link or a file.
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


def list_folder(
    root: Path,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    *,
    on_progress: Callable[[int], None] | None = None,
    skip: SkipRule | None = None,
    hashes: Hashes | None = None,
) -> Listing:
    """The files below `root`, hashed as they are on disk, without any of git's filters.

    In a git work tree: what git tracks or would add, of this folder only; git reads the user's own ignore file as well.
    Elsewhere: everything that no .gitignore names. What git ignores is not reported; everything else left out is, by
    .pampaxignore files too, which count for tracked files as well. Links are never followed. `on_progress` hears the
    number of paths examined so far, after each; files that `hashes` knows are not read. Raises LocalIOError, and
    InvalidRequest for a bad pattern.
    """
    wanted = path_filter(include, exclude)
    with opened_root(root) as root_fd, Chain(root_fd) as chain:
        tree = find_work_tree(root.resolve())
        own = OwnRules(partial(own_ignore_file, chain))
        candidates: Iterable[Candidate] = walk(chain, own) if tree is None else own.told(tree.candidates)
        examiner = _Examiner(chain, wanted, skip, Hashes(most=0) if hashes is None else hashes)
        files: list[SourceFile] = []
        skipped: list[Skipped] = []
        for count, candidate in enumerate(candidates, start=1):
            found = examiner.examine(candidate)
            if isinstance(found, SourceFile):
                files.append(found)
            elif found is not None:
                skipped.append(found)
            if on_progress is not None:
                on_progress(count)
    if tree is None:
        return sorted_listing(files, skipped, commit="", ref="worktree")
    listing = sorted_listing(files, skipped, commit=tree.commit, ref=tree.ref)
    return replace(listing, dirty=differs(tree, listing))


def own_ignore_file(chain: Chain, folder: bytes) -> bytes | None:
    """What OwnRules reads: the folder's .pampaxignore."""
    try:
        found = chain.read(folder + b"/" + IGNORE_FILE if folder else IGNORE_FILE, IGNORE_FILE_BYTES + 1)
    except OSError:
        return None  # there is none, or one that cannot be read
    return found if len(found) <= IGNORE_FILE_BYTES else None


@dataclass(frozen=True, slots=True)
class _Examiner:
    chain: Chain
    wanted: PathFilter
    skip: SkipRule | None
    hashes: Hashes

    def examine(self, candidate: Candidate) -> SourceFile | Skipped | None:
        """The file, why it is left out, or None when it is no longer there."""
        try:
            path = candidate.path.decode("utf-8")
        except UnicodeDecodeError:
            return Skipped(candidate.path.decode("utf-8", "backslashreplace"), "name")
        if not self.wanted.admits(path):
            return Skipped(path, "excluded")
        if candidate.reason:
            return Skipped(path, candidate.reason)
        try:
            return self._read(candidate, path)
        except OSError as error:
            return None if error.errno in _GONE else Skipped(path, "unreadable")

    def _read(self, candidate: Candidate, path: str) -> SourceFile | Skipped | None:
        parent, name = self.chain.parent(candidate.path)
        before_ns = self.hashes.now()
        status = os.stat(name, dir_fd=parent, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            return None  # a tracked file that a folder has replaced; git lists the folder's files by themselves
        if not stat.S_ISREG(status.st_mode):
            return Skipped(path, "symlink" if stat.S_ISLNK(status.st_mode) else "special")
        known = self.hashes.find(status)
        if known is None and may_be_pointer(status.st_size) and _is_pointer(parent, name):
            return Skipped(path, LFS_POINTER)
        reason = self.skip(path, status.st_size) if self.skip is not None else None
        if reason is not None:
            return Skipped(path, reason)
        mode = candidate.mode or mode_of(status.st_mode)
        if known is not None:
            return SourceFile(path, known, status.st_size, mode)
        with opened_file(parent, name) as descriptor:
            blob_id, size = hashed(descriptor)
        self.hashes.keep(status, before_ns, blob_id, size)
        return SourceFile(path, blob_id, size, mode)


def _is_pointer(parent_fd: int, name: bytes) -> bool:
    with opened_file(parent_fd, name) as descriptor:
        return is_pointer(os.read(descriptor, os.fstat(descriptor).st_size))
