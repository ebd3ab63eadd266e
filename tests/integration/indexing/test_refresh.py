"""Sources that are looked at on a schedule: what has moved is indexed, what has not costs no run, failures back off."""

import asyncio
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from celery import Celery
from psycopg.rows import dict_row

from pampax.core.errors import InvalidRequest, PermissionDenied
from pampax.core.identity import Role
from pampax.indexing.celery_app import make_celery
from pampax.indexing.refresh import looking
from pampax.indexing.refresh.beat import LOOK, Beat, register_looking
from pampax.indexing.refresh.looking import LONGEST_PAUSE_S, Looking, next_pause_s
from pampax.indexing.run.indexing import GitPolicy
from pampax.runtime.telemetry.metrics import REGISTRY
from pampax.storage.database import SyncDatabase
from pampax.v1 import indexing_service_pb2 as pb
from pampax.v1 import repository_pb2

from .conftest import Client, NewProcesses, Processes
from .trees import git, write

MINUTE = 60


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    root = write(tmp_path / "origin", {"a.py": "x = 1\n", "pkg/b.py": "y = 1\n"})
    git(root, "init", "-q", "-b", "main")
    committed(root)
    return root


def committed(root: Path, **files: str) -> str:
    write(root, {f"{name}.py": content for name, content in files.items()})
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "more", "--allow-empty")
    return git(root, "rev-parse", "HEAD")


def moved(root: Path, target: Path) -> None:
    root.rename(target)


async def scheduled(client: Client, interval_s: int = MINUTE, name: str = "demo") -> repository_pb2.Repository:
    request = pb.SetRefreshRequest(name=f"repositories/{name}", interval_s=interval_s)
    changed: repository_pb2.Repository = await client.ask(client.stub.SetRefresh, request)
    return changed


class Clockwork:
    """The looks of one database, whenever a test wants one."""

    def __init__(self, processes: Processes, mirrors: Path) -> None:
        self.owner_url, self.service_url = processes.urls.owner, processes.urls.service
        database = SyncDatabase(processes.urls.service, pool_max=2, component="test")
        self.looking = Looking(database, GitPolicy(mirrors, allow_private=True))

    def rows(self, statement: str, *parameters: object) -> list[dict[str, Any]]:
        """As the owner, who has to name a tenant as well."""
        with psycopg.connect(self.owner_url, row_factory=dict_row) as conn:
            conn.execute("SELECT set_config('pampax.tenant', %s, true)", [str(self.tenant_id)])
            cursor = conn.execute(statement, parameters)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def of(self, client: Client) -> "Clockwork":
        self.tenant_id = client.caller.tenant_id
        return self

    def make_due(self) -> None:
        self.rows("UPDATE repository SET refresh_due_at = now() - interval '1 second' WHERE refresh_due_at IS NOT NULL")

    async def look(self) -> int:
        """At this tenant's sources. The module's worker looks by itself as well, at what is due."""
        due = self.rows("SELECT repository_id FROM repository WHERE refresh_due_at IS NOT NULL ORDER BY name")
        looks = [asyncio.to_thread(self.looking._look, row["repository_id"], self.tenant_id) for row in due]
        return sum([await each for each in looks])

    def runs(self) -> list[str]:
        """States of the runs that looks have started, in their order."""
        found = self.rows("SELECT state FROM operation WHERE scheduled ORDER BY created_at")
        return [row["state"] for row in found]

    async def ended(self, client: Client) -> None:
        """Every operation has ended."""
        for _ in range(600):
            if not self.rows("SELECT state FROM operation WHERE state IN ('queued', 'running')"):
                return
            await asyncio.sleep(0.1)
        raise AssertionError("operations do not end")


@pytest.fixture
def clockwork(processes: Processes, client: Client, tmp_path: Path) -> Iterator[Clockwork]:
    made = Clockwork(processes, tmp_path / "mirrors").of(client)
    yield made
    made.looking.close()


async def test_a_branch_that_has_moved_is_indexed_and_one_that_has_not_costs_no_run(
    client: Client, clockwork: Clockwork, origin: Path
) -> None:
    await client.create("demo", git_url=f"file://{origin}")
    git(origin, "branch", "side")
    for ref in ("main", "side"):
        await client.indexed("demo", ref=ref)
    changed = await scheduled(client)
    due = changed.refresh.due_time.ToDatetime(UTC) - datetime.now(UTC)
    assert (changed.refresh.interval_s, changed.refresh.HasField("check_time")) == (MINUTE, False)
    assert timedelta(seconds=0.8 * MINUTE) < due < timedelta(seconds=1.2 * MINUTE)
    assert await asyncio.to_thread(clockwork.looking.round) == 0  # nothing is due
    assert await clockwork.look() == 0
    head = committed(origin, c="z = 1\n")
    assert await clockwork.look() == 1
    await clockwork.ended(client)
    found = await client.get("demo")
    assert {status.ref: status.commit == head for status in found.refs} == {"main": True, "side": False}
    assert (clockwork.runs(), found.refresh.failures, found.refresh.error) == (["succeeded"], 0, "")
    assert found.refresh.check_time.seconds
    assert await clockwork.look() == 0
    git(origin, "branch", "-D", "side")  # its owner decides about what is published of it
    assert await clockwork.look() == 0
    assert (await client.get("demo")).refresh.failures == 0


