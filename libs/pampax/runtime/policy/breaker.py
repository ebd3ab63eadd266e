"""A circuit breaker: stops asking a target that does not answer, and finds out by single calls when it does again.

    closed ── failures in a row ──► open ── open_s later, one call ──► half open ── it was answered ──► closed
                                      ▲                                    │
                                      └───────────── it failed ────────────┘

It knows nothing of clocks, calls and errors: it is told. Threads may share one.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from enum import Enum, IntEnum

from pampax.runtime.policy.model import BreakerRule

# The one call that tries is bounded by its own timeout; one that was lost nevertheless must not keep the door shut.
_PROBE_LOST_S = 60.0


class State(IntEnum):
    """The numbers are those of the metric pampax_breaker_state."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class Outcome(Enum):
    """`UNKNOWN` tells nothing about the target: the caller gave up, or never got as far as asking."""

    ANSWERED = "answered"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Breaker:
    """`on_change(before, after)` is called at each change of state; it must not come back here."""

    def __init__(
        self, rule: BreakerRule, clock: Callable[[], float], on_change: Callable[[State, State], None]
    ) -> None:
        self._rule = rule
        self._clock = clock
        self._on_change = on_change
        self._lock = threading.Lock()
        self._state = State.CLOSED
        self._era = 0  # counts changes of state: what was begun in an earlier one says nothing about this one
        self._failures: deque[float] = deque(maxlen=rule.failures)
        self._next_probe = 0.0

    @property
    def state(self) -> State:
        return self._state

    @property
    def retry_after_s(self) -> float:
        """Seconds until it is worth to try again; 0 while it is closed."""
        if self._state is State.HALF_OPEN:  # the answer of the one that tries may come any moment
            return self._rule.open_s
        return 0.0 if self._state is State.CLOSED else max(0.0, self._next_probe - self._clock())

    @property
    def would_admit(self) -> bool:
        """Whether a call made now would be let through."""
        return self._state is State.CLOSED or self._clock() >= self._next_probe

    def enter(self) -> int | None:
        """A ticket to hand back with the outcome, or None: do not ask."""
        with self._lock:
            if self._state is State.CLOSED:
                return self._era
            now = self._clock()
            if now < self._next_probe:
                return None
            self._next_probe = now + _PROBE_LOST_S
            self._become(State.HALF_OPEN)
            return self._era

    def leave(self, ticket: int, outcome: Outcome) -> None:
        """What became of the call that `ticket` was given for."""
        with self._lock:
            if ticket != self._era:
                return
            if self._state is State.HALF_OPEN:
                self._end_probe(outcome)
            elif outcome is Outcome.ANSWERED:
                self._failures.clear()
            elif outcome is Outcome.FAILED:
                self._count_failure()

    def _end_probe(self, outcome: Outcome) -> None:
        if outcome is Outcome.ANSWERED:
            self._failures.clear()
            self._become(State.CLOSED)
        else:
            self._next_probe = self._clock() + (self._rule.open_s if outcome is Outcome.FAILED else 0.0)
            self._become(State.OPEN)

    def _count_failure(self) -> None:
        now = self._clock()
        self._failures.append(now)
        if len(self._failures) == self._rule.failures and now - self._failures[0] <= self._rule.window_s:
            self._next_probe = now + self._rule.open_s
            self._become(State.OPEN)

    def _become(self, state: State) -> None:
        before, self._state = self._state, state
        self._era += 1
        self._on_change(before, state)
