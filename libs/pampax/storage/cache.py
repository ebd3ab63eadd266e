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

from pampax.core.errors import PampaxError, ResourceExhausted, Unavailable
from pampax.runtime.policy import BREAKER_OPEN, BreakerRule, Guard, Policy
from pampax.runtime.telemetry.metrics import counter, histogram
from pampax.runtime.telemetry.tracing import Span, leaf_span
from pampax.storage.redis_trouble import Writes, redis_errors

CALL_TIMEOUT_S = 0.05  # a cache that needs longer is no help
MAX_CONNECTIONS = 32
# Without retries: computing the answer is better than asking again. Three misses in a row, 150 ms at most, and Redis is
# left alone for a second; one that pauses to fork or to save is not.
POLICY = Policy("redis", CALL_TIMEOUT_S, breaker=BreakerRule(failures=3, window_s=10.0, open_s=1.0))

NO_REDIS = "NO_REDIS"

T = TypeVar("T")

# What a call is called that found what it asked for, or did what it should.
_DONE = {"get": "hit", "set": "stored", "prolong": "prolonged"}
_SYSTEM = {"db.system.name": "redis"}
_REQUESTS = counter("pampax_cache_requests_total")
_SECONDS = histogram("pampax_cache_seconds")


class Cache:
    """Never raises for Redis' sake: a failure is a miss, counted in `failures`. An empty url is a cache that is off."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.failures = 0
        self._redis = _client(url) if url else None
        self._guard = Guard(POLICY, clock=clock)
        self._writes = Writes("cache")

    @property
    def available(self) -> bool:
        """Whether a call made now would be sent to Redis."""
        return self._redis is not None and self._guard.available

    async def get(self, key: str) -> bytes | None:
        redis = self._redis
        if redis is None:
            return None
        value = await self._bounded("get", lambda: redis.get(key))
        return value if isinstance(value, bytes) else None

    async def need(self, key: str) -> bytes | None:
        """`get` for what Redis alone has: Unavailable where it does not answer, None where it has nothing."""
        redis = self._redis
        if redis is None:
            raise Unavailable("Redis is off: PAMPAX_REDIS__URL is empty", reason=NO_REDIS)
        for last in (False, False, True):  # nothing else has it, so once more is better than an error
            try:
                value = await self._asked("get", lambda: redis.get(key))
            except Unavailable:
                if last:
                    raise
            else:
                break
        return value if isinstance(value, bytes) else None

    async def prolong(self, key: str, ttl_s: float) -> bool:
        """Whether it is there, and now for so long."""
        redis = self._redis
        if redis is None:
            return False
        return bool(await self._bounded("prolong", lambda: redis.pexpire(key, int(ttl_s * 1000))))

    async def set(self, key: str, value: bytes, ttl_s: float) -> None:
        redis = self._redis
        if redis is not None:
            await self._bounded("set", lambda: redis.set(key, value, px=max(1, int(ttl_s * 1000))))

    async def close(self) -> None:
        if self._redis is not None:
            await self._redis.aclose()

    async def _bounded(self, operation: str, call: Callable[[], Awaitable[T]]) -> T | None:
        try:
            return await self._asked(operation, call)
        except PampaxError:
            return None

    async def _asked(self, operation: str, call: Callable[[], Awaitable[T]]) -> T:
        status = "cancelled"
        started = time.perf_counter()
        try:
            with self._guard.attempt(), redis_errors(), _span(operation):
                async with asyncio.timeout(CALL_TIMEOUT_S):
                    answer = await call()
            status = _DONE[operation] if answer else "miss"
        except PampaxError as error:
            status = self._failed(error)
            raise
        finally:
            _REQUESTS.labels(operation, status).inc()
            if status != "bypass":
                _SECONDS.labels(operation).observe(time.perf_counter() - started)
        if operation == "set":
            self._writes.taken()
        return answer

    def _failed(self, error: PampaxError) -> str:
        """What it is called among the requests."""
        if error.reason == BREAKER_OPEN:
            return "bypass"
        self.failures += 1
        if isinstance(error, ResourceExhausted):
            self._writes.refused(error)
        return "failure"


def _span(operation: str) -> Span:
    """The command and nothing of its key, which is the hash of a question."""
    return leaf_span(
        "redis.get" if operation == "get" else "redis.set" if operation == "set" else "redis.prolong", _SYSTEM
    )


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
