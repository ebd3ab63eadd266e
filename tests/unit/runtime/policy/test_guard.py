"""What counts as a failure of the one that was asked, when it is asked again, and what everybody hears meanwhile."""

from __future__ import annotations

import asyncio
import contextvars
import json
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from pampax.core.errors import (
    Cancelled,
    DeadlineExceeded,
    Internal,
    NotFound,
    PampaxError,
    ResourceExhausted,
    Unavailable,
)
from pampax.runtime import context
from pampax.runtime.logging import configure_logging
from pampax.runtime.policy import BREAKER_OPEN, TARGET, Backoff, BreakerRule, Guard, Policy
from pampax.runtime.policy import tries as tries_module
from pampax.runtime.policy.budget import RetryBudget
from pampax.runtime.telemetry.metrics import REGISTRY

RULE = BreakerRule(failures=2, window_s=10.0, open_s=1.0)
NO_WAIT = Backoff(0.0, 0.0)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def guard(clock: Clock, request: pytest.FixtureRequest) -> Guard:
    """Its target is called like the test, so that its metrics are its own."""
    return Guard(Policy(request.node.name, timeout_s=4.0, retries=2, backoff=NO_WAIT, breaker=RULE), clock=clock)


def value(name: str, guard: Guard, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, {"target": guard.policy.target, **labels}) or 0.0


def attempt(guard: Guard, error: BaseException | None = None, *, after: Callable[[], None] = lambda: None) -> None:
    with suppress(type(error) if error is not None else ValueError), guard.attempt():
        after()
        if error is not None:
            raise error


def failing(*errors: PampaxError) -> tuple[Callable[[float], Awaitable[str]], list[float]]:
    """Raises these one after the other, then answers; and the time that each try was given."""
    left, given = list(errors), []

    async def ask(left_s: float) -> str:
        given.append(left_s)
        if left:
            raise left.pop(0)
        return "answer"

    return ask, given


async def alone(work: Callable[[], Awaitable[Any]], *, within_s: float | None = None) -> Any:
    """As one request with a deadline of its own."""

    async def request() -> Any:
        if within_s is not None:
            context.enter_deadline(within_s)
        return await work()

    return await asyncio.create_task(request(), context=contextvars.Context())


def test_unavailable_in_a_row_opens_and_the_refusal_says_what_to_do(guard: Guard) -> None:
    for _ in range(2):
        attempt(guard, Unavailable("away"))

    assert not guard.available
    with pytest.raises(Unavailable) as caught, guard.attempt():
        pytest.fail("it was asked")
    assert caught.value.reason == BREAKER_OPEN
    assert guard.policy.target in caught.value.message
    assert "pampax health" in caught.value.message
    assert caught.value.metadata == {TARGET: guard.policy.target}
    assert 0 < (caught.value.retry_after_s or 0) <= 1.0


@pytest.mark.parametrize(
    "error",
    [
        NotFound("no such ref"),
        Internal("bug"),
        ResourceExhausted("above the quota"),
        Unavailable("Postgres is away", metadata={TARGET: "postgres"}),
    ],
    ids=lambda error: type(error).__name__,
)
def test_who_answers_is_not_to_blame_for_what_it_says(guard: Guard, error: PampaxError) -> None:
    attempt(guard, Unavailable("away"))
    attempt(guard, error)
    attempt(guard, Unavailable("away"))

    assert guard.available


def test_a_deadline_after_a_fair_time_is_the_targets_failure(guard: Guard, clock: Clock) -> None:
    def wait() -> None:
        clock.now += 2.0

    for _ in range(2):
        attempt(guard, DeadlineExceeded("late"), after=wait)

    assert not guard.available


def test_a_deadline_of_a_caller_in_a_hurry_says_nothing(guard: Guard) -> None:
    for _ in range(10):
        attempt(guard, DeadlineExceeded("late"))

    assert guard.available


