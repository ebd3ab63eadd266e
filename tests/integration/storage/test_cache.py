"""The cache: answers when Redis does, and costs next to nothing when it does not."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
import uvloop
from redis.asyncio import Redis

from pampax.core.errors import Unavailable
from pampax.embedded.valkey import running_valkey
from pampax.runtime.logging import configure_logging
from pampax.storage import cache as module
from pampax.storage.cache import Cache

from ...tcp_proxy import TcpProxies  # noqa: TID252 - tests are no package

# Where Redis is to answer: on a busy machine that may take longer than a service would wait.
PATIENCE_S = 60.0


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CALL_TIMEOUT_S", PATIENCE_S)


@pytest.fixture
async def cache(patient: None, redis_url: str) -> AsyncIterator[Cache]:
    async with opened(redis_url) as made:
        yield made


Command = tuple[str, ...]
# In a row, after which it is left alone.
TRIES = 3


@pytest.fixture
def own_redis() -> Iterator[str]:
    """One that a test may break."""
    with running_valkey() as url:
        yield url


@pytest.fixture
def key() -> str:
    return f"v1:search:{uuid4().hex}"


@asynccontextmanager
async def opened(url: str, **options: Callable[[], float]) -> AsyncIterator[Cache]:
    made = Cache(url, **options)
    try:
        yield made
    finally:
        await made.close()


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


async def test_what_redis_alone_has_is_an_error_without_it(unused_tcp_port: int, key: str) -> None:
    dead, off = Cache(f"redis://127.0.0.1:{unused_tcp_port}/0"), Cache("")
    for cache in (dead, off):
        with pytest.raises(Unavailable, match="Redis"):
            await cache.need(key)
        assert not await cache.prolong(key, 60)
    assert dead.failures == TRIES
    await dead.close()


async def test_what_is_there_is_prolonged(cache: Cache, redis_url: str, key: str) -> None:
    assert await cache.need(key) is None
    assert not await cache.prolong(key, 60)
    await cache.set(key, b"x", 1)
    assert await cache.prolong(key, 60)
    assert await cache.need(key) == b"x"
    async with Redis.from_url(redis_url) as redis:
        assert 1_000 < await redis.pttl(key) <= 60_000


async def test_a_dead_redis_is_counted_and_never_raised(unused_tcp_port: int, key: str) -> None:
    cache = Cache(f"redis://127.0.0.1:{unused_tcp_port}/0")

    for _ in range(5):
        assert await cache.get(key) is None
        await cache.set(key, b"x", 60)

    assert cache.failures == TRIES  # the other calls were not sent
    assert not cache.available
    await cache.close()


async def test_a_redis_that_does_not_answer_is_left_alone_after_three_tries(key: str) -> None:
    async with mute_server() as (url, accepted):
        cache = Cache(url)
        for _ in range(100):
            assert await cache.get(key) is None
        await cache.close()

    assert accepted == [TRIES]
    assert cache.failures == TRIES


async def test_one_pause_of_redis_is_a_miss_and_the_next_call_is_sent(redis_url: str, key: str) -> None:
    with TcpProxies() as proxies:
        proxy, url = proxies.before(redis_url)
        cache = Cache(url)
        await kept(cache, key)
        proxy.stall()
        assert await cache.get(key) is None
        proxy.heal()
        assert cache.available
        give_up = time.monotonic() + PATIENCE_S
        while await cache.get(key) != b"x":
            assert time.monotonic() < give_up
        await cache.close()


async def kept(cache: Cache, key: str) -> None:
    """Redis is asked for no longer than a cache is worth: on a busy machine once may not be enough."""
    give_up = time.monotonic() + PATIENCE_S
    while await cache.get(key) != b"x":
        assert time.monotonic() < give_up
        await cache.set(key, b"x", 60)


async def test_after_its_pause_one_call_tries_again(key: str) -> None:
    now = [0.0]
    async with mute_server() as (url, accepted):
        cache = Cache(url, clock=lambda: now[0])
        for _ in range(TRIES):
            await cache.get(key)
        assert not cache.available
        now[0] += 1.0
        assert cache.available

        await asyncio.gather(*(cache.get(key) for _ in range(20)))
        await cache.close()

    assert accepted == [TRIES + 1]


async def test_it_serves_again_when_redis_is_back(patient: None, redis_url: str, key: str) -> None:
    now = [0.0]
    with TcpProxies() as proxies:
        proxy, url = proxies.before(redis_url)
        async with opened(url, clock=lambda: now[0]) as cache:
            proxy.refuse()
            for _ in range(TRIES):
                assert await cache.get(key) is None
            proxy.heal()
            await cache.set(key, b"too soon", 60)
            now[0] += 1.0
            assert await cache.get(key) is None
            await cache.set(key, b"back", 60)

            assert await cache.get(key) == b"back"
            assert cache.available


@pytest.mark.parametrize(
    ("break_it", "mend_it", "reason"),
    [
        (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0"), "REDIS_FULL"),
        (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE"), "REDIS_READ_ONLY"),
    ],
    ids=["full", "replica"],
)
async def test_a_redis_that_takes_no_writes_is_read_on_and_told_of_once(
    patient: None,
    own_redis: str,
    key: str,
    break_it: Command,
    mend_it: Command,
    reason: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    async with opened(own_redis) as cache, Redis.from_url(own_redis) as redis:
        await redis.config_set("maxmemory-policy", "noeviction")
        await cache.set(key, b"kept", 60)
        configure_logging("test", "info", "json")
        await redis.execute_command(*break_it)
        for _ in range(5):
            await cache.set(f"{key}-new", b"x", 60)
            assert await cache.get(key) == b"kept"
        assert (cache.failures, cache.available) == (5, True)
        await redis.execute_command(*mend_it)
        await cache.set(f"{key}-new", b"x", 60)
        assert await cache.get(f"{key}-new") == b"x"

    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [line["msg"] for line in lines] == ["redis refuses writes", "redis takes writes"]
    assert lines[0]["err_code"] == reason


async def test_a_key_of_another_kind_is_a_miss_that_harms_no_other(cache: Cache, redis_url: str, key: str) -> None:
    async with Redis.from_url(redis_url) as redis:
        await redis.rpush(key, "a list")

    assert await cache.get(key) is None

    assert cache.failures == 1
    assert cache.available


async def test_many_calls_at_once_share_a_bounded_number_of_connections(cache: Cache, key: str) -> None:
    await cache.set(key, b"x", 60)

    answers = await asyncio.gather(*(cache.get(key) for _ in range(200)))

    assert answers == [b"x"] * 200
    assert cache.failures == 0


def test_a_reset_connection_is_a_miss_on_the_loop_of_the_services_too(patient: None, redis_url: str, key: str) -> None:
    """There a write to it raises RuntimeError and no OSError."""
    with TcpProxies() as proxies, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        proxy, url = proxies.before(redis_url)

        async def ask() -> None:
            cache = Cache(url)
            try:
                await cache.set(key, b"x", 60)
                assert await cache.get(key) == b"x"
                proxy.refuse()
                await asyncio.sleep(0.05)
                for _ in range(TRIES):
                    assert await cache.get(key) is None
                assert not cache.available
            finally:
                await cache.close()

        runner.run(ask())
