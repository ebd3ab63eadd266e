"""Workers tell the database that they live; who falls silent is seen, and who is gone is forgotten."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import psutil
import psycopg
import pytest
from celery import signals
from psycopg.rows import dict_row

from pampax.indexing.heartbeat.row import HeartbeatRow
from pampax.indexing.heartbeat.signals import Heartbeats, beat_file
from pampax.runtime.settings import Settings
from pampax.storage.database import Database, SyncDatabase
from pampax.storage.heartbeats import (
    FORGOTTEN_S,
    SILENT_S,
    Heartbeat,
    WorkerLoad,
    WorkerProcess,
    beat,
    read_heartbeats,
    remove_gone,
)

PATIENCE_S = 60.0


async def until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < give_up, "not in time"
        await asyncio.sleep(0.05)


def process(*, host: str = "here", pid: int = 4711, started: float = 1e9) -> WorkerProcess:
    return WorkerProcess(uuid4(), host, pid, started, parent_pid=4710, version="1.2.3", concurrency=2)


def load(operation_id: UUID | None = None) -> WorkerLoad:
    return WorkerLoad(operation_id, 0.5, 100, 200, 300, 400, 500)


@pytest.fixture
def table(scratch_urls) -> SyncDatabase:
    opened = SyncDatabase(scratch_urls.service, pool_max=2, component="test")
    yield opened
    opened.close()


async def read(url: str) -> list[Heartbeat]:
    database = Database(url, pool_max=1, component="test")
    try:
        async with database.untenanted(read_only=True) as conn:
            return await read_heartbeats(conn)
    finally:
        await database.close()


async def test_a_beat_enters_a_process_and_the_next_one_tells_what_it_does(table: SyncDatabase, scratch_urls) -> None:
    mine = process()
    for operation in (None, uuid4()):
        with table.untenanted() as conn:
            beat(conn, mine, load(operation))
        (row,) = await read(scratch_urls.service)
        assert row.busy is (operation is not None)
    assert (row.host, row.pid, row.parent_pid, row.version, row.concurrency) == ("here", 4711, 4710, "1.2.3", 2)
    assert (row.resident_bytes, row.memory_limit_bytes, row.disk_free_bytes, row.disk_total_bytes) == (
        100, 300, 400, 500,
    )  # fmt: skip
    assert row.alive
    assert row.led


async def test_a_process_that_is_not_heard_of_is_silent_and_still_listed(table: SyncDatabase, scratch_urls) -> None:
    with table.untenanted() as conn:
        beat(conn, process(), load())
        conn.execute("UPDATE worker_heartbeat SET seen_at = now() - make_interval(secs => %s)", [SILENT_S + 5])
        assert remove_gone(conn, "here", lambda _pid, _started: True) == 0
    (row,) = await read(scratch_urls.service)
    assert not row.alive
    assert SILENT_S < row.silent_s < FORGOTTEN_S


async def test_the_gone_of_this_machine_and_the_long_silent_of_others_are_removed(
    table: SyncDatabase, scratch_urls
) -> None:
    with table.untenanted() as conn:
        for host, pid, silent_s in (
            ("here", 1, 20), ("here", 2, 20), ("here", 3, 0), ("there", 1, 20), ("there", 2, FORGOTTEN_S + 1),
        ):  # fmt: skip
            one = process(host=host, pid=pid)
            beat(conn, one, load())
            conn.execute(
                "UPDATE worker_heartbeat SET seen_at = now() - make_interval(secs => %s) WHERE worker_id = %s",
                [silent_s, one.worker_id],
            )
        assert remove_gone(conn, "here", lambda pid, _started: pid == 2) == 2
    assert [(row.host, row.pid) for row in await read(scratch_urls.service)] == [
        ("here", 2), ("here", 3), ("there", 1),
    ]  # fmt: skip


async def test_a_dead_process_is_forgotten_though_another_has_its_pid(
    table: SyncDatabase, scratch_urls, tmp_path: Path
) -> None:
    """As in a container whose worker was killed and that is started again: its processes get the same numbers."""
    started = psutil.Process().create_time()
    earlier, frozen, own = (process(pid=os.getpid(), started=at) for at in (started - 60, started, started))
    with table.untenanted() as conn:
        for one in (earlier, frozen):
            beat(conn, one, load())
        conn.execute("UPDATE worker_heartbeat SET seen_at = now() - make_interval(secs => %s)", [SILENT_S])
    row = HeartbeatRow(
        SyncDatabase(scratch_urls.service, pool_max=1, component="test"), own, tmp_path, lambda: 0.0, period_s=0.05
    )
    row.start()
    with psycopg.connect(scratch_urls.owner, autocommit=True) as conn:

        def known() -> set[UUID]:
            return {found for (found,) in conn.execute("SELECT worker_id FROM worker_heartbeat").fetchall()}

        await until(lambda: known() == {frozen.worker_id, own.worker_id})
    await asyncio.to_thread(row.close)


async def test_a_row_is_written_again_when_the_database_is_back(scratch_urls, tmp_path: Path) -> None:
    """It is told to a database that is not there yet, and that nobody waits for."""
    database = SyncDatabase(scratch_urls.service, pool_max=1, component="test")
    row = HeartbeatRow(database, process(pid=os.getpid()), tmp_path, lambda: 0.0, period_s=0.05)
    with psycopg.connect(scratch_urls.owner, autocommit=True, row_factory=dict_row) as conn:

        def seen() -> list[dict]:
            return conn.execute("SELECT * FROM worker_heartbeat").fetchall()

        conn.execute("ALTER TABLE worker_heartbeat RENAME TO elsewhere")
        row.start()
        await asyncio.sleep(0.3)  # a few beats that fail
        conn.execute("ALTER TABLE elsewhere RENAME TO worker_heartbeat")
        await until(lambda: bool(seen()))
        assert seen()[0]["disk_total_bytes"] > 0
        row.works_on(operation := uuid4())
        await until(lambda: seen()[0]["operation_id"] == operation)
        await asyncio.to_thread(row.close)
        assert seen() == []


async def test_a_row_that_cannot_be_taken_away_holds_nobody_up(tmp_path: Path, free_tcp_port: int) -> None:
    nowhere = SyncDatabase(f"postgresql://nobody@127.0.0.1:{free_tcp_port}/none", pool_max=1, component="test")
    row = HeartbeatRow(nowhere, process(), tmp_path, lambda: 0.0)
    row.start()
    await asyncio.to_thread(row.close)


async def test_heartbeats_follow_what_happens_in_a_worker(scratch_urls, tmp_path: Path) -> None:
    """As Celery tells it, with both ends of a worker in this process."""
    settings = Settings(
        database={"url": scratch_urls.service},
        indexing={"cache_dir": str(tmp_path), "heartbeat_file": str(tmp_path / "b")},
    )
    heartbeats = Heartbeats(settings)
    assert beat_file(settings) == tmp_path / "b"
    signals.worker_init.send(sender=None)
    signals.worker_process_init.send(sender=None)
    with psycopg.connect(scratch_urls.owner, autocommit=True, row_factory=dict_row) as conn:

        def seen() -> list[dict]:
            return conn.execute("SELECT pid, parent_pid, concurrency FROM worker_heartbeat").fetchall()

        await until(lambda: seen() == [{"pid": os.getpid(), "parent_pid": os.getppid(), "concurrency": 1}])
        await until((tmp_path / "b").exists)
        signals.task_prerun.send(sender=None, args=[str(uuid4()), str(uuid4())])
        signals.task_postrun.send(sender=None)
        await asyncio.to_thread(signals.worker_process_shutdown.send, sender=None)
        assert seen() == []
    signals.worker_shutdown.send(sender=None)
    assert not (tmp_path / "b").exists()
    del heartbeats


async def test_a_worker_shows_its_pulse_and_a_frozen_child_is_seen(new_processes) -> None:
    """As it runs: two children beat, one is frozen and the other goes on; at the end nothing is left of them."""
    async with new_processes() as processes:
        with psycopg.connect(processes.urls.owner, autocommit=True, row_factory=dict_row) as conn:

            def rows() -> list[dict]:
                return conn.execute("SELECT * FROM worker_heartbeat ORDER BY pid").fetchall()

            worker = processes.start("worker", PAMPAX_INDEXING__CONCURRENCY="2")
            file = processes.folder / "cache" / "worker.beat"
            await until(lambda: len(rows()) == 2 and file.exists())
            frozen, well = rows()
            assert {frozen["parent_pid"], well["parent_pid"]} == {worker.pid}
            assert frozen["host"] == socket.gethostname()
            assert frozen["concurrency"] == 2
            assert frozen["resident_bytes"] > 0

            os.kill(frozen["pid"], signal.SIGSTOP)
            await until(lambda: (rows()[1]["seen_at"] - rows()[0]["seen_at"]).total_seconds() > 6)
            os.kill(frozen["pid"], signal.SIGCONT)
            await until(lambda: abs((rows()[1]["seen_at"] - rows()[0]["seen_at"]).total_seconds()) < 6)

            await asyncio.to_thread(processes.end, worker)
            assert rows() == []
            assert not file.exists()
