"""The time that a request may take, waiting for the database included."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pampax.core.errors import DeadlineExceeded
from pampax.runtime.context import enter_deadline, remaining_s


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """DeadlineExceeded after so many seconds, or earlier when the client's own deadline is nearer."""
    enter_deadline(seconds)
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
