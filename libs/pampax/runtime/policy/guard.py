"""A policy at work: what this process knows about one target, and calls made by it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from pampax.core.errors import Cancelled, DeadlineExceeded, PampaxError, Unavailable
from pampax.runtime.context import remaining_s
from pampax.runtime.logging import get_logger
from pampax.runtime.policy.breaker import Breaker, Outcome, State
from pampax.runtime.policy.budget import RetryBudget
from pampax.runtime.policy.model import Policy
from pampax.runtime.policy.tries import BREAKER_OPEN, TARGET, Tries, limited
from pampax.runtime.telemetry.metrics import counter, gauge, histogram

# A call that had less than this share of its timeout has no reason to complain that there was no answer.
_FAIR_SHARE = 0.5
# A cancellation this near to the deadline is the deadline's doing.
_DEADLINE_SLACK_S = 0.05

_SECONDS = histogram("pampax_client_call_seconds")
_STATE = gauge("pampax_breaker_state")
_OPENED = counter("pampax_breaker_opened_total")

_log = get_logger()

Answer = TypeVar("Answer")


class Guard:
    """One for each client of a target in a process. `name` says who exactly it is, where the target is many.

    Threads and tasks may share it.
    """

    def __init__(self, policy: Policy, *, name: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        self.policy = policy
        self._name = name or policy.target
        # Of a target that is many, one that nobody asks again would leave its state to all of them.
        self._shows_state = policy.breaker is not None and not name
        self._clock = clock
        self._budget = RetryBudget()
        self._last_failure = ""
        rule = policy.breaker
        self._breaker = None if rule is None else Breaker(rule, clock, self._changed)
        if self._shows_state:
            _STATE.labels(policy.target).set(State.CLOSED)

    @property
    def available(self) -> bool:
        """Whether a call made now would be sent."""
        return self._breaker is None or self._breaker.would_admit

    @contextmanager
    def attempt(self, timeout_s: float | None = None) -> Iterator[None]:
        """Around one try. Unavailable (BREAKER_OPEN) at once when the target is not to be asked now.

        An Unavailable that leaves the block is a failure of the target, unless its metadata blames another part; so
        is a deadline that passed after half of `timeout_s`, the policy's by default. Cancelled says nothing; every
        other PampaxError is an answer.
        """
        breaker = self._breaker
        if breaker is None:
            yield
            return
        ticket = breaker.enter()
        if ticket is None:
            raise self._refusal(breaker.retry_after_s)
        started, outcome = self._clock(), Outcome.ANSWERED
        fair_s = _FAIR_SHARE * (self.policy.timeout_s if timeout_s is None else timeout_s)
        try:
            yield
        except BaseException as error:
            outcome = self._judged(error, had_time=self._clock() - started >= fair_s)
            if outcome is Outcome.FAILED:
                self._last_failure = str(error)
            raise
        finally:
            breaker.leave(ticket, outcome)

    async def call(
        self,
        method: str,
        attempt: Callable[[float], Awaitable[Answer]],
        *,
        timeout_s: float | None = None,
        retries: int | None = None,
    ) -> Answer:
        """The answer of the first try that has one. Unavailable is tried again as far as policy and budget allow.

        `attempt` gets the seconds that are left to it: `timeout_s`, the policy's by default, or less when the request's
        deadline is nearer. `method` is what metrics call it. DeadlineExceeded when no time is left to begin with.
        """
        nominal_s = self.policy.timeout_s if timeout_s is None else timeout_s
        tries = Tries(self.policy, self._budget, method, limited(nominal_s), retries)
        with _SECONDS.labels(self.policy.target, method).time():
            while True:
                try:
                    with tries.counted(), self.attempt(nominal_s):
                        return await attempt(tries.left_s)
                except Unavailable as error:
                    if not tries.may_go_on(error):
                        raise
                await asyncio.sleep(tries.pause_s)

    def call_blocking(
        self,
        method: str,
        attempt: Callable[[float], Answer],
        *,
        timeout_s: float | None = None,
        retries: int | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> Answer:
        """`call` for a thread without a loop."""
        nominal_s = self.policy.timeout_s if timeout_s is None else timeout_s
        tries = Tries(self.policy, self._budget, method, limited(nominal_s), retries)
        with _SECONDS.labels(self.policy.target, method).time():
            while True:
                try:
                    with tries.counted(), self.attempt(nominal_s):
                        return attempt(tries.left_s)
                except Unavailable as error:
                    if not tries.may_go_on(error):
                        raise
                sleep(tries.pause_s)

    def _judged(self, error: BaseException, *, had_time: bool) -> Outcome:
        match error:
            case Unavailable():
                own = error.metadata.get(TARGET, self.policy.target) == self.policy.target
                return Outcome.FAILED if own else Outcome.ANSWERED
            case DeadlineExceeded():
                return Outcome.FAILED if had_time else Outcome.UNKNOWN
            case Cancelled():
                return Outcome.UNKNOWN
            case PampaxError():
                return Outcome.ANSWERED
            case asyncio.CancelledError():
                left = remaining_s()
                return Outcome.FAILED if had_time and left is not None and left < _DEADLINE_SLACK_S else Outcome.UNKNOWN
        return Outcome.UNKNOWN

    def _refusal(self, retry_after_s: float) -> Unavailable:
        return Unavailable(
            f"{self._name} has not answered lately and is not asked for a moment; try again in a second, and look at "
            "its state (`pampax health`) and its log when it stays so",
            reason=BREAKER_OPEN,
            metadata={TARGET: self.policy.target},
            retry_after_s=max(retry_after_s, 0.1),
        )

    def _changed(self, before: State, after: State) -> None:
        if self._shows_state:
            _STATE.labels(self.policy.target).set(after)
        if before is State.CLOSED:
            _OPENED.labels(self.policy.target).inc()
            _log.warning("breaker opened", op="policy", target=self._name, detail=self._last_failure)
        elif after is State.CLOSED:
            _log.info("breaker closed", op="policy", target=self._name)
