import asyncio
from contextlib import suppress

import pytest

from pampax.runtime import background
from pampax.runtime.background import Background


class Work:
    """Goes on for ever, though it forgets so many cancellations."""

    def __init__(self, forgets: int = 0) -> None:
        self._forgets = forgets
        self.begun = asyncio.Event()
        self.ended = False

    async def __call__(self) -> None:
        self.begun.set()
        for _ in range(self._forgets):
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended = True


@pytest.mark.parametrize("forgets", [0, 2])
async def test_closing_ends_the_work_even_when_it_forgets_that_it_was_told(
    forgets: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "AGAIN_AFTER_S", 0.01)
    work = Work(forgets)
    closed = Background(work)
    closed.start()
    await work.begun.wait()
    await closed.close()
    assert work.ended
    await closed.close()


async def test_what_was_never_started_is_closed_at_once() -> None:
    await Background(Work()).close()
