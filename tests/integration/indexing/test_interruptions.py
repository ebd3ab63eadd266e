"""What happens to a run that is cut off: killed workers, lost databases, brokers that are away, cancels, shutdowns."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import psycopg
import pytest
import redis
from google.longrunning import operations_pb2

from pampax.embedded.ports import free_port
from pampax.indexing.run import writer

from .conftest import Bench, Client, NewBench, NewProcesses, Processes, kill_group, metadata_of, response_of
from .trees import modules, write

# Enough for several seconds of parsing.
MANY = 3_000


@pytest.fixture
def large(tmp_path: Path) -> Path:
    return write(tmp_path / "large", modules(MANY, functions=8))


@contextmanager
def running(bench: Bench, operation_id: UUID) -> Iterator[threading.Thread]:
    """The operation in a thread, once it has written something; joined at the end."""
    thread = threading.Thread(target=bench.runner.run, args=(operation_id, bench.tenant_id))
    thread.start()
    try:
        parsing = "SELECT 1 FROM operation WHERE stage = 'parsing' AND done > 0"
        wait_until(lambda: bench.query(parsing) or not thread.is_alive())
        assert thread.is_alive(), "the run was over before it could be disturbed: use a larger tree"
        yield thread
    finally:
        thread.join(100)


def wait_until(condition: Callable[[], Any], timeout_s: float = 30) -> None:
    give_up = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.02)


async def begun(client: Client, operation: operations_pb2.Operation) -> None:
    """Waits until the run has parsed something."""
    give_up = time.monotonic() + 30
    while metadata_of(operation).stage != "parsing" or metadata_of(operation).done == 0:
        assert not operation.done, "the run was over before it could be disturbed: use a larger tree"
        assert time.monotonic() < give_up
        await asyncio.sleep(0.05)
        operation = await client.operation(operation.name)


def test_a_killed_parser_costs_one_file_its_syntax(new_bench: NewBench, large: Path) -> None:
    bench = new_bench(large)
    operation_id = bench.operation()
    with running(bench, operation_id):
        child = bench.runner._parsers._processes[0]._child
        assert child is not None
        child.kill()
    row = bench.row(operation_id)
    assert row["state"] == "succeeded"
    assert row["result"]["status"]["files"] == MANY
    assert [problem["reason"] for problem in row["errors"]] in ([], ["crash"])  # [] when it was between two files


def test_a_run_outlives_lost_database_connections(new_bench: NewBench, large: Path, database_urls: Any) -> None:
    bench = new_bench(large)
    operation_id = bench.operation()
    with running(bench, operation_id) as thread, psycopg.connect(database_urls.superuser, autocommit=True) as conn:
        for _ in range(3):
            conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pampax-test-worker'"
            )
            thread.join(0.3)
    row = bench.row(operation_id)
    assert row["state"] == "succeeded", row["error"]
    assert row["result"]["status"]["files"] == MANY
    assert bench.query("SELECT count(*) AS n FROM document") == [{"n": MANY}]
    (counted,) = bench.query("SELECT count(*) AS n FROM chunk")
    assert counted["n"] == row["result"]["status"]["chunks"]


def test_a_run_whose_lease_was_taken_has_no_effect(new_bench: NewBench, large: Path) -> None:
    bench = new_bench(large)
    operation_id = bench.operation()
    with running(bench, operation_id):
        bench.execute(
            "UPDATE operation SET lease_token = lease_token + 1, lease_expires_at = now() + interval '1 hour'"
            " WHERE operation_id = %s",
            [operation_id],
        )
    row = bench.row(operation_id)
    assert (row["state"], row["result"]) == ("running", None)
    assert not bench.query("SELECT 1 FROM ref")


def test_a_later_attempt_goes_on_behind_what_was_written(
    new_bench: NewBench, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "SEGMENT_CHUNKS", 300)
    bench = new_bench(large)
    operation_id = bench.operation()
    with running(bench, operation_id):
        wait_until(lambda: bench.query("SELECT 1 FROM document LIMIT 1"))
        bench.execute("UPDATE operation SET lease_token = lease_token + 1, lease_expires_at = now()")
    (written,) = bench.query("SELECT count(*) AS n FROM document")
    bench.runner.run(operation_id, bench.tenant_id)
    row = bench.row(operation_id)
    assert row["state"] == "succeeded"
    assert row["result"]["status"]["generation"] == 1
    assert 0 < row["result"]["new_blobs"] == MANY - written["n"]


def test_an_operation_is_given_up_after_too_many_attempts(new_bench: NewBench, tmp_path: Path) -> None:
    bench = new_bench(write(tmp_path / "r", modules(2)))
    operation_id = bench.operation()
    bench.execute("UPDATE operation SET attempts = 5")
    bench.runner.run(operation_id, bench.tenant_id)
    row = bench.row(operation_id)
    assert (row["state"], row["error"]["reason"]) == ("failed", "ATTEMPTS_EXHAUSTED")


def test_what_was_published_is_a_success_however_often_the_rest_failed(new_bench: NewBench, tmp_path: Path) -> None:
    bench = new_bench(write(tmp_path / "r", modules(2)))
    first = bench.index()
    bench.execute("UPDATE operation SET state = 'running', attempts = 5")  # as if killed between publish and end
    bench.runner.run(first["operation_id"], bench.tenant_id)
    again = bench.row(first["operation_id"])
    assert (again["state"], again["result"]) == ("succeeded", first["result"])


def test_answers_stay_the_old_ones_while_a_full_run_works(new_bench: NewBench, large: Path) -> None:
    bench = new_bench(large)
    first = bench.index()
    snapshot = bench.query("SELECT snapshot_id, generation FROM ref")
    (chunks,) = bench.query("SELECT count(*) AS n, max(build_id) AS build FROM chunk")
    operation_id = bench.operation(full=True)
    with running(bench, operation_id):
        wait_until(lambda: bench.query("SELECT 1 FROM chunk WHERE build_id <> %s LIMIT 1", [chunks["build"]]))
        assert bench.query("SELECT snapshot_id, generation FROM ref") == snapshot
        (still,) = bench.query("SELECT count(*) AS n FROM chunk WHERE build_id = %s", [chunks["build"]])
        assert still["n"] == chunks["n"]
    row = bench.row(operation_id)
    assert row["result"]["status"]["chunks"] == first["result"]["status"]["chunks"]
    assert row["result"]["status"]["generation"] == 2


@pytest.fixture(scope="module")
async def alone(new_processes: NewProcesses) -> AsyncIterator[Processes]:
    """A service with a broker and no worker."""
    async with new_processes() as made:
        made.start()
        yield made


async def test_equal_requests_that_wait_are_one_operation(alone: Processes, tmp_path: Path) -> None:
    client = await alone.client()
    await client.create("demo", path=str(tmp_path))
    first = await client.index("demo", full=True)
    assert (await client.index("demo", full=True)).name == first.name
    other = await client.index("demo")
    assert other.name != first.name
    for operation in (first, other):
        await client.ask(client.operations.CancelOperation, operations_pb2.CancelOperationRequest(name=operation.name))
    assert (await client.index("demo")).name != other.name
    await client.delete("demo")


async def test_a_waiting_operation_is_cancelled_at_once(alone: Processes, tmp_path: Path) -> None:
    client = await alone.client()
    await client.create("demo", path=str(tmp_path))
    operation = await client.index("demo")
    await client.ask(client.operations.CancelOperation, operations_pb2.CancelOperationRequest(name=operation.name))
    found = await client.operation(operation.name)
    assert (found.done, found.error.code, metadata_of(found).stage) == (True, 1, "done")


async def test_a_running_operation_is_cancelled_and_can_be_asked_for_again(client: Client, large: Path) -> None:
    await client.create("demo", path=str(large))
    operation = await client.index("demo")
    await begun(client, operation)
    await client.ask(client.operations.CancelOperation, operations_pb2.CancelOperationRequest(name=operation.name))
    done = await client.done(operation)
    assert done.error.code == 1
    assert not (await client.get("demo")).refs
    assert (await client.indexed("demo")).status.files == MANY


@pytest.fixture
def silent_url() -> Iterator[str]:
    """Of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        yield f"http://127.0.0.1:{silent.getsockname()[1]}/repository"


