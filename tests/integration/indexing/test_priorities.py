"""Whose turn is first: interactive operations before bulk ones, and none waits for ever."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from redis.asyncio import Redis

from pampax.core.errors import InvalidRequest
from pampax.embedded.valkey import running_valkey
from pampax.indexing.broker import Broker
from pampax.indexing.celery_app import LINES
from pampax.storage.operations import claim
from pampax.v1 import indexing_service_pb2 as pb

from .conftest import Bench, Client, NewBench, NewProcesses, Processes, metadata_of, response_of
from .trees import modules, write

INTERACTIVE, BULK = pb.PRIORITY_INTERACTIVE, pb.PRIORITY_BULK


@pytest.fixture
def bench(new_bench: NewBench, tmp_path: Path) -> Bench:
    return new_bench(write(tmp_path / "r", modules(2)))


def bulk(bench: Bench, age: str = "0 s") -> UUID:
    operation_id = bench.operation()
    bench.execute(
        "UPDATE operation SET yields = '5 min', created_at = created_at - %s::interval WHERE operation_id = %s",
        [age, operation_id],
    )
    return operation_id


def claimable(bench: Bench, operation_id: UUID) -> bool:
    """Whether it would be given to a worker now; nothing is taken."""
    with bench.database.tenant(bench.tenant_id) as conn:
        taken = claim(conn, operation_id, 20) is not None
        conn.rollback()
        return taken


def test_in_a_repository_an_interactive_operation_goes_before_a_bulk_one(bench: Bench) -> None:
    first, second = bulk(bench), bench.operation()
    assert [claimable(bench, each) for each in (first, second)] == [False, True]


def test_a_bulk_operation_that_has_waited_its_time_lets_nobody_pass(bench: Bench) -> None:
    first, second = bulk(bench, age="6 min"), bench.operation()
    assert [claimable(bench, each) for each in (first, second)] == [True, False]


def due(database_url: str) -> dict[UUID, bool]:
    """What a reaper takes, in its order: operation and whether it is urgent."""
    with psycopg.connect(database_url) as conn:
        statement = "SELECT operation_id, urgent FROM take_due_operations(1000, interval '0 s')"
        return dict(conn.execute(statement).fetchall())


def test_the_reaper_takes_interactive_ones_first_and_old_bulk_ones_as_urgent(
    bench: Bench, new_bench: NewBench, tmp_path: Path, database_urls: Any
) -> None:
    young, old = bulk(bench), bulk(new_bench(tmp_path), age="7 min")
    interactive = new_bench(tmp_path).operation()
    found = {key: urgent for key, urgent in due(database_urls.service).items() if key in (young, old, interactive)}
    assert list(found.items()) == [(old, True), (interactive, True), (young, False)]


@pytest.fixture
def own_redis() -> Iterator[str]:
    with running_valkey() as url:
        yield url


async def test_what_is_not_urgent_waits_in_a_line_of_its_own(own_redis: str) -> None:
    broker = Broker(own_redis)
    ids = UUID(int=1), UUID(int=2)
    for urgent in (True, False, False):
        assert await broker.send(*ids, urgent=urgent)
    async with Redis.from_url(own_redis) as redis:
        assert [await redis.llen(line) for line in LINES] == [1, 2]
    assert await broker.backlog() == 3
    await broker.close()


@pytest.fixture
async def alone(new_processes: NewProcesses) -> AsyncIterator[Processes]:
    """A service with a broker and no worker."""
    async with new_processes() as made:
        made.start()
        yield made


async def test_a_worker_runs_what_is_interactive_first(alone: Processes, tmp_path: Path) -> None:
    client = await alone.client()
    for name in ("bulk", "refresh"):
        await client.create(name, path=str(write(tmp_path / name, modules(5))))
    waiting = [await client.index("bulk", priority=BULK), await client.index("refresh", priority=INTERACTIVE)]
    alone.start("worker")
    ended = [metadata_of(await client.done(each)).update_time.ToNanoseconds() for each in waiting]
    assert ended[1] < ended[0]


async def test_first_indexes_are_bulk_and_refreshes_interactive(client: Client, tmp_path: Path) -> None:
    folder = write(tmp_path / "r", modules(2))
    await client.create("demo", path=str(folder))
    first = await client.done(await client.index("demo"))
    again = await client.done(await client.index("demo"))
    anew = await client.done(await client.index("demo", full=True))
    told = await client.done(await client.index("demo", full=True, priority=INTERACTIVE))
    assert [metadata_of(each).priority for each in (first, again, anew, told)] == [BULK, INTERACTIVE, BULK, INTERACTIVE]
    assert response_of(told).error_count == 0


async def test_who_joins_a_bulk_operation_and_waits_makes_it_interactive(alone: Processes, tmp_path: Path) -> None:
    client = await alone.client()
    await client.create("demo", path=str(write(tmp_path / "r", modules(2))))
    first = await client.index("demo", priority=BULK)
    joined = await client.index("demo", priority=INTERACTIVE)
    again = await client.index("demo", priority=BULK)
    assert first.name == joined.name == again.name
    assert [metadata_of(each).priority for each in (first, joined, again)] == [BULK, INTERACTIVE, INTERACTIVE]


async def test_many_requests_at_once_are_one_operation_and_one_more_behind_a_running_one(
    alone: Processes, tmp_path: Path
) -> None:
    client = await alone.client()
    await client.create("demo", path=str(write(tmp_path / "r", modules(2))))
    waiting = {each.name for each in await asyncio.gather(*(client.index("demo") for _ in range(8)))}
    assert len(waiting) == 1
    begin(alone, next(iter(waiting)))
    behind = {each.name for each in await asyncio.gather(*(client.index("demo") for _ in range(8)))}
    assert len(behind) == 1
    assert not behind & waiting


def begin(processes: Processes, operation: str) -> None:
    """As a worker that has just taken it up."""
    with psycopg.connect(processes.urls.superuser) as conn:
        conn.execute(
            "UPDATE operation SET state = 'running', lease_expires_at = now() + interval '1 min'"
            " WHERE operation_id = %s",
            [UUID(operation.removeprefix("operations/"))],
        )


async def test_a_priority_that_nobody_knows_is_refused(client: Client) -> None:
    await client.create("demo", upload=True)
    with pytest.raises(InvalidRequest) as refused:
        await client.index("demo", priority=7)
    assert "priority" in refused.value.fields


async def test_how_long_each_priority_waits_is_measured(alone: Processes, tmp_path: Path) -> None:
    client = await alone.client()
    await client.create("demo", path=str(tmp_path))
    await client.index("demo")
    with psycopg.connect(alone.urls.service) as conn:
        waits = {name: (count, age) for name, count, age in conn.execute("SELECT * FROM queue_priorities()")}
    assert waits["interactive"] == (0, 0.0)
    assert waits["bulk"][0] == 1
    assert waits["bulk"][1] > 0
