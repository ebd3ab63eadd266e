"""What the edge knows about the request that is being answered."""

from __future__ import annotations

import time
from contextvars import ContextVar

_started: ContextVar[float] = ContextVar("started", default=0.0)


def start_clock() -> None:
    """Called when the request line and headers have arrived."""
    _started.set(time.perf_counter())


def took_ms() -> float:
    """Milliseconds since then, to the microsecond."""
    return round((time.perf_counter() - _started.get()) * 1000, 3)