async def test_a_repository_that_was_never_indexed_is_by_its_first_look(
    client: Client, clockwork: Clockwork, origin: Path
) -> None:
    await client.create("demo", git_url=f"file://{origin}")
    await scheduled(client)
    assert await clockwork.look() == 1
    assert await clockwork.look() == 0  # while that run goes on, or when it has ended
    await clockwork.ended(client)
    assert (await client.get("demo")).default_ref == "main"


async def test_a_folder_is_indexed_when_it_differs_from_what_is_published(
    client: Client, clockwork: Clockwork, origin: Path
) -> None:
    await client.create("demo", path=str(origin))
    await client.indexed("demo")
    await scheduled(client)
    assert await clockwork.look() == 0
    write(origin, {"a.py": "x = 2\n"})
    assert await clockwork.look() == 1
    await clockwork.ended(client)
    assert await clockwork.look() == 0
    git(origin, "checkout", "-q", "-b", "feature")
    assert await clockwork.look() == 1
    await clockwork.ended(client)
    assert (await client.get("demo")).default_ref == "feature"


async def test_a_source_that_fails_is_looked_at_less_often_and_says_why(
    client: Client, clockwork: Clockwork, origin: Path, tmp_path: Path
) -> None:
    await client.create("demo", git_url=f"file://{origin}")
    await client.indexed("demo")
    await scheduled(client)
    away = tmp_path / "away"
    moved(origin, away)
    for failures in (1, 2, 3):
        assert await clockwork.look() == 0
        refresh = (await client.get("demo")).refresh
        left = refresh.due_time.ToDatetime(UTC) - datetime.now(UTC)
        assert (refresh.failures, bool(refresh.error)) == (failures, True)
        assert left > timedelta(seconds=0.8 * MINUTE * 2**failures)
    moved(away, origin)
    assert await clockwork.look() == 0
    refresh = (await client.get("demo")).refresh
    assert (refresh.failures, refresh.error) == (0, "")


async def test_a_run_that_fails_counts_as_a_failure_of_the_schedule(
    client: Client, clockwork: Clockwork, origin: Path
) -> None:
    await client.create("demo", git_url=f"file://{origin}")
    await client.indexed("demo")
    await scheduled(client)
    git(origin, "rm", "-q", "-r", ".")
    committed(origin)
    assert await clockwork.look() == 1
    await clockwork.ended(client)
    assert clockwork.runs() == ["failed"]
    assert (await client.get("demo")).refresh.failures == 0  # only the next look can tell
    assert await clockwork.look() == 1
    await clockwork.ended(client)
    refresh = (await client.get("demo")).refresh
    assert (refresh.failures, "holds no files to index" in refresh.error) == (1, True)
    committed(origin, d="w = 1\n")
    assert await clockwork.look() == 1
    await clockwork.ended(client)
    assert await clockwork.look() == 0
    assert (await client.get("demo")).refresh.failures == 0


async def test_two_rounds_at_once_look_at_each_source_once(
    client: Client, clockwork: Clockwork, processes: Processes, origin: Path, tmp_path: Path
) -> None:
    names = [f"demo-{number}" for number in range(6)]
    for name in names:
        await client.create(name, git_url=f"file://{origin}")
        await scheduled(client, name=name)
    other = Clockwork(processes, tmp_path / "mirrors").of(client)
    together = threading.Barrier(2)

    def round_of(one: Clockwork) -> int:
        together.wait(10)
        return one.looking.round()

    clockwork.make_due()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(round_of, (clockwork, other)))
    other.looking.close()
    for _ in range(300):  # the module's worker may have taken some, and be looking still
        if len(clockwork.runs()) >= len(names):
            break
        await asyncio.sleep(0.1)
    await clockwork.ended(client)
    assert len(clockwork.runs()) == len(names)


