"""The cache: answers when Redis does, and costs next to nothing when it does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import uvloop
from redis.asyncio import Redis

from pampax.storage import cache as module
from pampax.storage.cache import Cache

from ...tcp_proxy import TcpProxies  # noqa: TID252 - tests are no package


@pytest.fixture
async def cache(redis_url: str) -> AsyncIterator[Cache]:
    opened = Cache(redis_url)
    yield opened
    await opened.close()


@pytest.fixture
def key() -> str:
    return f"v1:search:{uuid4().hex}"


@asynccontextmanager
async def mute_server() -> AsyncIterator[tuple[str, list[int]]]:
    """Accepts connections, counts them, and never says a word."""
    accepted = [0]

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted[0] += 1
        await reader.read()
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0", accepted
    finally:
        server.close()


async def test_what_was_set_is_got_until_it_expires(cache: Cache, redis_url: str, key: str) -> None:
    assert await cache.get(key) is None

    await cache.set(key, b"\x00answer", 60)

    assert await cache.get(key) == b"\x00answer"
    async with Redis.from_url(redis_url) as redis:
        assert 0 < await redis.pttl(key) <= 60_000
    assert (cache.available, cache.failures) == (True, 0)


async def test_a_flush_is_a_miss_and_nothing_more(cache: Cache, redis_url: str, key: str) -> None:
    await cache.set(key, b"x", 60)
    async with Redis.from_url(redis_url) as redis:
        await redis.flushall()

    assert await cache.get(key) is None
    await cache.set(key, b"y", 60)
    assert await cache.get(key) == b"y"


async def test_without_an_url_it_is_never_available(key: str) -> None:
    cache = Cache("")

    await cache.set(key, b"x", 60)

    assert await cache.get(key) is None
    assert not cache.available
    await cache.close()


async def test_a_dead_redis_is_counted_and_never_raised(unused_tcp_port: int, key: str) -> None:
    cache = Cache(f"redis://127.0.0.1:{unused_tcp_port}/0")

    assert await cache.get(key) is None
    await cache.set(key, b"x", 60)

    assert cache.failures == 1  # the second call was not sent
    assert not cache.available
    await cache.close()


async def test_a_redis_that_does_not_answer_is_left_alone_after_one_try(key: str) -> None:
    async with mute_server() as (url, accepted):
        cache = Cache(url)
        for _ in range(100):
            assert await cache.get(key) is None
        await cache.close()

    assert accepted == [1]
    assert cache.failures == 1


async def test_after_its_pause_one_call_tries_again(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    async with mute_server() as (url, accepted):
        cache = Cache(url)
        await cache.get(key)
        cache._retry_at = 0.001  # long ago
        assert cache.available

        await asyncio.gather(*(cache.get(key) for _ in range(20)))
        await cache.close()

    assert accepted == [2]


async def test_it_serves_again_when_redis_is_back(redis_url: str, unused_tcp_port: int, key: str) -> None:
    cache = Cache(redis_url)
    cache._retry_at = float("inf")
    assert await cache.get(key) is None

    cache._retry_at = 0.001
    await cache.set(key, b"back", 60)

    assert await cache.get(key) == b"back"
    assert cache.available
    await cache.close()


async def test_a_key_of_another_kind_is_a_miss_that_harms_no_other(cache: Cache, redis_url: str, key: str) -> None:
    async with Redis.from_url(redis_url) as redis:
        await redis.rpush(key, "a list")

    assert await cache.get(key) is None

    assert cache.failures == 1
    assert cache.available


async def test_many_calls_at_once_share_a_bounded_number_of_connections(
    monkeypatch: pytest.MonkeyPatch, redis_url: str, key: str
) -> None:
    monkeypatch.setattr(module, "CALL_TIMEOUT_S", 5.0)
    cache = Cache(redis_url)
    await cache.set(key, b"x", 60)

    answers = await asyncio.gather(*(cache.get(key) for _ in range(200)))

    assert answers == [b"x"] * 200
    assert cache.failures == 0
    await cache.close()


def test_a_reset_connection_is_a_miss_on_the_loop_of_the_services_too(redis_url: str, key: str) -> None:
    """There a write to it raises RuntimeError and no OSError."""
    where = urlsplit(redis_url)
    with TcpProxies() as proxies, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        proxy = proxies.to(where.port or 0)

        async def ask() -> None:
            cache = Cache(redis_url.replace(f":{where.port}", f":{proxy.port}"))
            await cache.set(key, b"x", 60)
            assert await cache.get(key) == b"x"
            proxy.refuse()
            await asyncio.sleep(0.05)
            assert await cache.get(key) is None
            assert not cache.available
            await cache.close()

        runner.run(ask())
