"""Steps of a line of work, in threads of their own: while one does one thing, the one before prepares the next."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from types import TracebackType
from typing import ParamSpec, Self, TypeVar, cast

Arguments = ParamSpec("Arguments")
Item = TypeVar("Item")


def one_ahead(items: Iterator[Item], name: str) -> Iterator[Item]:
    """The same items, each made in a thread of its own while the one before is used."""
    end = object()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix=name) as thread:

        def following() -> Future[Item | object]:
            context = copy_context()
            return thread.submit(lambda: context.run(next, items, end))

        waited = following()
        while (item := waited.result()) is not end:
            waited = following()
            yield cast("Item", item)


class Step:
    """A context manager, whose end waits for what was given. An error in the thread is raised by a later `give` or at
    the end; what was given meanwhile is left undone."""

    def __init__(self, name: str, *, ahead: int) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._ahead = ahead
        self._given: deque[Future[None]] = deque()

    def give(self, job: Callable[Arguments, None], *arguments: Arguments.args, **named: Arguments.kwargs) -> None:
        """Jobs are done in order. Waits while `ahead` of them are not done."""
        if len(self._given) >= self._ahead:
            self._given.popleft().result()
        context = copy_context()
        self._given.append(self._thread.submit(lambda: context.run(job, *arguments, **named)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            while kind is None and self._given:
                self._given.popleft().result()
        finally:
            self._thread.shutdown(cancel_futures=True)
