"""What health reads in Postgres, over rows that a system in trouble has."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from pampax.core.identity import Caller, Role
from pampax.gateway.health.answers import IndexState, Named, QueueState
from pampax.gateway.health.rows import HealthRows
from pampax.storage.database import Database
from pampax.storage.migration_files import known_migrations

from ...conftest import make_tenant  # noqa: TID252 - tests are no package


@pytest.fixture
async def rows(scratch_urls):
    database = Database(scratch_urls.service, pool_max=2, component="test")
    yield HealthRows(database)
    await database.close()


@pytest.fixture
def new_tenant(scratch_urls):
    def make(**options: Any) -> Tenant:
        made = make_tenant(scratch_urls.owner, **options)
        return Tenant(scratch_urls.owner, made.tenant_id, made.principal_id)

    return make


class Tenant:
    """One tenant's repositories and operations, written as their owner."""

    def __init__(self, url: str, tenant_id: UUID, principal_id: UUID) -> None:
        self._url = url
        self._tenant_id = tenant_id
        self.caller = Caller(tenant_id, principal_id, Role.READER)

    def execute(self, statement: str, **values: Any) -> Any:
        with psycopg.connect(self._url) as conn:
            conn.execute("SELECT set_config('pampax.tenant', %s, true)", [str(self._tenant_id)])
            cursor = conn.execute(statement, values)
            return cursor.fetchone()[0] if cursor.description else None

    def repository(self, name: str) -> int:
        return self.execute(
            "INSERT INTO repository (name, source_kind) VALUES (%(name)s, 'upload') RETURNING repository_id", name=name
        )

    def operation(self, repository: int, state: str, *, age_s: float = 0, lease_s: float | None = None) -> UUID:
        """Last heard of `age_s` ago; its lease ends `lease_s` from now on."""
        return self.execute(
            "INSERT INTO operation (operation_id, repository_id, repository_name, request, state, created_at,"
            " updated_at, lease_expires_at) VALUES (%(id)s, %(repository)s, 'r', '{}', %(state)s,"
            " now() - make_interval(secs => %(age)s), now() - make_interval(secs => %(age)s),"
            " now() + make_interval(secs => %(lease)s)) RETURNING operation_id",
            id=uuid4(), repository=repository, state=state, age=age_s, lease=lease_s,
        )  # fmt: skip

    def publish(self, repository: int, *, chunks: int, vectors: bool) -> None:
        self.execute("INSERT INTO build (version) VALUES ('b') ON CONFLICT DO NOTHING")
        self.execute(
            "WITH made AS (INSERT INTO snapshot (repository_id, build_id, live_chunks, live_files, chunk_count,"
            " file_count, term_count) SELECT %(repository)s, build_id, '', '', %(chunks)s, 1, 1 FROM build"
            " RETURNING snapshot_id)"
            " INSERT INTO ref (repository_id, name, snapshot_id, generation)"
            " SELECT %(repository)s, 'main', snapshot_id, 1 FROM made",
            repository=repository, chunks=chunks,
        )  # fmt: skip
        if vectors:
            self.execute(
                "INSERT INTO chunk_vector (repository_id, build_id, ordinal, embedding)"
                " SELECT %(repository)s, build_id, 0, array_fill(1::real, ARRAY[256])::halfvec FROM build",
                repository=repository,
            )


async def test_the_database_tells_its_schema_and_its_connections(rows):
    state = await rows.database()
    assert (state.schema.usable, state.schema.found, state.read_only) == (True, known_migrations()[-1].name, False)
    assert 0 < state.used < state.most


async def test_repositories_that_need_a_look_are_counted_and_named(rows, new_tenant):
    one, other = new_tenant(), new_tenant()
    fine, empty, failed, mended, stalled, blind = (
        one.repository(name) for name in ("fine", "empty", "failed", "mended", "stalled", "blind")
    )
    one.publish(fine, chunks=3, vectors=True)
    one.operation(fine, "running", lease_s=20)
    one.publish(empty, chunks=0, vectors=False)
    one.operation(failed, "succeeded", age_s=500)
    one.operation(failed, "failed", age_s=100)
    one.operation(mended, "failed", age_s=500)
    one.operation(mended, "succeeded", age_s=100)
    one.operation(stalled, "running", age_s=100, lease_s=-80)
    one.publish(blind, chunks=3, vectors=False)
    other.operation(other.repository("theirs"), "failed")
    assert await rows.index(one.caller) == IndexState(
        repositories=6,
        published=3,
        failed=Named(1, ("failed",)),
        stalled=Named(1, ("stalled",)),
        without_vectors=Named(1, ("blind",)),
    )


async def test_repositories_without_a_right_to_read_are_not_told_of(rows, new_tenant):
    stranger = new_tenant(role=None)
    stranger.operation(stranger.repository("secret"), "failed")
    assert (await rows.index(stranger.caller)).repositories == 0


async def test_no_more_than_three_are_named(rows, new_tenant):
    one = new_tenant()
    for number in range(5):
        one.operation(one.repository(f"r{number}"), "failed")
    assert (await rows.index(one.caller)).failed == Named(5, ("r0", "r1", "r2"))


async def test_the_queue_counts_whose_turn_it_is_in_every_tenant(rows, new_tenant):
    assert (await rows.work()).queue == QueueState(0, 0.0, 0, 0)
    one, other = new_tenant(), new_tenant()
    busy, idle = one.repository("busy"), one.repository("idle")
    one.operation(busy, "running", age_s=100, lease_s=20)
    one.operation(busy, "queued", age_s=90)  # waits for the one before it, and for no worker
    one.operation(idle, "queued", age_s=30)
    other.operation(other.repository("theirs"), "running", age_s=70, lease_s=-50)
    other.operation(other.repository("done"), "succeeded", age_s=900)
    work = await rows.work()
    assert (work.queue.waiting, work.queue.running, work.queue.silent) == (2, 1, 1)
    assert 70 <= work.queue.oldest_waiting_s < 90
    assert work.heartbeats == []