async def test_a_schedule_can_be_changed_and_ended_by_writers_alone(
    client: Client, clockwork: Clockwork, processes: Processes, origin: Path
) -> None:
    await client.create("demo", git_url=f"file://{origin}")
    await client.create("sent", upload=True)
    for wrong in (1, 59, 2_592_001, -5):
        with pytest.raises(InvalidRequest):
            await scheduled(client, wrong)
    with pytest.raises(InvalidRequest, match="pampax watch"):
        await scheduled(client, name="sent")
    assert (await scheduled(client, 0, "sent")).HasField("refresh") is False
    reader = Client(client.channel, client.caller.__class__(client.caller.tenant_id, uuid4(), Role.READER, local=False))
    with pytest.raises((PermissionDenied, Exception)):
        await scheduled(reader)
    assert (await scheduled(client, 3_600)).refresh.interval_s == 3_600
    assert not (await scheduled(client, 0)).HasField("refresh")
    assert await clockwork.look() == 0


async def test_a_source_that_breaks_in_a_way_nobody_foresaw_does_not_keep_the_others_waiting(
    client: Client, clockwork: Clockwork, origin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("bad", "good"):
        await client.create(name, git_url=f"file://{origin}")
        await scheduled(client, name=name)
    moved_refs = looking.moved_refs

    def broken(repository: Any, *arguments: Any) -> list[str]:
        if repository.name == "bad":
            raise RuntimeError("nobody foresaw this")
        return moved_refs(repository, *arguments)

    monkeypatch.setattr(looking, "moved_refs", broken)
    assert await clockwork.look() == 1
    assert (await client.get("bad")).refresh.error == "looking at the source failed: see the workers' log"
    await clockwork.ended(client)


async def test_how_schedules_stand_is_measured(client: Client, clockwork: Clockwork, origin: Path) -> None:
    await client.create("demo", git_url=f"file://{origin}")
    await client.indexed("demo")
    await scheduled(client)

    def looks(outcome: str) -> float:
        return REGISTRY.get_sample_value("pampax_refresh_looks_total", {"status": outcome}) or 0.0

    before = looks("unchanged"), looks("failed")
    await clockwork.look()
    shutil.rmtree(origin)
    await clockwork.look()
    assert (looks("unchanged"), looks("failed")) == (before[0] + 1, before[1] + 1)
    clockwork.make_due()
    with psycopg.connect(clockwork.service_url, row_factory=dict_row) as conn:  # who sees no row of any tenant
        state = conn.execute("SELECT scheduled, failing, overdue_s FROM refresh_state()").fetchone()
    assert state is not None
    assert (state["failing"] >= 1, state["overdue_s"] >= 0) == (True, True)


def test_pauses_double_with_each_failure_up_to_a_day_or_the_interval() -> None:
    assert 0.9 * MINUTE < next_pause_s(MINUTE, 0) < 1.1 * MINUTE
    assert 7 * MINUTE < next_pause_s(MINUTE, 3) < 9 * MINUTE
    assert next_pause_s(MINUTE, 1_000) <= 1.05 * LONGEST_PAUSE_S
    assert next_pause_s(7 * 24 * 3600, 5) > 6 * 24 * 3600


async def test_workers_look_by_themselves_and_what_they_find_is_published(
    new_processes: NewProcesses, origin: Path
) -> None:
    """Through Celery's beat, its message, a worker's process and the reaper."""
    async with new_processes() as processes:
        processes.start()
        processes.start("worker")
        processes.start("worker", name="second", PAMPAX_INDEXING__CACHE_DIR=str(processes.folder / "second"))
        client = await processes.client()
        await client.create("demo", git_url=f"file://{origin}")
        await scheduled(client)
        with psycopg.connect(processes.urls.owner, autocommit=True) as conn:
            conn.execute("SELECT set_config('pampax.tenant', %s, false)", [str(client.caller.tenant_id)])
            conn.execute("UPDATE repository SET refresh_due_at = now()")
        for _ in range(600):
            if (await client.get("demo")).refs:
                break
            await asyncio.sleep(0.1)
        else:
            raise AssertionError(processes.log("worker"))


def test_a_beat_sends_until_it_is_stopped_and_its_task_looks(broker_url: str) -> None:
    app: Celery = make_celery(broker_url)
    rounds: list[int] = []
    looked = threading.Event()

    class Looks:
        def round(self) -> int:
            rounds.append(1)
            looked.set()
            return 0

    make: Callable[[], Any] = Looks
    register_looking(app, make)
    app.tasks[LOOK]()
    assert looked.is_set()
    beat = Beat(app, period_s=0.2)
    beat.stop()  # before it has started
    beat.start()
    with app.connection_for_read() as connection:
        message = None
        for _ in range(100):
            message = connection.default_channel.basic_get(app.conf.task_default_queue, no_ack=True)
            if message is not None:
                break
            threading.Event().wait(0.1)
    beat.stop()
    assert message is not None
    assert message.headers["task"] == LOOK
    app.close()
