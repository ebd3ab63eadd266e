"""What a service hears of its database when it starts, and afterwards."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from pampax.core.errors import ConfigError, Unavailable
from pampax.storage.database import Database
from pampax.storage.readiness import Readiness, open_patiently

from ...conftest import inherited  # noqa: TID252 - tests are no package

if TYPE_CHECKING:
    from tests.conftest import DatabaseUrls, NewDatabase

START_LIMIT_S = 60

Connect = Callable[[str], Database]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    async with AsyncExitStack() as parts:

        def make(url: str) -> Database:
            made = Database(url, pool_max=1, component="test")
            parts.push_async_callback(made.close)
            return made

        yield make


async def test_a_migrated_database_is_ready_for_the_services_user(database: Database) -> None:
    await open_patiently(database)
    assert await Readiness(database).ready()


@pytest.mark.parametrize("ask", [open_patiently, lambda database: Readiness(database).ready()])
async def test_a_superuser_is_refused(
    connect: Connect, database_urls: DatabaseUrls, ask: Callable[[Database], Awaitable[object]]
) -> None:
    with pytest.raises(ConfigError, match="is a superuser, so tenants would not be kept apart"):
        await ask(connect(database_urls.superuser))


async def test_a_schema_that_lacks_a_migration_is_not_ready(connect: Connect, new_database: NewDatabase) -> None:
    with new_database(migrated=False) as urls:
        database = connect(urls.service)
        await open_patiently(database)
        with pytest.raises(ConfigError, match="the schema lacks 0001_pre_schema"):
            await Readiness(database).ready()
        await database.close()


async def test_postgres_may_come_later(connect: Connect, free_tcp_port: int) -> None:
    database = connect(f"postgresql://pampax_service@127.0.0.1:{free_tcp_port}/pampax")
    await open_patiently(database)
    with pytest.raises(Unavailable):
        await Readiness(database).ready()


@pytest.mark.parametrize("service", ["assembly", "search"])
def test_a_service_does_not_start_as_a_superuser(service: str, database_urls: DatabaseUrls, free_tcp_port: int) -> None:
    environment = {
        **inherited(counting=True),
        "PAMPAX_MODE": "embedded",
        "PAMPAX_DATABASE__URL": database_urls.superuser,
        "PAMPAX_AUTH__CALLER_SECRET": "5e" * 32,
        f"PAMPAX_{service.upper()}__ADDRESS": f"127.0.0.1:{free_tcp_port}",
    }
    command = [sys.executable, "-m", f"pampax.{service}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=START_LIMIT_S, check=False)
    assert done.returncode == 2
    assert "is a superuser, so tenants would not be kept apart" in done.stderr
