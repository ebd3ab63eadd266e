"""How long the stages of making a bundle take. Told beside the bundle, never in what its signature covers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

RESOLVE, SEARCH, READ, COMPOSE = "resolve", "search", "read", "compose"


class Stages:
    """Milliseconds by stage, in the order of their beginning; a stage that is entered again adds up."""

    def __init__(self) -> None:
        self._ms: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        self._ms.setdefault(name, 0.0)
        try:
            yield
        finally:
            self._ms[name] += (time.perf_counter() - started) * 1_000

    @property
    def told(self) -> tuple[tuple[str, float], ...]:
        return tuple((name, round(ms, 3)) for name, ms in self._ms.items())
