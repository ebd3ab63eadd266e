"""The time that a request may take, waiting for the database included."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar

from pampax.core.errors import DeadlineExceeded, Unavailable
from pampax.runtime.context import enter_deadline, remaining_s

# Longer than Postgres takes to restart, short when it accepts connections and never answers.
KEY_S = 3.0
_RETRY_AFTER_S = 1.0

_spent_s: ContextVar[float] = ContextVar("spent_s", default=0.0)


@asynccontextmanager
async def checking_the_key() -> AsyncIterator[None]:
    """Unavailable after `KEY_S`. What it takes counts towards the time of the request that the key is shown for."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(KEY_S) as scope:
            yield
    except TimeoutError as error:
        if not scope.expired():
            raise
        raise Unavailable(
            "the database does not answer, and without it no API key can be checked; try again in a moment",
            retry_after_s=_RETRY_AFTER_S,
        ) from error
    finally:
        _spent_s.set(time.monotonic() - began)


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """DeadlineExceeded after so many seconds, or earlier when the client's own deadline is nearer."""
    enter_deadline(seconds - _spent_s.get())
    remaining = remaining_s()
    try:
        async with asyncio.timeout(remaining) as scope:
            yield
    except TimeoutError as error:
        if not scope.expired():
            raise
        raise DeadlineExceeded(
            f"no answer within {seconds:g} s; ask for less, or try again when the system is less busy"
        ) from error
