"""The tries of one call: how many, how far apart, and the time that they have together."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pampax.core.errors import DeadlineExceeded, PampaxError, Unavailable
from pampax.runtime.context import remaining_s
from pampax.runtime.policy.budget import RetryBudget
from pampax.runtime.policy.model import Policy
from pampax.runtime.telemetry.metrics import counter

BREAKER_OPEN = "BREAKER_OPEN"
# In the metadata of an Unavailable: the part that is to blame, which may lie behind the one that was asked.
TARGET = "target"
# A target that asks for more than this is not waited for; the one who asked us is told.
PATIENCE_S = 1.0

_CALLS = counter("pampax_client_calls_total")
_RETRIES = counter("pampax_retries_total")
_NO_BUDGET = counter("pampax_retry_budget_exhausted_total")


class Tries:
    """For one call; `retries` of None means those of the policy."""

    def __init__(self, policy: Policy, budget: RetryBudget, method: str, limit_s: float, retries: int | None) -> None:
        self._policy = policy
        self._budget = budget
        self._method = method
        self._retries = policy.retries if retries is None else retries
        self._begun = 0
        self._give_up = time.monotonic() + limit_s
        self.pause_s = 0.0
        budget.deposit()

    @property
    def left_s(self) -> float:
        return self._give_up - time.monotonic()

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Around one try."""
        self._begun += 1
        status = "OK"
        try:
            yield
        except BaseException as error:
            status = self._status(error)
            raise
        finally:
            _CALLS.labels(self._policy.target, self._method, status).inc()

    def _status(self, error: BaseException) -> str:
        """That of a call that was not made is no answer; another part's refusal is one of the target."""
        if not isinstance(error, PampaxError):
            return "CANCELLED"
        refused = error.reason == BREAKER_OPEN and error.metadata.get(TARGET) == self._policy.target
        return BREAKER_OPEN if refused else error.grpc_code

    def may_go_on(self, error: Unavailable) -> bool:
        """Whether there is another try, `pause_s` from now."""
        backoff, asked_s = self._policy.backoff, error.retry_after_s or 0.0
        if self._begun > self._retries or error.reason == BREAKER_OPEN or asked_s > PATIENCE_S:
            return False
        # On top of what the target asked for: those who failed together must not come back together.
        most_s = min(backoff.most_s, backoff.first_s * 2.0 ** (self._begun - 1))
        self.pause_s = asked_s + random.uniform(0.0, most_s)  # noqa: S311 - spreads load, guards nothing
        if self.pause_s >= self.left_s:
            return False
        if not self._budget.withdraw():
            _NO_BUDGET.labels(self._policy.target).inc()
            return False
        _RETRIES.labels(self._policy.target).inc()
        return True


def limited(timeout_s: float) -> float:
    """What the request's deadline leaves of it. DeadlineExceeded when that is nothing."""
    remaining = remaining_s()
    limit = timeout_s if remaining is None else min(timeout_s, remaining)
    if limit <= 0:
        raise DeadlineExceeded("no time is left to ask another service; ask for less or allow more time")
    return limit