def test_who_gave_up_waiting_has_no_answer(guard: Guard) -> None:
    attempt(guard, Unavailable("away"))
    attempt(guard, Cancelled("the operation was cancelled"))
    attempt(guard, Unavailable("away"))

    assert not guard.available


def test_one_slow_question_does_not_close_the_door_on_the_others(guard: Guard, clock: Clock) -> None:
    def wait() -> None:
        clock.now += 4.0

    for _ in range(5):
        attempt(guard, DeadlineExceeded("late"), after=wait)
        attempt(guard)

    assert guard.available


@pytest.mark.parametrize("error", [asyncio.CancelledError(), ValueError("a bug of ours")], ids=["left", "bug"])
def test_a_caller_that_leaves_or_fails_says_nothing(guard: Guard, clock: Clock, error: BaseException) -> None:
    def wait() -> None:
        clock.now += 4.0

    for _ in range(5):
        attempt(guard, error, after=wait)

    assert guard.available


async def test_a_call_that_the_deadline_cancelled_counts_as_one(guard: Guard, clock: Clock) -> None:
    def wait() -> None:
        clock.now += 4.0

    async def cancelled() -> None:
        attempt(guard, asyncio.CancelledError(), after=wait)

    for _ in range(2):
        await alone(cancelled, within_s=0.0)

    assert not guard.available


async def test_a_call_is_tried_again_until_it_is_answered(guard: Guard) -> None:
    ask, given = failing(Unavailable("not now"))

    assert await guard.call("Ask", ask) == "answer"

    assert len(given) == 2
    assert value("pampax_retries_total", guard) == 1
    assert value("pampax_client_calls_total", guard, method="Ask", status="UNAVAILABLE") == 1
    assert value("pampax_client_calls_total", guard, method="Ask", status="OK") == 1
    assert value("pampax_client_call_seconds_count", guard, method="Ask") == 1


def test_a_thread_tries_again_as_well_and_pauses_as_it_likes(guard: Guard) -> None:
    pauses: list[float] = []
    errors = [Unavailable("not now", retry_after_s=0.25)]

    def ask(left_s: float) -> str:
        if errors:
            raise errors.pop()
        return "answer"

    assert guard.call_blocking("Ask", ask, sleep=pauses.append) == "answer"
    assert pauses == [0.25]


def test_a_thread_hears_the_last_error_when_no_try_is_left(guard: Guard) -> None:
    def ask(left_s: float) -> str:
        raise NotFound("no such ref")

    with pytest.raises(NotFound):
        guard.call_blocking("Ask", ask)
    with pytest.raises(Unavailable):
        guard.call_blocking("Ask", lambda left_s: _raise(Unavailable("away")), retries=0)


def _raise(error: Exception) -> str:
    raise error


@pytest.mark.parametrize(
    ("error", "retries"),
    [
        (Unavailable("away"), 0),
        (Unavailable("come back much later", retry_after_s=60), 2),
        (Unavailable("another part is left alone", reason=BREAKER_OPEN), 2),
        (NotFound("no such ref"), 2),
    ],
)
async def test_what_would_do_harm_or_not_help_is_not_tried_again(
    guard: Guard, error: PampaxError, retries: int
) -> None:
    ask, given = failing(error)

    with pytest.raises(type(error)):
        await guard.call("Ask", ask, retries=retries)

    assert len(given) == 1


async def test_an_open_breaker_ends_a_call_without_another_try(guard: Guard) -> None:
    ask, given = failing(*(Unavailable("away") for _ in range(5)))

    with pytest.raises(Unavailable) as caught:
        await guard.call("Ask", ask)

    assert len(given) == 2
    assert caught.value.reason == BREAKER_OPEN
    assert value("pampax_breaker_opened_total", guard) == 1
    assert value("pampax_breaker_state", guard) == 2


