"""Two parser processes behind the calls of one: parsing is the longest part of a first index."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing

from pampax.codeintel.model import Analysis
from pampax.codeintel.parser_process import DEFAULT_TIMEOUT_S, ParseFailed, ParserProcess

# More would only wait: what is done with their answers takes one core, the database half of one.
PROCESSES = 2
# Fewer are parsed in the time that starting a second process takes, or nearly so.
SHARED_FROM = 32


class Parsers:
    """Like `ParserProcess`, and not for use by two threads at once either."""

    def __init__(self) -> None:
        self._processes = [ParserProcess() for _ in range(PROCESSES)]
        self._last = self._processes[0]

    def parse(self, language: str, content: bytes, timeout_s: float = DEFAULT_TIMEOUT_S) -> Analysis:
        """Where the last answer came from: after a failure, nothing is under way there."""
        return self._last.parse(language, content, timeout_s)

    def parse_all(
        self, requests: Sequence[tuple[str, bytes]], timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> Generator[Analysis | ParseFailed, None, None]:
        """Many are dealt out in turn, and answered in their own order."""
        processes = self._processes if len(requests) >= SHARED_FROM else self._processes[:1]
        turns = len(processes)
        with ExitStack() as stack:
            answers = [
                stack.enter_context(closing(process.parse_all(requests[first::turns], timeout_s)))
                for first, process in enumerate(processes)
            ]
            for number in range(len(requests)):
                self._last = processes[number % turns]
                yield next(answers[number % turns])

    def close(self) -> None:
        for process in self._processes:
            process.close()
