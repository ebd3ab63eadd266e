"""Answers to repeated questions, read through Redis: a hit, a miss that is stored, or a bypass while Redis is away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from google.protobuf.message import DecodeError

from pampax.gateway.scope import Scope
from pampax.storage.cache import Cache
from pampax.v1.assembly_service_pb2 import Bundle
from pampax.v1.search_service_pb2 import CacheStatus, SearchChunksResponse

# Keys carry generations, so no entry is ever wrong: this only bounds what is kept of questions that nobody repeats.
_TTL_S = 6 * 3600

Answer = TypeVar("Answer", SearchChunksResponse, Bundle)


class AnswerCache:
    """Stores serialized answers without what belongs to one request; `cache` in what comes back says what happened."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    async def answer(
        self, key: str, scope: Scope, kind: type[Answer], compute: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        """The stored answer, or a computed one, stored when it is whole and made from the generations of the key."""
        found = await self.found(key, kind)
        if found is not None:
            return found
        asked = self.asked
        computed = await compute()
        await self.store(key, scope, computed, asked=asked)
        return computed

    @property
    def asked(self) -> bool:
        """Whether a look into it now is more than a bypass."""
        return self._cache.available

    async def found(self, key: str, kind: type[Answer]) -> Answer | None:
        stored = await self._cache.get(key)
        answer = None if stored is None else _decode(kind, stored)
        if answer is not None:
            answer.cache = CacheStatus.CACHE_STATUS_HIT
        return answer

    async def store(self, key: str, scope: Scope, computed: Answer, *, asked: bool) -> None:
        """Without how long it took, which is of this run alone. `asked`: whether the cache could be looked into."""
        if asked and not computed.degraded and scope.covers(computed.snapshots):
            kept = type(computed)()
            kept.CopyFrom(computed)
            kept.cache = CacheStatus.CACHE_STATUS_UNSPECIFIED
            if isinstance(kept, Bundle):
                kept.ClearField("timings")
            await self._cache.set(key, kept.SerializeToString(), _TTL_S)
        computed.cache = CacheStatus.CACHE_STATUS_MISS if asked else CacheStatus.CACHE_STATUS_BYPASS


def _decode(kind: type[Answer], stored: bytes) -> Answer | None:
    try:
        return kind.FromString(stored)
    except DecodeError:  # written by another version; the answer is computed and stored anew
        return None
