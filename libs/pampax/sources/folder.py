"""A local folder as a source: its present contents, uncommitted changes included."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pampax.sources.below import hashed, opened_file, opened_parent, opened_root, read_file
from pampax.sources.model import Listing, Skipped, SkipRule, SourceFile, mode_of, sorted_listing
from pampax.sources.patterns import PathFilter, path_filter
from pampax.sources.walk import Candidate, walk
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
) -> Listing:
    """The files below `root`, hashed as they are on disk, without any of git's filters.

    In a git work tree: what git tracks or would add, of this folder only. Elsewhere: everything that no .gitignore
    names. Ignored files are not reported; everything else left out is. Links are never followed. `on_progress` hears
    the number of paths examined so far, after each. Raises LocalIOError, and InvalidRequest for a bad pattern.
    """
    wanted = path_filter(include, exclude)
    with opened_root(root) as root_fd:
        tree = find_work_tree(root.resolve())
        candidates: Iterable[Candidate] = walk(root_fd) if tree is None else tree.candidates
        examiner = _Examiner(root_fd, wanted, skip)
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


@dataclass(frozen=True, slots=True)
class _Examiner:
    root_fd: int
    wanted: PathFilter
    skip: SkipRule | None

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
        with opened_parent(self.root_fd, candidate.path) as (parent, name):
            status = os.stat(name, dir_fd=parent, follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                return None  # a tracked file that a folder has replaced; git lists the folder's files by themselves
            if not stat.S_ISREG(status.st_mode):
                return Skipped(path, "symlink" if stat.S_ISLNK(status.st_mode) else "special")
            reason = self.skip(path, status.st_size) if self.skip is not None else None
            if reason is not None:
                return Skipped(path, reason)
            with opened_file(parent, name) as descriptor:
                blob_id, size = hashed(descriptor)
        return SourceFile(path, blob_id, size, candidate.mode or mode_of(status.st_mode))
