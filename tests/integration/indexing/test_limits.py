"""What a run may take: past a soft limit it ends and says so, past a hard one its process is killed."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from pampax.indexing.run.limits import Limits

from .conftest import Client, NewBench, NewProcesses, Processes
from .trees import modules, write

MANY = 3_000


@pytest.fixture
def large(tmp_path: Path) -> Path:
    return write(tmp_path / "large", modules(MANY, functions=8))


@pytest.mark.parametrize(
    ("limits", "reason"), [(Limits(soft_s=0.5), "TIME_LIMIT"), (Limits(soft_bytes=1), "MEMORY_LIMIT")]
)
def test_a_run_past_a_soft_limit_ends_and_the_old_index_is_served(
    new_bench: NewBench, tmp_path: Path, large: Path, limits: Limits, reason: str
) -> None:
    folder = write(tmp_path / "r", modules(3))
    bench = new_bench(folder)
    bench.index()
    before = bench.query("SELECT snapshot_id, generation FROM ref")
    write(folder, modules(MANY, functions=8))
    bench.runner._limits = limits
    row = bench.index()
    assert (row["state"], row["error"]["reason"], row["error"]["code"]) == ("failed", reason, "RESOURCE_EXHAUSTED")
    assert "indexing.task_" in row["error"]["message"]
    assert bench.query("SELECT snapshot_id, generation FROM ref") == before
    bench.runner._limits = Limits()
    assert bench.index()["result"]["status"]["files"] == MANY


@pytest.fixture
async def alone(new_processes: NewProcesses) -> AsyncIterator[Processes]:
    """A service with a broker and no worker."""
    async with new_processes() as made:
        made.start()
        yield made


async def run_once(processes: Processes, client: Client, operation: str, number: int, **settings: str) -> int:
    """The exit code of a process that takes the operation up."""
    arguments = ("run", operation.removeprefix("operations/"), str(client.caller.tenant_id))
    process = processes.start(*arguments, name=f"run-{number}", **settings)
    return await asyncio.to_thread(process.wait, 60)


async def test_an_operation_that_kills_its_workers_fails_with_the_reason(alone: Processes, large: Path) -> None:
    client = await alone.client()
    await client.create("demo", path=str(large))
    operation = await client.index("demo")
    settings = {"PAMPAX_INDEXING__TASK_MEMORY_HARD_MIB": "1", "PAMPAX_INDEXING__TASK_ATTEMPTS": "2"}
    for attempt in (1, 2):
        assert await run_once(alone, client, operation.name, attempt, **settings) == -signal.SIGKILL
        assert not (await client.operation(operation.name)).done
        expire(alone, operation.name)
    assert await run_once(alone, client, operation.name, 3, **settings) == 0
    done = await client.operation(operation.name)
    assert done.done
    assert (
        "given up after 2 attempts: the last worker said that it was killed with more than 1 MiB" in done.error.message
    )
    assert "while parsing" in done.error.message or "while listing" in done.error.message
    assert not (await client.get("demo")).refs


async def test_a_process_past_its_time_is_killed_and_another_goes_on(alone: Processes, large: Path) -> None:
    client = await alone.client()
    await client.create("demo", path=str(large))
    operation = await client.index("demo")
    assert await run_once(alone, client, operation.name, 1, PAMPAX_INDEXING__TASK_HARD_LIMIT_S="1") == -signal.SIGKILL
    expire(alone, operation.name)
    assert await run_once(alone, client, operation.name, 2) == 0
    done = await client.done(operation)
    assert not done.HasField("error")
    assert (await client.get("demo")).refs[0].files == MANY


def expire(processes: Processes, operation: str) -> None:
    """The lease of a dead worker, whose time nobody wants to wait for."""
    with psycopg.connect(processes.urls.superuser) as conn:
        conn.execute(
            "UPDATE operation SET lease_expires_at = now() - interval '1 s' WHERE operation_id = %s",
            [UUID(operation.removeprefix("operations/"))],
        )
