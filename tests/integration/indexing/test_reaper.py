"""The reaper against a database and a broker that are not always as they should be."""

import asyncio
import math
import os
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from redis.asyncio import Redis

from pampax.embedded.valkey import running_valkey
from pampax.indexing import reaper
from pampax.indexing.broker import Broker
from pampax.indexing.measures import queue_stands
from pampax.runtime.telemetry.metrics import REGISTRY
from pampax.storage.database import Database
from pampax.storage.migrate import migrate

from ...conftest import NewDatabase, make_tenant  # noqa: TID252 - tests are no package

SHOWN_OF_POSTGRES = ("pampax_queue_oldest_seconds", "pampax_workers_alive")


async def test_rounds_go_on_after_one_that_failed_in_a_way_nobody_foresaw(
    new_database: NewDatabase, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reaper, "PERIOD_S", 0.05)
    with new_database(migrated=False) as urls:
        database = Database(urls.service, pool_max=2, component="test")
        broker = Broker(broker_url)
        # Without a schema its first rounds ask for a function that is not there.
        rounds = reaper.Reaper(database, broker, os.environ)
        rounds.start()
        await asyncio.sleep(0.3)
        migrate(urls.owner)
        enqueued_at = waiting_operation(urls.owner)
        await until(enqueued_at)
        await rounds.close()
        await broker.close()
        await database.close()


async def test_how_long_work_waits_and_who_could_do_it_is_measured(new_database: NewDatabase) -> None:
    with new_database() as urls:
        waiting_operation(urls.owner)
        database = Database(urls.service, pool_max=2, component="test")
        broker = Broker("redis://127.0.0.1:1/0")
        rounds = reaper.Reaper(database, broker, os.environ)
        async with database.untenanted() as conn:
            await conn.execute(
                "INSERT INTO worker_heartbeat (worker_id, host, pid, parent_pid, version, concurrency, resident_bytes,"
                " memory_used_bytes, memory_limit_bytes, disk_free_bytes, disk_total_bytes)"
                " VALUES (%s, 'h', 1, 1, '0', 1, 0, 0, 0, 0, 0)",
                [uuid4()],
            )
        await asyncio.sleep(0.05)
        await rounds._measure()
        assert REGISTRY.get_sample_value("pampax_queue_oldest_seconds") > 0
        assert REGISTRY.get_sample_value("pampax_workers_alive") == 1
        await broker.close()
        await database.close()


async def test_while_postgres_is_away_nothing_is_said_of_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reaper, "PERIOD_S", 0.05)
    queue_stands(7.0, 3)
    database = Database("postgresql://nobody@127.0.0.1:1/none", component="test")
    broker = Broker("")
    rounds = reaper.Reaper(database, broker, os.environ)
    rounds.start()
    give_up = time.monotonic() + 20
    while not all(math.isnan(REGISTRY.get_sample_value(name) or 0.0) for name in SHOWN_OF_POSTGRES):
        assert time.monotonic() < give_up, "the last values are still shown"
        await asyncio.sleep(0.05)
    await rounds.close()
    await broker.close()
    await database.close()


def waiting_operation(owner_url: str, seen: str = "enqueued_at") -> Callable[[], Any]:
    """Makes one, and tells when asked what `seen` is: by default whether somebody has sent it."""
    tenant_id, operation_id = str(make_tenant(owner_url).tenant_id), uuid4()

    def ask(statement: str, *parameters: Any) -> Any:
        with psycopg.connect(owner_url) as conn:
            conn.execute("SELECT set_config('pampax.tenant', %s, true)", [tenant_id])
            return conn.execute(statement, parameters).fetchone()

    ask(
        "WITH r AS (INSERT INTO repository (name, source_kind) VALUES ('r', 'upload') RETURNING repository_id, name)"
        " INSERT INTO operation (operation_id, repository_id, repository_name, request)"
        ' SELECT %s, repository_id, name, \'{"ref": "", "full": false, "upload": ""}\' FROM r RETURNING operation_id',
        operation_id,
    )
    return lambda: ask(f"SELECT {seen} FROM operation WHERE operation_id = %s", operation_id)[0]


async def until(condition: Callable[[], Any]) -> None:
    give_up = time.monotonic() + 30
    while not await asyncio.to_thread(condition):
        assert time.monotonic() < give_up, "nobody sent the operation again"
        await asyncio.sleep(0.05)


@pytest.fixture
def own_redis() -> Iterator[str]:
    """One that a test may break."""
    with running_valkey() as url:
        yield url


@pytest.mark.parametrize(
    "break_it",
    [("CONFIG", "SET", "maxmemory", "1"), ("REPLICAOF", "127.0.0.1", "1")],
    ids=["full", "replica"],
)
async def test_a_broker_that_takes_no_messages_holds_no_operation_up(
    new_database: NewDatabase, own_redis: str, break_it: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reaper, "PERIOD_S", 0.05)
    async with Redis.from_url(own_redis) as redis:
        await redis.config_set("maxmemory-policy", "noeviction")
        await redis.execute_command(*break_it)
    with new_database() as urls:
        database = Database(urls.service, pool_max=2, component="test")
        broker = Broker(own_redis)
        rounds = reaper.Reaper(database, broker, {**os.environ, "PAMPAX_DATABASE__URL": urls.service})
        ended = waiting_operation(urls.owner, "state NOT IN ('queued', 'running')")
        rounds.start()
        await until(ended)
        assert await broker.backlog() == 0  # it answers all the while
        await rounds.close()
        await broker.close()
        await database.close()
