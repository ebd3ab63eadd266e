"""Read many blobs of a mirror through one git process."""

from __future__ import annotations

import os
import re
import selectors
import subprocess
import time
from pathlib import Path
from types import TracebackType

from pampax.core.errors import DeadlineExceeded, Internal, InvalidRequest, NotFound
from pampax.sources.command import start_git, stop_git
from pampax.sources.damage import note_damage

_BLOB_ID = re.compile(r"[0-9a-f]{40}")
_CHUNK_BYTES = 1 << 16
# Every git knows it, whatever the repository holds.
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


class _EndedError(Exception):
    """git has ended by itself."""


class BlobReader:
    """Context manager over one `git cat-file --batch`. Not for several threads at once.

    `timeout_s` bounds each read. After an error other than NotFound and InvalidRequest the reader is of no more use.
    git ends at a blob that it cannot read: then another one is started, and the mirror is noted as damaged.
    """

    def __init__(self, directory: Path, *, timeout_s: float = 30.0) -> None:
        self._directory = directory
        self._timeout_s = timeout_s
        self._buffer = bytearray()
        self._process: subprocess.Popen[bytes] | None = None
        self._deadline = 0.0

    def __enter__(self) -> BlobReader:
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def read(self, blob_id: str) -> bytes:
        """The blob's bytes, whole in memory. Raises NotFound (BLOB_NOT_FOUND, BLOB_BROKEN), DeadlineExceeded, and
        Internal when git reads nothing at all."""
        if not _BLOB_ID.fullmatch(blob_id):
            raise InvalidRequest(f"not a blob id of 40 hex digits: {blob_id[:80]!r}")
        self._deadline = time.monotonic() + self._timeout_s
        try:
            kind, content = self._object(blob_id)
        except _EndedError as error:
            self._restart()
            note_damage(self._directory)
            raise NotFound(f"blob {blob_id} is damaged in the mirror", reason="BLOB_BROKEN") from error
        if content is None:
            raise NotFound(f"blob {blob_id} is not in the mirror", reason="BLOB_NOT_FOUND")
        if kind != b"blob":
            raise NotFound(f"{blob_id} is a {kind.decode()}, not a blob", reason="BLOB_NOT_FOUND")
        return content

    def _object(self, object_id: str) -> tuple[bytes, bytes | None]:
        """(kind, content); no content when it is missing."""
        self._ask(object_id)
        header = self._take_line().split()
        if len(header) != 3:  # `<id> missing`
            return b"", None
        return header[1], self._take(int(header[2]) + 1)[:-1]

    def _start(self) -> None:
        self._buffer.clear()
        self._process = start_git(["cat-file", "--batch"], directory=self._directory, stdin=subprocess.PIPE)

    def _stop(self) -> None:
        if self._process is not None:
            stop_git(self._process)
            self._process = None

    def _restart(self) -> None:
        """Internal when not even the simplest question is answered."""
        self._stop()
        self._start()
        try:
            self._object(_EMPTY_TREE)
        except _EndedError as error:
            raise Internal(f"git cat-file ended unexpectedly for {self._directory}") from error

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise Internal("BlobReader is used outside its with block")
        return self._process

    def _ask(self, blob_id: str) -> None:
        stdin = self._running().stdin
        try:
            if stdin is not None:
                stdin.write(blob_id.encode() + b"\n")
        except OSError as error:
            raise _EndedError from error

    def _take_line(self) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0:
            self._fill()
        return self._take(end + 1)[:-1]

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._fill()
        taken = bytes(memoryview(self._buffer)[:count])
        del self._buffer[:count]
        return taken

    def _fill(self) -> None:
        """Wait for more output, at most until the deadline of this read."""
        stdout = self._running().stdout
        if stdout is None:
            raise Internal("git cat-file has no output pipe")
        left_s = self._deadline - time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            if left_s <= 0 or not selector.select(left_s):
                raise DeadlineExceeded(f"git did not deliver a blob within {self._timeout_s:.0f} s; try again")
        chunk = os.read(stdout.fileno(), _CHUNK_BYTES)
        if not chunk:
            raise _EndedError
        self._buffer += chunk
