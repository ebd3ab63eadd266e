"""How late an event loop is: the sign that something in it computes instead of waiting."""

from __future__ import annotations

import asyncio
import time
from collections import deque

from pampax.runtime.telemetry.metrics import gauge

# Sampled: four times a second, and the worst is shown for as long as scrapes are usually apart.
_PERIOD_S = 0.25
_SHOWN_S = 15.0

_LAG = gauge("pampax_event_loop_lag_seconds")


async def watch_loop_lag() -> None:
    """Until cancelled. A loop that is held up is seen with the first sample after it."""
    recent: deque[float] = deque(maxlen=int(_SHOWN_S / _PERIOD_S))
    while True:
        due = time.monotonic() + _PERIOD_S
        await asyncio.sleep(_PERIOD_S)
        recent.append(max(0.0, time.monotonic() - due))
        _LAG.set(max(recent))
