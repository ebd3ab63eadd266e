"""How Redis is, asked outright: whether it answers, takes writes, and would ever forget a message of the broker."""

from __future__ import annotations

from dataclasses import dataclass

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, BusyLoadingError, OutOfMemoryError, ReadOnlyError, ResponseError

from pampax.core.errors import Unavailable
from pampax.storage.redis_trouble import AWAY

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
    """One connection of its own, so that no breaker and no other call decides what it sees. `url` may not be empty."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self._redis = Redis.from_url(
            url,
            max_connections=4,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 0),
        )

    async def look(self) -> RedisState:
        """Writes one small key that lives for a second. Unavailable when Redis does not answer or lets nobody in."""
        try:
            info = await self._redis.info("memory")
            problem = await self._write()
        except AuthenticationError as error:
            raise Unavailable("Redis does not accept the password") from error
        except BusyLoadingError as error:
            raise Unavailable("Redis is loading its data after a start") from error
        except AWAY as error:
            raise Unavailable("Redis does not answer") from error
        policy = str(info.get("maxmemory_policy", ""))
        return RedisState(
            used=int(info.get("used_memory", 0)),
            limit=int(info.get("maxmemory", 0)),
            policy=policy,
            problem=problem or _policy_problem(policy),
        )

    async def close(self) -> None:
        await self._redis.aclose()

    async def _write(self) -> str:
        """What a write meets that the server refuses; a connection that fails is for the caller."""
        try:
            await self._redis.set(KEY, b"1", px=LIVES_MS)
        except OutOfMemoryError:
            return (
                "Redis is full and refuses writes: raise its maxmemory, or set maxmemory-policy to volatile-lru, so "
                "that cached answers make room"
            )
        except ReadOnlyError:
            return "Redis is a replica that accepts no writes: let PAMPAX_REDIS__URL name the primary"
        except ResponseError as error:
            return f"Redis refuses writes ({str(error).partition(',')[0]}): look at its log, its disk may be full"
        return ""


def _policy_problem(policy: str) -> str:
    if policy.startswith(_SAFE_POLICIES) or not policy:
        return ""
    return f"Redis may evict messages of the queue (maxmemory-policy {policy}): set it to volatile-lru"
