"""The breaker with a clock of its own: when it opens, what it lets through, when it closes."""

from __future__ import annotations

import pytest

from pampax.runtime.policy.breaker import Breaker, Outcome, State
from pampax.runtime.policy.model import BreakerRule

RULE = BreakerRule(failures=3, window_s=10.0, open_s=2.0)


class Trial:
    """A breaker, its clock and what it told of its changes."""

    def __init__(self) -> None:
        self.now = 100.0
        self.changes: list[State] = []
        self.breaker = Breaker(RULE, lambda: self.now, lambda _before, after: self.changes.append(after))

    def call(self, outcome: Outcome) -> bool:
        ticket = self.breaker.enter()
        if ticket is None:
            return False
        self.breaker.leave(ticket, outcome)
        return True

    def fail(self, times: int = 1) -> None:
        for _ in range(times):
            assert self.call(Outcome.FAILED)


@pytest.fixture
def trial() -> Trial:
    return Trial()


def test_it_opens_after_failures_in_a_row_and_refuses_at_once(trial: Trial) -> None:
    trial.fail(3)

    assert trial.breaker.state is State.OPEN
    assert trial.breaker.enter() is None
    assert not trial.breaker.would_admit
    assert trial.breaker.retry_after_s == 2.0


def test_one_failure_is_not_enough(trial: Trial) -> None:
    trial.fail()

    assert trial.breaker.state is State.CLOSED
    assert trial.breaker.would_admit
    assert trial.breaker.retry_after_s == 0.0


def test_an_answer_in_between_starts_the_count_anew(trial: Trial) -> None:
    trial.fail(2)
    trial.call(Outcome.ANSWERED)
    trial.fail(2)

    assert trial.breaker.state is State.CLOSED


def test_failures_far_apart_do_not_open_it(trial: Trial) -> None:
    for _ in range(10):
        trial.fail()
        trial.now += 6.0

    assert trial.breaker.state is State.CLOSED


def test_calls_that_were_given_up_say_nothing(trial: Trial) -> None:
    trial.fail(2)
    for _ in range(10):
        trial.call(Outcome.UNKNOWN)
    trial.fail()

    assert trial.breaker.state is State.OPEN


def test_after_its_time_a_single_call_tries_and_an_answer_closes_it(trial: Trial) -> None:
    trial.fail(3)
    trial.now += 2.0

    probe = trial.breaker.enter()
    assert probe is not None
    assert [trial.breaker.enter() for _ in range(5)] == [None] * 5
    assert trial.breaker.retry_after_s == 2.0
    trial.breaker.leave(probe, Outcome.ANSWERED)

    assert trial.changes == [State.OPEN, State.HALF_OPEN, State.CLOSED]
    trial.fail(2)
    assert trial.breaker.state is State.CLOSED  # what was counted before it opened is forgotten


def test_a_call_that_tries_in_vain_keeps_it_open_for_as_long_again(trial: Trial) -> None:
    trial.fail(3)
    trial.now += 2.0
    trial.fail()

    assert trial.breaker.enter() is None
    trial.now += 1.9
    assert trial.breaker.enter() is None
    trial.now += 0.1
    assert trial.breaker.enter() is not None


def test_a_trying_call_that_was_given_up_lets_the_next_one_try(trial: Trial) -> None:
    trial.fail(3)
    trial.now += 2.0
    assert trial.call(Outcome.UNKNOWN)

    assert trial.call(Outcome.ANSWERED)
    assert trial.breaker.state is State.CLOSED


def test_a_trying_call_that_never_came_back_does_not_keep_it_shut_for_ever(trial: Trial) -> None:
    trial.fail(3)
    trial.now += 2.0
    assert trial.breaker.enter() is not None  # and its thread died

    trial.now += 59.0
    assert trial.breaker.enter() is None
    trial.now += 1.0
    assert trial.call(Outcome.ANSWERED)
    assert trial.breaker.state is State.CLOSED


@pytest.mark.parametrize("outcome", [Outcome.ANSWERED, Outcome.FAILED])
def test_a_call_from_before_it_opened_changes_nothing_any_more(trial: Trial, outcome: Outcome) -> None:
    late = trial.breaker.enter()
    assert late is not None
    trial.fail(3)
    trial.now += 2.0
    probe = trial.breaker.enter()
    assert probe is not None

    trial.breaker.leave(late, outcome)

    assert trial.breaker.state is State.HALF_OPEN
    trial.breaker.leave(probe, Outcome.ANSWERED)
    assert trial.breaker.state is State.CLOSED
