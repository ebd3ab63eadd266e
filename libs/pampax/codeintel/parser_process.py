"""Parsing where it can be killed: a plain child process on pipes, one file at a time, the next ones in the pipe.

A grammar may loop or crash on hostile input, so workers parse here and not in themselves. The child is an ordinary
subprocess (Celery's workers may not start multiprocessing children), gets none of the owner's environment, limits its
own memory and ends when its input closes.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import closing, suppress
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
from pampax.core.children import end_child, shut_pipes, start_child

DEFAULT_TIMEOUT_S = 10.0  # the slowest real file of 1 MiB takes about one second
CHILD_MEMORY_BYTES = 1024 * 1024 * 1024
MAX_ANSWER_BYTES = 64 * 1024 * 1024  # the densest file of 1 MiB answers with a tenth of this
REQUESTS_AHEAD = 8  # the owner may be slow to look: eight small files are 20 ms of the child's work
_PIPE_BYTES = 1024 * 1024
ORPHAN_S = 60.0  # longer than any owner waits for a file
_EXIT_WAIT_S = 1.0
_NO_MEMORY = 70  # exit code of a child that wanted more memory than it may have
# A grammar that gets no memory aborts.
_CAUSES = {_NO_MEMORY: "memory", -signal.SIGABRT: "memory", -signal.SIGKILL: "killed"}


class ParseFailed(Exception):
    """The child did not answer; `reason` is timeout, crash, memory (it wanted more than it may have), killed (by
    somebody else) or output (its answer is too large). The next call starts a fresh one."""

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
        (outcome,) = self.parse_all([(language, content)], timeout_s)
        if isinstance(outcome, ParseFailed):
            raise outcome
        return outcome

    def parse_all(
        self, requests: Sequence[tuple[str, bytes]], timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> Generator[Analysis | ParseFailed, None, None]:
        """`parse` of each (language, content), in order, a failure in the place of what failed.

        The child works on the next ones while the caller looks at an answer; the time of each counts from when the
        caller waits for it. Close it if you do not read it to the end. After a failure nothing is under way, and the
        caller may parse something else before it goes on.
        """
        done = 0
        while done < len(requests):
            with closing(self._answers(requests[done:], timeout_s)) as answers:
                for outcome in answers:
                    done += 1
                    yield outcome

    def _answers(
        self, requests: Sequence[tuple[str, bytes]], timeout_s: float
    ) -> Generator[Analysis | ParseFailed, None, None]:
        """Up to the first failure, with which it ends."""
        failure: ParseFailed | None = None
        unanswered = len(requests)
        try:
            deadline = time.monotonic() + timeout_s
            with _Exchange(self._running()) as exchange:
                for number, (language, content) in enumerate(requests):
                    for following in requests[number + REQUESTS_AHEAD if number else 0 : number + 1 + REQUESTS_AHEAD]:
                        exchange.ask(frame(encode_request(*following)))
                    analysis = decode_analysis(exchange.answer(deadline), language, text_lines(content))
                    unanswered -= 1
                    yield analysis
                    deadline = time.monotonic() + timeout_s
        except TimeoutError:
            failure = ParseFailed("timeout")
        except _TooMuchError:
            failure = ParseFailed("output")
        except (OSError, EOFError, ValueError, TypeError, KeyError):
            failure = ParseFailed(self._cause_of_death())
        finally:
            if unanswered:  # answers that nobody waits for must not be taken for those of others
                self._kill()
        if failure is not None:
            yield failure

    def close(self) -> None:
        """End the child, by force when it does not go by itself. Closing twice is harmless."""
        child, self._child = self._child, None
        if child is not None:
            end_child(child)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _cause_of_death(self) -> str:
        """Of a child that has closed its end, or answered what no child of ours would."""
        child = self._child
        if child is None:
            return "crash"
        try:
            code = child.wait(_EXIT_WAIT_S)
        except subprocess.TimeoutExpired:
            return "crash"
        return _CAUSES.get(code, "crash")

    def _kill(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            shut_pipes(child)
            child.wait()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self.close()
            self._child = _start(self._memory_bytes)
        return self._child


def _start(memory_bytes: int) -> subprocess.Popen[bytes]:
    child = start_child("pampax.codeintel.parser_process", str(memory_bytes), bufsize=0)
    assert child.stdin is not None
    assert child.stdout is not None
    os.set_blocking(child.stdin.fileno(), False)
    os.set_blocking(child.stdout.fileno(), False)
    return child


class _TooMuchError(ValueError):
    """The child answers more than any file can need."""


class _Exchange:
    """Requests on their way to the child and answers on theirs back, in the same order. Neither end waits for the other
    while there is room in the pipes."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stdin is not None
        assert child.stdout is not None
        self._to_child, self._from_child = child.stdin.fileno(), child.stdout.fileno()
        self._unsent, self._received = bytearray(), bytearray()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._from_child, selectors.EVENT_READ)
        self._sending = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._selector.close()

    def ask(self, request: bytes) -> None:
        self._unsent += request

    def answer(self, deadline: float) -> bytes:
        """The payload of the next answer. TimeoutError, EOFError when the child has ended, ValueError."""
        self._send()
        while (payload := self._payload()) is None:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError
            self._move(remaining)
        return payload

    def _payload(self) -> bytes | None:
        if len(self._received) < LENGTH_BYTES:
            return None
        end = LENGTH_BYTES + frame_length(self._received[:LENGTH_BYTES])
        if end > MAX_ANSWER_BYTES:
            raise _TooMuchError("the answer is larger than any file can need")
        if len(self._received) < end:
            return None
        payload = bytes(self._received[LENGTH_BYTES:end])
        del self._received[:end]
        return payload

    def _move(self, wait_s: float) -> None:
        if self._sending != bool(self._unsent):
            self._sending = bool(self._unsent)
            if self._sending:
                self._selector.register(self._to_child, selectors.EVENT_WRITE)
            else:
                self._selector.unregister(self._to_child)
        for key, _ in self._selector.select(wait_s):
            if key.fd == self._to_child:
                self._send()
            elif part := os.read(self._from_child, _PIPE_BYTES):
                self._received += part
            else:
                raise EOFError("the child closed its output")

    def _send(self) -> None:
        """As much as there is room for."""
        if not self._unsent:
            return
        try:
            sent = os.write(self._to_child, bytes(self._unsent[:_PIPE_BYTES]))
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._unsent.clear()  # the end of the child's answers tells how far it came
        else:
            del self._unsent[:sent]


def _serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """The child's life: one answer for each request until the input ends."""
    while len(header := requests.read(LENGTH_BYTES)) == LENGTH_BYTES:
        language, content = decode_request(requests.read(frame_length(header)))
        _alarm(ORPHAN_S)
        answer = frame(encode_analysis(analyse(language, content)))
        _alarm(0)
        answers.write(answer)
        answers.flush()


def _alarm(seconds: float) -> None:
    """The kernel ends a child that works on one file for so long: nobody waits for it any more, and an owner that was
    killed cannot do it."""
    if hasattr(signal, "setitimer"):  # not on Windows
        signal.setitimer(signal.ITIMER_REAL, seconds)


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
    try:
        _serve(sys.stdin.buffer, sys.stdout.buffer)
    except MemoryError:
        os._exit(_NO_MEMORY)  # nothing that needs some of it