def fetching(url: str) -> bool:
    lines = (" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"]))
    return any("ls-remote" in line and url in line for line in lines)


async def test_a_cancel_and_a_shutdown_are_heard_while_git_waits(new_processes: NewProcesses, silent_url: str) -> None:
    async with new_processes() as processes:
        processes.start(PAMPAX_INDEXING__ALLOW_PRIVATE_GIT="true")
        worker = processes.start("worker", PAMPAX_INDEXING__ALLOW_PRIVATE_GIT="true")
        client = await processes.client()
        await client.create("demo", git_url=silent_url)
        operation = await client.index("demo")
        await asyncio.to_thread(wait_until, lambda: fetching(silent_url))
        await client.ask(client.operations.CancelOperation, operations_pb2.CancelOperationRequest(name=operation.name))
        assert (await client.done(operation)).error.code == 1
        again = await client.index("demo")
        await asyncio.to_thread(wait_until, lambda: fetching(silent_url))
        assert await asyncio.to_thread(processes.end, worker) == 0
        assert not fetching(silent_url)
        assert not (await client.operation(again.name)).done


async def test_a_stopped_worker_hands_its_operation_on(new_processes: NewProcesses, large: Path) -> None:
    async with new_processes() as processes:
        processes.start()
        worker = processes.start("worker")
        client = await processes.client()
        await client.create("demo", path=str(large))
        operation = await client.index("demo")
        await begun(client, operation)
        assert await asyncio.to_thread(processes.end, worker) == 0
        assert not (await client.operation(operation.name)).done
        processes.start("worker", name="second")
        assert response_of(await client.done(operation)).status.generation == 1


