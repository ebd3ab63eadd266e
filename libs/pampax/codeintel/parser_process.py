"""Parsing where it can be killed: a plain child process on pipes, one file at a time.

A grammar may loop or crash on hostile input, so workers parse here and not in themselves. The child is an ordinary
subprocess (Celery's workers may not start multiprocessing children), gets none of the owner's environment, limits its
own memory and ends when its input closes.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import time
from contextlib import suppress
from types import TracebackType
from typing import BinaryIO, Self

from pampax.codeintel.lines import text_lines
from pampax.codeintel.model import Analysis
from pampax.codeintel.parse import analyse
from pampax.codeintel.wire import (
    LENGTH_BYTES,
    decode_analysis,
    decode_request,
    encode_analysis,
    encode_request,
    frame,
    frame_length,
)

DEFAULT_TIMEOUT_S = 10.0  # the slowest real file of 1 MiB takes about one second
CHILD_MEMORY_BYTES = 1024 * 1024 * 1024
MAX_ANSWER_BYTES = 64 * 1024 * 1024  # the densest file of 1 MiB answers with a tenth of this
_PIPE_BYTES = 1024 * 1024
_EXIT_WAIT_S = 1.0
_INHERITED = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "SYSTEMROOT")


class ParseFailed(Exception):
    """The child did not answer; `reason` is "timeout" or "crash". The next call starts a fresh one."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the parser process ended in a {reason}; the file is indexed by lines or skipped")
        self.reason = reason


class ParserProcess:
    """One child, started at the first call and after each failure. Not for use by two threads at once."""

    def __init__(self, *, memory_bytes: int = CHILD_MEMORY_BYTES) -> None:
        self._memory_bytes = memory_bytes
        self._child: subprocess.Popen[bytes] | None = None

    def parse(self, language: str, content: bytes, timeout_s: float = DEFAULT_TIMEOUT_S) -> Analysis:
        """`pampax.codeintel.parse.analyse` in the child. Raises ParseFailed; the time includes starting the child,
        about 0.2 s."""
        deadline = time.monotonic() + timeout_s
        try:
            payload = self._exchange(frame(encode_request(language, content)), deadline)
            return decode_analysis(payload, language, text_lines(content))
        except TimeoutError as late:
            raise self._failed("timeout") from late
        except (OSError, EOFError, ValueError, TypeError, KeyError) as broken:
            raise self._failed("crash") from broken

    def close(self) -> None:
        """End the child, by force when it does not go by itself. Closing twice is harmless."""
        child, self._child = self._child, None
        if child is None:
            return
        _shut_pipes(child)
        try:
            child.wait(_EXIT_WAIT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _failed(self, reason: str) -> ParseFailed:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            _shut_pipes(child)
            child.wait()
        return ParseFailed(reason)

    def _exchange(self, request: bytes, deadline: float) -> bytes:
        child = self._running()
        assert child.stdin is not None
        assert child.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(child.stdin, selectors.EVENT_WRITE)
            selector.register(child.stdout, selectors.EVENT_READ)
            return _send_and_receive(selector, child.stdin.fileno(), child.stdout.fileno(), request, deadline)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self.close()
            self._child = _start(self._memory_bytes)
        return self._child


def _start(memory_bytes: int) -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    child = subprocess.Popen(
        [sys.executable, "-m", "pampax.codeintel.parser_process", str(memory_bytes)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a traceback could hold source text
        env=environment,
        bufsize=0,
        start_new_session=True,  # Ctrl-C on a terminal is for the owner, who then closes the pipe
    )
    assert child.stdin is not None
    assert child.stdout is not None
    os.set_blocking(child.stdin.fileno(), False)
    os.set_blocking(child.stdout.fileno(), False)
    return child


def _shut_pipes(child: subprocess.Popen[bytes]) -> None:
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()


def _send_and_receive(
    selector: selectors.BaseSelector, to_child: int, from_child: int, request: bytes, deadline: float
) -> bytes:
    unsent, received = memoryview(request), bytearray()
    while True:
        wanted = LENGTH_BYTES + frame_length(received[:LENGTH_BYTES]) if len(received) >= LENGTH_BYTES else LENGTH_BYTES
        if wanted > MAX_ANSWER_BYTES:
            raise ValueError("the answer is larger than any file can need")
        if len(received) >= wanted > LENGTH_BYTES:
            return bytes(received[LENGTH_BYTES:wanted])
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        for key, _ in selector.select(remaining):
            if key.fd == to_child:
                unsent = unsent[os.write(to_child, unsent[:_PIPE_BYTES]) :]
                if not unsent:
                    selector.unregister(key.fileobj)
            elif part := os.read(from_child, _PIPE_BYTES):
                received += part
            else:
                raise EOFError("the child closed its output")


def _serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """The child's life: one answer for each request until the input ends."""
    while len(header := requests.read(LENGTH_BYTES)) == LENGTH_BYTES:
        language, content = decode_request(requests.read(frame_length(header)))
        answers.write(frame(encode_analysis(analyse(language, content))))
        answers.flush()


def _limit_memory(size: int) -> None:
    try:
        import resource  # not on Windows
    except ImportError:
        return
    with suppress(ValueError, OSError):  # a lower limit that is already set stays
        resource.setrlimit(resource.RLIMIT_AS, (size, size))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    _limit_memory(int(sys.argv[1]))
    _serve(sys.stdin.buffer, sys.stdout.buffer)