async def test_retries_stop_when_their_budget_is_used_up(request: pytest.FixtureRequest) -> None:
    guard = Guard(Policy(request.node.name, timeout_s=4.0, retries=1, backoff=NO_WAIT, breaker=None))
    tried = 0
    for _ in range(40):
        ask, given = failing(Unavailable("away"), Unavailable("away"))
        with pytest.raises(Unavailable):
            await guard.call("Ask", ask)
        tried += len(given)

    assert 40 + 10 <= tried <= 40 + 10 + 4
    assert value("pampax_retry_budget_exhausted_total", guard) == 80 - tried


async def test_tries_share_the_time_and_the_requests_deadline_goes_before(guard: Guard) -> None:
    ask, given = failing(Unavailable("away", retry_after_s=0.01))

    await alone(lambda: guard.call("Ask", ask), within_s=1.0)

    assert 1.0 >= given[0] > given[1]


async def test_nothing_is_asked_when_no_time_is_left(guard: Guard) -> None:
    ask, given = failing()

    with pytest.raises(DeadlineExceeded, match="no time is left"):
        await alone(lambda: guard.call("Ask", ask), within_s=-1.0)

    assert not given


async def test_no_try_begins_after_the_time_is_up(guard: Guard) -> None:
    ask, given = failing(Unavailable("away", retry_after_s=0.9))

    with pytest.raises(Unavailable):
        await guard.call("Ask", ask, timeout_s=0.5)

    assert len(given) == 1


def test_pauses_grow_and_keep_to_their_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, high: high)
    policy = Policy("t", timeout_s=60.0, retries=9, backoff=Backoff(0.05, 0.2))
    tries = tries_module.Tries(policy, RetryBudget(), "Ask", 60.0, None)
    pauses = []
    for _ in range(4):
        with pytest.raises(Unavailable), tries.counted():
            raise Unavailable("away")
        assert tries.may_go_on(Unavailable("away"))
        pauses.append(tries.pause_s)

    assert pauses == [0.05, 0.1, 0.2, 0.2]


def test_a_change_of_state_is_one_line_however_often_it_is_asked(
    guard: Guard, clock: Clock, capfd: pytest.CaptureFixture[str]
) -> None:
    configure_logging("test", "info", "json")
    for _ in range(20):
        attempt(guard, Unavailable("away"))
        clock.now += 0.3
    clock.now += 1.0
    attempt(guard)

    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [line["msg"] for line in lines] == ["breaker opened", "breaker closed"]
    assert {line["target"] for line in lines} == {guard.policy.target}
    assert value("pampax_breaker_state", guard) == 0


def test_one_of_many_that_is_left_alone_does_not_speak_for_all(clock: Clock, request: pytest.FixtureRequest) -> None:
    guard = Guard(Policy(request.node.name, timeout_s=4.0, breaker=RULE), name="https://git.test", clock=clock)
    for _ in range(3):
        attempt(guard, Unavailable("away"))

    assert not guard.available
    assert value("pampax_breaker_opened_total", guard) == 1
    assert REGISTRY.get_sample_value("pampax_breaker_state", {"target": guard.policy.target}) is None


async def test_a_call_that_was_not_made_is_counted_apart(guard: Guard) -> None:
    ask, _ = failing(Unavailable("away"), Unavailable("away"))
    for _ in range(2):
        with pytest.raises(Unavailable):
            await guard.call("Ask", ask, retries=1)

    assert value("pampax_client_calls_total", guard, method="Ask", status="UNAVAILABLE") == 2
    assert value("pampax_client_calls_total", guard, method="Ask", status=BREAKER_OPEN) == 1


async def test_a_refusal_of_a_part_behind_the_target_is_its_answer(guard: Guard) -> None:
    ask, _ = failing(Unavailable("left alone", reason=BREAKER_OPEN, metadata={TARGET: "postgres"}))
    with pytest.raises(Unavailable):
        await guard.call("Ask", ask)

    assert value("pampax_client_calls_total", guard, method="Ask", status="UNAVAILABLE") == 1
