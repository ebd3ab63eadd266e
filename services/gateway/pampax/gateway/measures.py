"""What is measured at the gateway: requests by route, answers by where they came from."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pampax.core.errors import PampaxError
from pampax.runtime.telemetry.metrics import counter, gauge, histogram

_REQUESTS = counter("pampax_http_requests_total")
_SECONDS = histogram("pampax_http_request_seconds")
_IN_FLIGHT = gauge("pampax_http_in_flight")
_ERRORS = counter("errors_total")
_ANSWERS = counter("pampax_answers_total")
_HIT_RATIO = gauge("cache_hit_ratio")
_LATENCY = {"search": histogram("search_latency_ms"), "bundle": histogram("assemble_latency_ms")}
# Answers that the ratio of hits is of: minutes of a busy gateway.
_LOOKED_FOR = 1_000


class Requests:
    """Of one HTTP edge. Off, nothing is kept."""

    def __init__(self, *, on: bool) -> None:
        self._on = on

    @contextmanager
    def under_way(self) -> Iterator[None]:
        if not self._on:
            yield
            return
        _IN_FLIGHT.inc()
        try:
            yield
        finally:
            _IN_FLIGHT.dec()

    def answered(self, route: str, status: int, duration_ms: float, failure: PampaxError | None) -> None:
        """`route` is the name of one, never the path that was asked for."""
        if not self._on:
            return
        _REQUESTS.labels(route, str(status)).inc()
        _SECONDS.labels(route).observe(duration_ms / 1_000)
        if failure is not None:
            _ERRORS.labels(type(failure).__name__).inc()


@contextmanager
def answering(kind: str) -> Iterator[Callable[[], float]]:
    """Around a search or a bundle, whether it comes to an answer or fails; gives the milliseconds so far."""
    started = time.perf_counter()

    def took_ms() -> float:
        return (time.perf_counter() - started) * 1_000

    try:
        yield took_ms
    finally:
        _LATENCY[kind].observe(took_ms())


class Hits:
    """How often the cache had the answer. Where it was not asked, because Redis is away, is no miss."""

    def __init__(self) -> None:
        self._recent: deque[bool] = deque(maxlen=_LOOKED_FOR)
        self._hits = 0

    def answered(self, kind: str, cache: str) -> None:
        """`cache` is hit, miss or bypass."""
        _ANSWERS.labels(kind, cache).inc()
        if cache == "bypass":
            return
        if len(self._recent) == _LOOKED_FOR:
            self._hits -= self._recent[0]
        self._recent.append(cache == "hit")
        self._hits += cache == "hit"
        _HIT_RATIO.set(self._hits / len(self._recent))
