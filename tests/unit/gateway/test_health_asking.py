"""One part is asked: within its time, and never with an error."""

from __future__ import annotations

import asyncio

import pytest

from pampax.core.errors import DeadlineExceeded, Unavailable
from pampax.gateway.health.asking import asked

PATIENCE_S = 60.0


async def well() -> str:
    return "well"


async def never() -> None:
    await asyncio.sleep(PATIENCE_S)


async def raises(error: Exception) -> None:
    raise error


async def test_an_answer_is_what_was_said_and_how_long_it_took() -> None:
    answer = await asked(well())
    assert (answer.value, answer.problem) == ("well", "")
    assert answer.took_ms > 0


@pytest.mark.parametrize("question", [never(), raises(DeadlineExceeded("ask for less"))])
async def test_a_part_that_is_late_is_late_whoever_noticed(question) -> None:
    answer = await asked(question, 0.05)
    assert (answer.value, answer.problem) == (None, "no answer within 50 ms")


async def test_the_parts_own_words_are_kept() -> None:
    assert (await asked(raises(Unavailable("it is away")))).problem == "it is away"


async def test_what_nobody_foresaw_is_told_without_its_text() -> None:
    answer = await asked(raises(ValueError("a secret")))
    assert answer.problem == "cannot be examined (ValueError); the gateway's log says why"


async def test_a_late_part_is_left_behind_and_its_error_is_nobodys() -> None:
    """One that takes its time even to end, as a question to a frozen database does."""
    ended = asyncio.Event()

    async def stubborn() -> None:
        try:
            await asyncio.sleep(PATIENCE_S)
        except asyncio.CancelledError:
            await asyncio.sleep(0.1)
            ended.set()
            raise ValueError("at last") from None

    assert (await asked(stubborn(), 0.01)).value is None
    assert not ended.is_set()
    async with asyncio.timeout(PATIENCE_S):
        await ended.wait()
    await asyncio.sleep(0)


async def test_a_question_ends_with_the_one_who_asked() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def question() -> None:
        begun.set()
        try:
            await asyncio.sleep(PATIENCE_S)
        finally:
            ended.set()

    caller = asyncio.ensure_future(asked(question(), PATIENCE_S))
    await begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    async with asyncio.timeout(PATIENCE_S / 4):
        await ended.wait()
