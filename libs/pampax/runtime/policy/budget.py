"""A budget of retries: a token bucket that calls fill and retries empty."""

from __future__ import annotations

import threading

# Retries add a tenth to the load of a target that fails for long; a short failure is met from what was saved up.
SHARE = 0.1
MOST = 10.0


class RetryBudget:
    """Starts full. Threads may share one."""

    def __init__(self, *, share: float = SHARE, most: float = MOST) -> None:
        self._share = share
        self._most = most
        self._tokens = most
        self._lock = threading.Lock()

    def deposit(self) -> None:
        """For each call, however it ends."""
        with self._lock:
            self._tokens = min(self._most, self._tokens + self._share)

    def withdraw(self) -> bool:
        """Whether there is room for one retry, which is taken then."""
        with self._lock:
            if self._tokens < 1.0:
                return False
            self._tokens -= 1.0
            return True
