"""Asking one part: within its time, whatever it does, and never with an error."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

from pampax.core.errors import DeadlineExceeded, PampaxError
from pampax.gateway.health.answers import Answer
from pampax.runtime.logging import get_logger

# Each part has this long; all are asked at once, so that the whole answer takes little more.
PART_S = 0.1

Value = TypeVar("Value")

_log = get_logger()


async def asked(question: Coroutine[Any, Any, Value], timeout_s: float = PART_S) -> Answer[Value]:
    """What is late is left behind, not waited for: ending a question to a frozen database takes seconds itself."""
    started = time.perf_counter()
    asking = asyncio.ensure_future(question)
    try:
        done, _ = await asyncio.wait({asking}, timeout=timeout_s)
    except asyncio.CancelledError:
        _leave_behind(asking)
        raise
    took_ms = (time.perf_counter() - started) * 1_000
    if not done:
        _leave_behind(asking)
        return Answer(None, _late(timeout_s), took_ms)
    try:
        return Answer(asking.result(), "", took_ms)
    except DeadlineExceeded:
        return Answer(None, _late(timeout_s), took_ms)
    except PampaxError as error:
        return Answer(None, error.message, took_ms)
    except Exception as error:  # noqa: BLE001 - whatever a part is up to, the others are told of
        _log.error("part not examined", op="health", exc_info=error)
        return Answer(None, f"cannot be examined ({type(error).__name__}); the gateway's log says why", took_ms)


def _late(timeout_s: float) -> str:
    return f"no answer within {timeout_s * 1_000:.0f} ms"


def _leave_behind(asking: asyncio.Future[Any]) -> None:
    asking.add_done_callback(_forget)
    asking.cancel()


def _forget(late: asyncio.Future[Any]) -> None:
    """Its error is nobody's business any more, and Python complains of one that nobody has looked at."""
    if not late.cancelled():
        late.exception()
