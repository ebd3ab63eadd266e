"""What a source holds at one moment: its files, what was left out and why, and the commit it stands on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

REGULAR = 0o100644
EXECUTABLE = 0o100755
# What Linux takes for a path, and as much as manifests hold.
LONGEST_PATH_BYTES = 4096

# (path, size in bytes) -> why this file is left out, or None to keep it; asked before the content is read.
SkipRule = Callable[[str, int], str | None]


class SourceFile(NamedTuple):
    """One file. `path` is POSIX, relative to the source's root and valid UTF-8; `blob_id` is git's, 40 hex digits.

    `size` is in bytes; `mode` is REGULAR or EXECUTABLE.
    """

    path: str
    blob_id: str
    size: int
    mode: int


@dataclass(frozen=True, slots=True)
class Skipped:
    r"""A file that was left out. `path` is always valid UTF-8: bytes that are not are shown as `\xNN`.

    Reasons given here: name (not UTF-8, not a safe path, or longer than file systems take), excluded,
    ignored (by a .pampaxignore; a whole folder may
    be one entry), symlink, special, submodule, lfs_pointer, unreadable; a SkipRule adds its own.
    """

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a source, both tuples sorted by path.

    `commit` is 40 hex digits, or "" where there is none (plain folder, repository without commits or with SHA-256 ids).
    `dirty`: the listed files are not exactly the commit's; always False without a commit. `ref` is the branch, "HEAD"
    when detached, "worktree" for a plain folder.
    """

    files: tuple[SourceFile, ...]
    skipped: tuple[Skipped, ...]
    commit: str
    ref: str
    dirty: bool


def sorted_listing(
    files: list[SourceFile], skipped: list[Skipped], *, commit: str, ref: str, dirty: bool = False
) -> Listing:
    """A Listing in its fixed order."""
    by_path = sorted(files, key=lambda file: file.path)
    left_out = sorted(skipped, key=lambda entry: (entry.path, entry.reason))
    return Listing(tuple(by_path), tuple(left_out), commit, ref, dirty)


def mode_of(permissions: int) -> int:
    """Git's mode for a regular file: only the owner's executable bit counts."""
    return EXECUTABLE if permissions & 0o100 else REGULAR
