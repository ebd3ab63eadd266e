"""Trying a transaction again when the database was away, slow or out of room for a moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import tenacity

from pampax.core.errors import Aborted, ResourceExhausted, Unavailable
from pampax.storage.operations import LEASE_LOST

GIVE_UP_AFTER_S = 15.0  # below the lease's time: whoever waits longer may no longer be the one who works on it
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 2.0

Result = TypeVar("Result")


def transiently(action: Callable[[], Result], *, give_up_after_s: float = GIVE_UP_AFTER_S) -> Result:
    """What `action` returns. It is one transaction that may have been committed when it fails, so it must be one that
    does no harm twice. The last error is raised when time is up."""
    tries = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_may_pass),
        wait=tenacity.wait_random_exponential(multiplier=_FIRST_PAUSE_S, max=_LONGEST_PAUSE_S),
        stop=tenacity.stop_after_delay(give_up_after_s),
        reraise=True,
    )
    return tries(action)


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, Aborted):
        return error.reason != LEASE_LOST
    return isinstance(error, (Unavailable, ResourceExhausted))
