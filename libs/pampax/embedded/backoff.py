"""The pause before a process is started again."""

from __future__ import annotations

LEAST_S = 0.2
MOST_S = 5.0
HEALTHY_S = 30.0  # a life as long as this forgets the ends before it


class Backoff:
    """Doubles from `LEAST_S` to `MOST_S`, and starts over after a life of `HEALTHY_S`."""

    def __init__(self) -> None:
        self._next_s = LEAST_S

    def pause_s(self, lived_s: float) -> float:
        pause = LEAST_S if lived_s >= HEALTHY_S else self._next_s
        self._next_s = min(pause * 2, MOST_S)
        return pause
