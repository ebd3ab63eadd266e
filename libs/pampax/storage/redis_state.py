"""How Redis is, asked outright: whether it answers, takes writes, and would ever forget a message of the broker."""

from __future__ import annotations

from dataclasses import dataclass

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from pampax.core.errors import Internal, ResourceExhausted
from pampax.storage.redis_trouble import redis_errors

KEY = "v1:health"
LIVES_MS = 1_000
# A policy that evicts any key would evict the queue; these take what has a time to live, which is the cache alone.
_SAFE_POLICIES = ("noeviction", "volatile-")


@dataclass(frozen=True, slots=True)
class RedisState:
    """Bytes; `limit` is 0 where there is none. `problem` is one line with what to do, empty when all is well."""

    used: int
    limit: int
    policy: str
    problem: str = ""


class RedisProbe:
    """Connections of its own, so that no breaker and no other call decides what it sees. `url` may not be empty."""

    def __init__(self, url: str, timeout_s: float) -> None:
        # Many who ask at once wait for one another: that is no trouble of Redis'.
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=4,
            timeout=timeout_s,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 0),
        )
        self._redis = Redis.from_pool(pool)

    async def look(self) -> RedisState:
        """Writes one small key that lives for a second. Unavailable when Redis does not answer or lets nobody in."""
        with redis_errors():
            info = await self._redis.info("memory")
        policy = str(info.get("maxmemory_policy", ""))
        return RedisState(
            used=int(info.get("used_memory", 0)),
            limit=int(info.get("maxmemory", 0)),
            policy=policy,
            problem=await self._write() or _policy_problem(policy),
        )

    async def close(self) -> None:
        await self._redis.aclose()

    async def _write(self) -> str:
        """What the server has against a write; a connection that fails is for the caller."""
        try:
            with redis_errors():
                await self._redis.set(KEY, b"1", px=LIVES_MS)
        except (ResourceExhausted, Internal) as error:
            return error.message
        return ""


def _policy_problem(policy: str) -> str:
    if policy.startswith(_SAFE_POLICIES) or not policy:
        return ""
    return f"Redis may evict messages of the queue (maxmemory-policy {policy}): set it to volatile-lru"
