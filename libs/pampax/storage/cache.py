"""A read-through cache in Redis that may be away, slow or empty at any time without anybody noticing.

Keys are versioned and say what they hold: `v1:search:<sha256 hex>`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from pampax.runtime.telemetry.metrics import counter, histogram
from pampax.runtime.telemetry.tracing import Span, leaf_span

CALL_TIMEOUT_S = 0.05  # a cache that needs longer is no help
RETRY_AFTER_S = 1.0  # after a failure Redis is left alone for so long and every call answers at once
MAX_CONNECTIONS = 32

# What a call fails with when Redis is away. RuntimeError is uvloop's word for a connection that the peer has reset.
AWAY = (RedisError, OSError, TimeoutError, RuntimeError)

T = TypeVar("T")

_SYSTEM = {"db.system.name": "redis"}
_REQUESTS = counter("pampax_cache_requests_total")
_SECONDS = histogram("pampax_cache_seconds")


class Cache:
    """Never raises for Redis' sake: a failure is a miss, counted in `failures`. An empty url is a cache that is off."""

    def __init__(self, url: str) -> None:
        self.failures = 0
        self._retry_at = 0.0  # monotonic seconds; 0 while Redis answers
        self._redis = _client(url) if url else None

    @property
    def available(self) -> bool:
        """Whether a call made now would be sent to Redis."""
        return self._redis is not None and time.monotonic() >= self._retry_at

    async def get(self, key: str) -> bytes | None:
        redis = self._redis
        if redis is None:
            return None
        value = await self._bounded("get", lambda: redis.get(key))
        return value if isinstance(value, bytes) else None

    async def set(self, key: str, value: bytes, ttl_s: float) -> None:
        redis = self._redis
        if redis is not None:
            await self._bounded("set", lambda: redis.set(key, value, px=max(1, int(ttl_s * 1000))))

    async def close(self) -> None:
        if self._redis is not None:
            await self._redis.aclose()

    async def _bounded(self, operation: str, call: Callable[[], Awaitable[T]]) -> T | None:
        if not self.available:
            _REQUESTS.labels(operation, "bypass").inc()
            return None
        if self._retry_at:
            self._retry_at = time.monotonic() + RETRY_AFTER_S  # this call alone tries; the others wait for its outcome
        status = "cancelled"
        started = time.perf_counter()
        try:
            with _span(operation):
                async with asyncio.timeout(CALL_TIMEOUT_S):
                    answer = await call()
            status = "miss" if answer is None else "hit" if operation == "get" else "stored"
        except ResponseError:  # Redis is well, only this key or value is not
            status = "failure"
            self.failures += 1
            return None
        except AWAY:
            status = "failure"
            self.failures += 1
            self._retry_at = time.monotonic() + RETRY_AFTER_S
            return None
        finally:
            _REQUESTS.labels(operation, status).inc()
            _SECONDS.labels(operation).observe(time.perf_counter() - started)
        self._retry_at = 0.0
        return answer


def _span(operation: str) -> Span:
    """The command and nothing of its key, which is the hash of a question."""
    return leaf_span("redis.get" if operation == "get" else "redis.set", _SYSTEM)


def _client(url: str) -> Redis:
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=MAX_CONNECTIONS,
        timeout=CALL_TIMEOUT_S,
        socket_timeout=CALL_TIMEOUT_S,
        socket_connect_timeout=CALL_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis.from_pool(pool)
