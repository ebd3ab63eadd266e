"""Postgres is killed and comes back: the same databases serve again, and no process was restarted."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg
import pytest

from pampax.core.errors import Unavailable
from pampax.embedded.account import server_account
from pampax.embedded.binaries import packages_are_passable, postgres_bin_dir
from pampax.embedded.foreground import run_foreground
from pampax.embedded.layout import PASSABLE
from pampax.embedded.ports import free_port
from pampax.embedded.postgres import EmbeddedPostgres, clear_stale_pid_file
from pampax.storage.database import Database, SyncDatabase

PATIENCE_S = 60.0


async def eventually(answer: Callable[[], Awaitable[None]]) -> None:
    """Until it no longer raises Unavailable."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return await answer()
        except Unavailable:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)


def prepared_server(folder: Path) -> EmbeddedPostgres:
    folder.chmod(PASSABLE)
    account = server_account()
    bin_dir = postgres_bin_dir(folder / "bin", None if packages_are_passable(account) else account)
    server = EmbeddedPostgres(folder / "postgres", bin_dir, free_port(), folder / "log", account, durable=False)
    server.prepare()
    return server


def wait_until_gone(server: EmbeddedPostgres) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not clear_stale_pid_file(server.data):
        assert time.monotonic() < deadline, "the killed server's processes did not end"
        time.sleep(0.05)


async def test_databases_serve_again_after_postgres_was_killed() -> None:
    with TemporaryDirectory(prefix="pampax-restart-") as folder:
        server = prepared_server(Path(folder))
        database = Database(server.dsn(), pool_max=4, component="test")
        sync_database = SyncDatabase(server.dsn(), pool_max=4, component="test")

        async def ask() -> None:
            async with database.tenant(uuid4()) as conn:
                await conn.execute("SELECT 1")

        async def ask_at_once() -> None:
            await asyncio.gather(*(ask() for _ in range(4)))

        async def ask_synchronously() -> None:
            with sync_database.tenant(uuid4()) as conn:
                conn.execute("SELECT 1")

        try:
            with run_foreground(server.command(), server.ready, server.log_file, server.run_as) as pid:
                await ask_at_once()
                await ask_synchronously()
                os.kill(pid, signal.SIGKILL)
            wait_until_gone(server)
            for question in (ask, ask_synchronously):
                with pytest.raises(Unavailable):
                    await question()

            with run_foreground(server.command(), server.ready, server.log_file, server.run_as):
                await eventually(ask_at_once)
                await eventually(ask_synchronously)
        finally:
            await database.close()
            sync_database.close()


def test_a_killed_server_keeps_what_was_committed() -> None:
    with TemporaryDirectory(prefix="pampax-restart-") as folder:
        server = prepared_server(Path(folder))
        with run_foreground(server.command(), server.ready, server.log_file, server.run_as) as pid:
            with psycopg.connect(server.dsn(), autocommit=True) as conn:
                conn.execute("CREATE TABLE kept AS SELECT 1 AS n")
            os.kill(pid, signal.SIGKILL)
        wait_until_gone(server)

        with (
            run_foreground(server.command(), server.ready, server.log_file, server.run_as),
            psycopg.connect(server.dsn()) as conn,
        ):
            assert conn.execute("SELECT n FROM kept").fetchone() == (1,)