async def test_a_killed_worker_s_operation_is_taken_up_and_takes_effect_once(
    new_processes: NewProcesses, large: Path
) -> None:
    async with new_processes() as processes:
        processes.start()
        worker = processes.start("worker")
        client = await processes.client()
        await client.create("demo", path=str(large))
        operation = await client.index("demo")
        await begun(client, operation)
        await asyncio.to_thread(kill_group, worker)
        processes.start("worker", name="second")
        response = response_of(await client.done(operation))
        assert (response.status.generation, response.status.files, response.changed) == (1, MANY, True)
        again = await client.indexed("demo")
        assert (again.changed, again.new_blobs) == (False, 0)


async def test_a_killed_child_s_operation_is_taken_up_by_the_same_worker(
    new_processes: NewProcesses, large: Path
) -> None:
    async with new_processes() as processes:
        processes.start()
        worker = processes.start("worker")
        client = await processes.client()
        await client.create("demo", path=str(large))
        operation = await client.index("demo")
        await begun(client, operation)
        for child in psutil.Process(worker.pid).children():
            child.kill()
        assert response_of(await client.done(operation)).status.files == MANY


async def test_a_repository_deleted_under_a_run_leaves_no_rows(
    processes: Processes, client: Client, large: Path
) -> None:
    await client.create("demo", path=str(large))
    await client.create("next", path=str(write(large.parent / "next", modules(2))))
    operation = await client.index("demo")
    await begun(client, operation)
    await client.delete("demo")
    assert (await client.indexed("next")).status.files == 2  # the worker has let go of it
    with psycopg.connect(processes.urls.superuser) as conn:
        for table in ("chunk", "posting", "document", "blob", "repository_build"):
            rows = conn.execute(
                f"SELECT DISTINCT repository_id FROM {table} WHERE tenant_id = %s", [client.caller.tenant_id]
            ).fetchall()
            assert len(rows) == 1, table


@pytest.mark.parametrize("broker", ["", "away"])
async def test_without_a_broker_the_service_indexes_by_itself(
    new_processes: NewProcesses, tmp_path: Path, broker: str
) -> None:
    url = f"redis://127.0.0.1:{free_port()}/0" if broker else ""
    async with new_processes(broker=url) as processes:
        service = processes.start()
        client = await processes.client()
        for name in ("first", "second"):
            await client.create(name, path=str(write(tmp_path / name, modules(3))))
        operations = [await client.index("first"), await client.index("second"), await client.index("first", full=True)]
        for operation in operations:
            assert response_of(await client.done(operation)).status.files == 3
        assert await asyncio.to_thread(processes.end, service) == 0


async def test_the_service_takes_its_own_run_down_with_it(new_processes: NewProcesses, large: Path) -> None:
    async with new_processes(broker="") as processes:
        service = processes.start()
        client = await processes.client()
        await client.create("demo", path=str(large))
        operation = await client.index("demo")
        await begun(client, operation)
        (run,) = psutil.Process(service.pid).children()
        assert await asyncio.to_thread(processes.end, service) == 0
        assert not run.is_running()
        with psycopg.connect(processes.urls.superuser) as conn:
            left = conn.execute("SELECT state, attempts, lease_expires_at < now() FROM operation").fetchone()
        assert left == ("running", 0, True)


async def test_a_flushed_broker_loses_nothing(new_processes: NewProcesses, tmp_path: Path) -> None:
    async with new_processes() as processes:
        processes.start()
        client = await processes.client()
        await client.create("demo", path=str(write(tmp_path / "r", modules(3))))
        operation = await client.index("demo")
        with redis.Redis.from_url(processes.environment["PAMPAX_REDIS__URL"]) as broker:
            broker.flushdb()
        processes.start("worker")
        assert response_of(await client.done(operation)).status.files == 3


async def test_a_worker_that_comes_later_takes_what_was_sent_before(
    new_processes: NewProcesses, tmp_path: Path
) -> None:
    async with new_processes() as processes:
        service = processes.start()
        client = await processes.client()
        await client.create("demo", path=str(write(tmp_path / "r", modules(3))))
        await client.index("demo")
        assert await asyncio.to_thread(processes.end, service) == 0  # nobody is left who could send it again
        processes.start("worker")
        with psycopg.connect(processes.urls.superuser, autocommit=True) as conn:
            ended = "SELECT 1 FROM operation WHERE state = 'succeeded'"
            await asyncio.to_thread(wait_until, lambda: conn.execute(ended).fetchone())
