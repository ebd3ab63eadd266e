"""What a worker shows of its children: two of them, one killed, and one that took its place."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from pampax.embedded.ports import free_port

from .conftest import NewProcesses
from .trees import modules, write

CHILDREN = 2
RUNS = 6


@pytest.fixture
def metrics_address() -> Iterator[str]:
    return f"127.0.0.1:{free_port()}"


def scraped(address: str) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels, in the order of the labels' names."""
    text = httpx.get(f"http://{address}/metrics", timeout=5).text
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def left_behind(pid: int) -> list[Path]:
    return [each for home in (Path("/dev/shm"), Path("/tmp")) for each in home.glob(f"pampax-metrics-{pid}-*")]


async def until(condition: Callable[[], object], timeout_s: float = 30) -> None:
    give_up = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < give_up, "it did not happen in time"
        await asyncio.sleep(0.1)


async def test_a_killed_and_replaced_child_loses_no_counts(
    new_processes: NewProcesses, tmp_path: Path, metrics_address: str
):
    async with new_processes(counting=True) as processes:
        processes.start()
        worker = processes.start(
            "worker",
            PAMPAX_INDEXING__WORKER_METRICS_ADDRESS=metrics_address,
            PAMPAX_INDEXING__CONCURRENCY=str(CHILDREN),
        )
        client = await processes.client()
        folders = [write(tmp_path / f"tree{number}", modules(5)) for number in range(RUNS)]

        async def index(number: int) -> None:
            name = f"tree{number}"
            await client.create(name, path=str(folders[number]))
            await client.indexed(name)

        def children() -> list[psutil.Process]:
            found = psutil.Process(worker.pid).children()
            return [each for each in found if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]

        def succeeded() -> float:
            return scraped(metrics_address).get(("pampax_task_runs_total", "succeeded", "run_operation"), 0)

        await asyncio.gather(*(index(number) for number in range(RUNS - 1)))
        before = scraped(metrics_address)
        assert before["pampax_task_runs_total", "succeeded", "run_operation"] == RUNS - 1
        assert before[("index_refresh_ms_count",)] == RUNS - 1
        assert before["pampax_tasks_in_flight", "run_operation"] == 0
        assert before["pampax_pool_connections", "indexing-worker"] >= 1
        assert len(children()) == CHILDREN

        victims = children()
        for victim in victims:
            victim.kill()
        await until(lambda: len(children()) == CHILDREN and not {*children()} & {*victims})
        after = scraped(metrics_address)
        assert after["pampax_task_runs_total", "succeeded", "run_operation"] == RUNS - 1
        assert after["index_refresh_ms_bucket", "+Inf"] == RUNS - 1
        await index(RUNS - 1)
        assert succeeded() == RUNS

        lines = [json.loads(line) for line in processes.log("worker").splitlines() if '"operation succeeded"' in line]
        assert len(lines) == RUNS
        for line in lines:
            assert line["tenant"] == str(client.caller.tenant_id)
            assert line["corr_id"]
            assert len(line["trace_id"]) == 32
            assert (line["status"], line["op"], line["component"]) == ("OK", "index", "indexing-worker")

        assert left_behind(worker.pid)
        assert processes.end(worker) == 0
        assert left_behind(worker.pid) == []
