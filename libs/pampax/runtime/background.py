"""What a service does beside its requests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

# Longer than whatever an ended work may still have to put in order.
AGAIN_AFTER_S = 3.0


class Background:
    """One task from `start` to `close`; closing does nothing when it was never started."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._work = work
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._work())

    async def close(self) -> None:
        # Before Python 3.12 asyncio.wait_for, and so every command to Redis, forgets a cancellation that comes with the
        # answer: once may not be enough.
        while self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=AGAIN_AFTER_S)
