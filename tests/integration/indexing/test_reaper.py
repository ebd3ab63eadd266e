"""The reaper against a database and a broker that are not always as they should be."""

import asyncio
import os
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from pampax.indexing import reaper
from pampax.indexing.broker import Broker
from pampax.runtime.telemetry.metrics import REGISTRY
from pampax.storage.database import Database
from pampax.storage.migrate import migrate

from ...conftest import NewDatabase, make_tenant  # noqa: TID252 - tests are no package


async def test_rounds_go_on_after_one_that_failed_in_a_way_nobody_foresaw(
    new_database: NewDatabase, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reaper, "PERIOD_S", 0.05)
    with new_database(migrated=False) as urls:
        database = Database(urls.service, pool_max=2, component="test")
        broker = Broker(redis_url.removesuffix("/0") + "/13")
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


def waiting_operation(owner_url: str) -> Callable[[], Any]:
    """Makes one, and tells when asked whether somebody has sent it."""
    tenant_id, operation_id = str(make_tenant(owner_url).tenant_id), uuid4()

    def ask(statement: str, *parameters: Any) -> Any:
        with psycopg.connect(owner_url) as conn:
            conn.execute("SELECT set_config('pampax.tenant', %s, true)", [tenant_id])
            return conn.execute(statement, parameters).fetchone()

    ask(
        "WITH r AS (INSERT INTO repository (name, source_kind) VALUES ('r', 'upload') RETURNING repository_id, name)"
        " INSERT INTO operation (operation_id, repository_id, repository_name, request)"
        " SELECT %s, repository_id, name, '{}' FROM r RETURNING operation_id",
        operation_id,
    )
    return lambda: ask("SELECT enqueued_at FROM operation WHERE operation_id = %s", operation_id)[0]


async def until(condition: Callable[[], Any]) -> None:
    give_up = time.monotonic() + 30
    while not await asyncio.to_thread(condition):
        assert time.monotonic() < give_up, "nobody sent the operation again"
        await asyncio.sleep(0.05)
