"""Open files below a root folder without ever following a link, whatever changes on disk meanwhile."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from pampax.core.errors import LocalIOError

_CHUNK_BYTES = 1 << 20
# A file that keeps changing length while it is hashed has no content to speak of.
_HASH_ATTEMPTS = 3
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_LONGEST_CHAIN = 64
# O_NONBLOCK: opening a pipe that nobody writes to would wait for ever.
_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@contextmanager
def opened_root(root: Path) -> Iterator[int]:
    """The root as a folder descriptor; a root that is itself a link is followed. Raises LocalIOError."""
    try:
        descriptor = os.open(root, _FOLDER_FLAGS)
    except FileNotFoundError as error:
        raise LocalIOError(f"no such folder: {root}; check the path") from error
    except NotADirectoryError as error:
        raise LocalIOError(f"not a folder: {root}; name the folder that holds the files") from error
    except (OSError, ValueError) as error:
        raise LocalIOError(f"cannot read the folder {root}: {_why(error)}") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def opened_parent(root_fd: int, path: bytes) -> Iterator[tuple[int, bytes]]:
    """The folder that holds `path` and the last name in it. Raises OSError; a link on the way is NotADirectoryError."""
    *folders, name = path.split(b"/")
    current = os.dup(root_fd)
    try:
        for folder in folders:
            following = os.open(folder, _FOLDER_FLAGS | os.O_NOFOLLOW, dir_fd=current)
            os.close(current)
            current = following
        yield current, name
    finally:
        os.close(current)


class Chain:
    """The same for many paths, one after the other: what leads to the last one stays open for the next.

    A context manager. Most paths that follow one another differ in their last parts, and opening is what a listing of
    known files costs.
    """

    def __init__(self, root_fd: int) -> None:
        self._root_fd = root_fd
        self._names: list[bytes] = []
        self._open: list[int] = []
        self._folder: bytes | None = None  # that the last path was in

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._shorten(0)

    def parent(self, path: bytes) -> tuple[int, bytes]:
        """What `opened_parent` gives, open until the next call."""
        folder, _, name = path.rpartition(b"/")
        if folder != self._folder:
            self._folder = None  # until it is open
            self._enter(folder)
            self._folder = folder
        return (self._open[-1] if self._open else self._root_fd), name

    def _enter(self, folder: bytes) -> None:
        folders = folder.split(b"/") if folder else []
        if len(folders) > _LONGEST_CHAIN:
            self._enter_deep(folder)
            return
        same = 0
        for known, wanted in zip(self._names, folders, strict=False):
            if known != wanted:
                break
            same += 1
        self._shorten(same)
        for folder in folders[same:]:
            flags = _FOLDER_FLAGS | os.O_NOFOLLOW
            self._open.append(os.open(folder, flags, dir_fd=self._open[-1] if self._open else self._root_fd))
            self._names.append(folder)

    def read(self, path: bytes, limit: int) -> bytes:
        """The bytes of one file, at most `limit` of them. Raises OSError."""
        parent, name = self.parent(path)
        with opened_file(parent, name) as descriptor, os.fdopen(descriptor, "rb", closefd=False) as stream:
            return stream.read(limit)

    def _enter_deep(self, folder: bytes) -> None:
        """One so deep that a descriptor for each of those that lead to it would be too many."""
        self._shorten(0)
        with opened_parent(self._root_fd, folder + b"/.") as (descriptor, _):
            self._open.append(os.dup(descriptor))
        self._names.append(b"/")  # like no folder's name: the next path begins at the root

    def _shorten(self, length: int) -> None:
        while len(self._open) > length:
            os.close(self._open.pop())
            self._names.pop()


@contextmanager
def opened_file(parent_fd: int, name: bytes) -> Iterator[int]:
    """A regular file for reading. Raises OSError: ELOOP for a link, EINVAL for anything else that is not a file."""
    descriptor = os.open(name, _FILE_FLAGS, dir_fd=parent_fd)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        yield descriptor
    finally:
        os.close(descriptor)


def hashed(descriptor: int) -> tuple[str, int]:
    """Git's blob id of the bytes on disk, unfiltered, and their number. Raises OSError if they keep changing."""
    for _ in range(_HASH_ATTEMPTS):
        size = os.fstat(descriptor).st_size
        digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
        count = 0
        os.lseek(descriptor, 0, os.SEEK_SET)
        while count <= size and (chunk := os.read(descriptor, _CHUNK_BYTES)):
            digest.update(chunk)
            count += len(chunk)
        if count == size:
            return digest.hexdigest(), size
    raise OSError(errno.EAGAIN, "the file keeps changing")


def read_below(root_fd: int, path: bytes, limit: int | None = None) -> bytes:
    """The bytes of one file, at most `limit` of them. Raises OSError."""
    with (
        opened_parent(root_fd, path) as (parent, name),
        opened_file(parent, name) as descriptor,
        os.fdopen(descriptor, "rb", closefd=False) as stream,
    ):
        return stream.read(-1 if limit is None else limit)


def read_file(root: Path, path: str) -> bytes:
    """The bytes of one file. Raises LocalIOError: also for links anywhere in it, `..`, `.git`, absolute paths."""
    raw = path.encode("utf-8", "surrogateescape")
    if any(part in (b"", b".", b"..", b".git") for part in raw.split(b"/")) or b"\0" in raw:
        raise LocalIOError(f"not a path below the folder: {path!r}")
    with opened_root(root) as root_fd:
        try:
            return read_below(root_fd, raw)
        except OSError as error:
            raise LocalIOError(f"cannot read {path!r} below {root}: {_why(error)}") from error


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, OSError) and error.errno in (errno.ELOOP, errno.ENOTDIR):
        return "a link or a file stands on the way, and links are not followed"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
