"""What is measured of a database: its pool, and how long transactions that only read take."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pampax.runtime.telemetry.metrics import gauge, histogram

_POOL = {
    "pool_size": gauge("pampax_pool_connections"),
    "pool_max": gauge("pampax_pool_connections_max"),
    "pool_available": gauge("pampax_pool_available"),
    "requests_waiting": gauge("pampax_pool_waiting"),
}
_CHECKOUT = histogram("pampax_pool_checkout_seconds")
_READ = histogram("pg_read_ms")


class Measures:
    """Of the database of one component; each takes microseconds."""

    def __init__(self, component: str) -> None:
        self._pool = {name: each.labels(component) for name, each in _POOL.items()}
        self._checkout = _CHECKOUT.labels(component)
        self._read = _READ.labels(component)

    def pool(self, stats: Mapping[str, int]) -> None:
        """`stats` is what a pool of psycopg says of itself."""
        for name, each in self._pool.items():
            each.set(stats.get(name, 0))

    @contextmanager
    def checkout(self) -> Iterator[None]:
        """Around getting a connection and beginning on it, also when that fails: this is where saturation shows."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self._checkout.observe(time.perf_counter() - started)

    @contextmanager
    def transaction(self, *, read_only: bool) -> Iterator[None]:
        """Around what happens on the connection, its end included."""
        started = time.perf_counter()
        yield
        if read_only:
            self._read.observe((time.perf_counter() - started) * 1_000)
