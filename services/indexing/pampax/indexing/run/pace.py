"""How fast a stage goes and how long it will still take, from looks at how far it is."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

WINDOW_S = 30.0  # what came before says little: large files lie together


class Pace:
    """Look about once a second. What was done at the first look of a stage was none of its work."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stage = ""
        self._looks: deque[tuple[float, int]] = deque()

    def look(self, stage: str, done: int, total: int) -> tuple[float, float | None]:
        """Files a second, 0 while unknown, and the seconds that are left, None while unknown. `total` may be 0."""
        now = self._clock()
        if stage != self._stage:
            self._stage = stage
            self._looks.clear()
        self._looks.append((now, done))
        while len(self._looks) > 2 and now - self._looks[1][0] >= WINDOW_S:
            self._looks.popleft()
        began, before = self._looks[0]
        if done <= before or now <= began:
            return 0.0, None
        rate = (done - before) / (now - began)
        return rate, max(total - done, 0) / rate if total else None
