"""The broker as the service sees it: what it takes, and what happens while it is away, silent or full."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import pytest
from redis.asyncio import Redis

from pampax.embedded.valkey import running_valkey
from pampax.indexing.broker import Broker
from pampax.runtime.logging import configure_logging
from pampax.runtime.telemetry.metrics import REGISTRY

from ...tcp_proxy import TcpProxies, TcpProxy  # noqa: TID252 - tests are no package

IDS = UUID(int=1), UUID(int=2)
PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def own_redis() -> Iterator[str]:
    """One that a test may break."""
    with running_valkey() as url:
        yield url


@pytest.fixture
async def proxied(own_redis: str) -> AsyncIterator[tuple[TcpProxy, Broker]]:
    async with Redis.from_url(own_redis) as redis:
        await redis.flushall()
    with TcpProxies() as proxies:
        proxy, url = proxies.before(own_redis)
        broker = Broker(url)
        yield proxy, broker
        proxy.heal()
        await broker.close()


def messages_shown() -> float:
    shown = REGISTRY.get_sample_value("pampax_queue_waiting")
    assert shown is not None
    return shown


async def until_taken(broker: Broker) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not await broker.send(*IDS):
        assert time.monotonic() < give_up, "the broker is not found again"
        await asyncio.sleep(0.05)


async def test_what_was_sent_waits_for_a_worker(proxied: tuple[TcpProxy, Broker]) -> None:
    _, broker = proxied
    assert await broker.backlog() == 0
    assert await broker.send(*IDS)
    assert await broker.backlog() == 1


async def test_without_an_url_it_is_always_away() -> None:
    broker = Broker("")
    assert await broker.backlog() is None
    assert not await broker.send(*IDS)
    await broker.close()


@pytest.mark.parametrize("fault", ["refuse", "reset", "stall"])
async def test_a_broker_that_is_away_is_left_alone_and_found_again(
    proxied: tuple[TcpProxy, Broker], fault: str, capfd: pytest.CaptureFixture[str]
) -> None:
    proxy, broker = proxied
    await broker.send(*IDS)
    configure_logging("test", "info", "json")
    getattr(proxy, fault)()
    async with asyncio.timeout(PATIENCE_S):
        assert [await broker.send(*IDS) for _ in range(10)] == [False] * 10
        assert await broker.backlog() is None
    assert math.isnan(messages_shown())
    proxy.heal()
    await until_taken(broker)
    assert messages_shown() >= 0

    told = [json.loads(line)["msg"] for line in capfd.readouterr().err.splitlines()]
    assert [told.count(each) for each in ("breaker opened", "breaker closed")] == [1, 1]


async def test_a_full_broker_takes_nothing_and_says_so_once(
    proxied: tuple[TcpProxy, Broker], own_redis: str, capfd: pytest.CaptureFixture[str]
) -> None:
    _, broker = proxied
    configure_logging("test", "info", "json")
    async with Redis.from_url(own_redis) as redis:
        await redis.config_set("maxmemory-policy", "noeviction")
        await redis.config_set("maxmemory", "1")
        assert [await broker.send(*IDS) for _ in range(5)] == [False] * 5
        assert await broker.backlog() == 0
        await redis.config_set("maxmemory", "0")
    assert await broker.send(*IDS)

    told = [json.loads(line)["msg"] for line in capfd.readouterr().err.splitlines()]
    assert told == ["redis refuses writes", "redis takes writes"]
