"""Transactions: committed at their end, bounded in time, and usable again after anything that goes wrong."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors as pg

from pampax.core.errors import ConfigError, DeadlineExceeded, ResourceExhausted, Unavailable
from pampax.storage.database import Database, SyncDatabase

if TYPE_CHECKING:
    from tests.conftest import DatabaseUrls
    from tests.integration.storage.conftest import Place

NAMES = "SELECT count(*) AS n FROM repository WHERE name = %s"
INSERT = "INSERT INTO repository (name, source_kind) VALUES (%s, 'upload')"


def terminate(urls: DatabaseUrls, *backends: int) -> None:
    with psycopg.connect(urls.superuser, autocommit=True) as superuser:
        for pid in backends:
            superuser.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


@pytest.fixture
async def narrow(database_urls: DatabaseUrls) -> AsyncIterator[Database]:
    """With a single connection, so that each transaction meets what the one before it left."""
    database = Database(database_urls.service, pool_max=1, component="test")
    yield database
    await database.close()


@pytest.fixture
def sync_narrow(database_urls: DatabaseUrls) -> Iterator[SyncDatabase]:
    database = SyncDatabase(database_urls.service, pool_max=1, component="test")
    yield database
    database.close()


async def test_a_block_commits_at_its_end(narrow: Database, place: Place) -> None:
    async with narrow.tenant(place.tenant_id) as conn:
        await conn.execute(INSERT, ["kept"])

    async with narrow.tenant(place.tenant_id, read_only=True) as conn:
        assert await (await conn.execute(NAMES, ["kept"])).fetchone() == {"n": 1}


async def test_a_block_that_raises_leaves_nothing(narrow: Database, place: Place) -> None:
    async def stumble() -> None:
        async with narrow.tenant(place.tenant_id) as conn:
            await conn.execute(INSERT, ["lost"])
            raise RuntimeError("stumbled")

    with pytest.raises(RuntimeError, match="stumbled"):
        await stumble()

    async with narrow.tenant(place.tenant_id) as conn:
        assert await (await conn.execute(NAMES, ["lost"])).fetchone() == {"n": 0}


def test_a_synchronous_block_that_raises_leaves_nothing(sync_narrow: SyncDatabase, place: Place) -> None:
    def stumble() -> None:
        with sync_narrow.tenant(place.tenant_id) as conn:
            conn.execute(INSERT, ["lost"])
            raise RuntimeError("stumbled")

    with pytest.raises(RuntimeError, match="stumbled"):
        stumble()

    with sync_narrow.tenant(place.tenant_id) as conn:
        assert conn.execute(NAMES, ["lost"]).fetchone() == {"n": 0}


async def test_a_failed_statement_leaves_the_connection_usable(narrow: Database, place: Place) -> None:
    with pytest.raises(pg.UndefinedTable):
        async with narrow.tenant(place.tenant_id) as conn:
            await conn.execute("SELECT FROM no_such_table")

    async with narrow.tenant(place.tenant_id) as conn:
        await conn.execute(NAMES, ["any"])


async def test_a_statement_that_takes_too_long_is_ended(narrow: Database, place: Place) -> None:
    with pytest.raises(DeadlineExceeded):
        async with narrow.tenant(place.tenant_id, timeout_s=1) as conn:
            await conn.execute("SELECT pg_sleep(20)")


def test_a_synchronous_statement_that_takes_too_long_is_ended(sync_narrow: SyncDatabase, place: Place) -> None:
    with pytest.raises(DeadlineExceeded), sync_narrow.tenant(place.tenant_id, timeout_s=1) as conn:
        conn.execute("SELECT pg_sleep(20)")


async def test_a_cancelled_task_gives_its_connection_back(narrow: Database, place: Place) -> None:
    started = asyncio.Event()

    async def sleep_long() -> None:
        async with narrow.tenant(place.tenant_id) as conn:
            started.set()
            await conn.execute("SELECT pg_sleep(20)")

    task = asyncio.create_task(sleep_long())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    async with narrow.tenant(place.tenant_id) as conn:
        await conn.execute(NAMES, ["any"])


async def test_a_read_only_block_writes_nothing(narrow: Database, place: Place) -> None:
    with pytest.raises(pg.ReadOnlySqlTransaction):
        async with narrow.tenant(place.tenant_id, read_only=True) as conn:
            await conn.execute(INSERT, ["never"])


async def test_a_frozen_process_does_not_hold_its_locks_for_long(narrow: Database, place: Place) -> None:
    async with narrow.tenant(place.tenant_id) as conn:
        row = await (await conn.execute("SHOW idle_in_transaction_session_timeout")).fetchone()

    assert row == {"idle_in_transaction_session_timeout": "15s"}


async def test_waiting_for_a_connection_ends_with_the_callers_deadline(narrow: Database, place: Place) -> None:
    async with narrow.tenant(place.tenant_id):
        with pytest.raises(Unavailable):
            async with narrow.tenant(place.tenant_id, timeout_s=0.1):
                pass


async def test_a_connection_that_died_while_idle_is_replaced_unseen(
    narrow: Database, sync_narrow: SyncDatabase, place: Place, database_urls: DatabaseUrls
) -> None:
    """As after a restart of Postgres."""
    async with narrow.untenanted() as conn:
        first = conn.info.backend_pid
    with sync_narrow.untenanted() as sync_conn:
        second = sync_conn.info.backend_pid
    terminate(database_urls, first, second)

    async with narrow.tenant(place.tenant_id) as conn:
        await conn.execute(NAMES, ["any"])
    with sync_narrow.tenant(place.tenant_id) as sync_conn:
        sync_conn.execute(NAMES, ["any"])


async def test_a_connection_that_dies_in_use_is_unavailable(
    narrow: Database, place: Place, database_urls: DatabaseUrls
) -> None:
    async def ask_after_death() -> None:
        async with narrow.tenant(place.tenant_id) as conn:
            terminate(database_urls, conn.info.backend_pid)
            await conn.execute(NAMES, ["any"])

    with pytest.raises(Unavailable):
        await ask_after_death()


async def test_no_postgres_is_unavailable_and_may_come_later(unused_tcp_port: int) -> None:
    url = f"postgresql://pampax_service@127.0.0.1:{unused_tcp_port}/pampax"
    database, sync_database = Database(url, component="test"), SyncDatabase(url, component="test")

    for _ in range(2):
        with pytest.raises(Unavailable):
            await database.open()
        with pytest.raises(Unavailable):
            async with database.tenant(uuid4()):
                pass
        with pytest.raises(Unavailable):
            sync_database.open()


async def test_a_full_server_is_resource_exhaustion(narrow: Database, place: Place) -> None:
    with pytest.raises(ResourceExhausted, match="disk is full"):
        async with narrow.tenant(place.tenant_id) as conn:
            await conn.execute("DO $$ BEGIN RAISE SQLSTATE '53100' USING MESSAGE = 'could not extend file'; END $$")


async def test_an_unreadable_url_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="postgresql://"):
        Database("postgresql://u@h/d?no_such_option=1", component="test")


async def test_a_closed_database_opens_again(narrow: Database, place: Place) -> None:
    await narrow.open()
    await narrow.close()

    async with narrow.tenant(place.tenant_id) as conn:
        await conn.execute(NAMES, ["any"])


FORKING = """
import os, sys
from uuid import UUID
from pampax.storage.sync_database import SyncDatabase

database, tenant = SyncDatabase(sys.argv[1], pool_max=1, component="test"), UUID(sys.argv[2])

def backend():
    with database.tenant(tenant) as conn:
        return conn.info.backend_pid

parent = backend()
for _ in range(10):
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            os.write(writing, str(backend()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    assert int(os.read(reading, 100)) != parent
    os.wait()
assert backend() == parent
database.close()
"""


def test_a_forked_worker_gets_connections_of_its_own(database_urls: DatabaseUrls, place: Place) -> None:
    # A process of its own, as a worker's parent is: the threads of a test run hold locks that a child would inherit.
    command = [sys.executable, "-c", FORKING, database_urls.service, str(place.tenant_id)]

    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr
