"""Builds: what is told of them, and that pruning removes what nothing uses and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from pampax.core.errors import InvalidRequest, NotFound, PermissionDenied
from pampax.core.identity import Role
from pampax.indexing.builds import postgres, service
from pampax.storage.database import Database
from pampax.v1 import indexing_service_pb2 as pb

from .conftest import Client, Processes
from .trees import modules, write

DERIVED = ("file", "document", "chunk", "symbol", "posting", "chunk_vector")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "r", modules(6))


async def builds(client: Client, name: str = "", **asked: Any) -> list[pb.Build]:
    request = pb.ListBuildsRequest(name=f"repositories/{name}" if name else "", **asked)
    return list((await client.ask(client.stub.ListBuilds, request)).builds)


async def prune(client: Client, name: str = "", *, dry_run: bool = False) -> list[pb.Build]:
    request = pb.PruneBuildsRequest(name=f"repositories/{name}" if name else "", dry_run=dry_run)
    answer = await client.ask(client.stub.PruneBuilds, request)
    assert answer.left == 0
    return list(answer.removed)


def states(found: list[pb.Build]) -> list[str]:
    return [build.state for build in found]


class Rows:
    """The tenant's rows, past the service."""

    def __init__(self, processes: Processes, client: Client) -> None:
        self._urls, self._tenant = processes.urls, str(client.caller.tenant_id)

    def __call__(self, statement: str, *parameters: Any, as_service: bool = False) -> list[Any]:
        with psycopg.connect(self._urls.service if as_service else self._urls.owner) as conn:
            conn.execute("SELECT set_config('pampax.tenant', %s, true)", [self._tenant])
            cursor = conn.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def counts(self, build_id: int) -> dict[str, int]:
        return {table: self(f"SELECT count(*) FROM {table} WHERE build_id = %s", build_id)[0][0] for table in DERIVED}


@pytest.fixture
def rows(processes: Processes, client: Client) -> Rows:
    return Rows(processes, client)


@pytest.fixture
async def replaced(client: Client, folder: Path, rows: Rows) -> tuple[int, int]:
    """Repository `demo` that was indexed, then in full: ids of the old build and the active one."""
    await client.create("demo", path=str(folder))
    await client.indexed("demo")
    await client.indexed("demo", full=True)
    old, active = (row[0] for row in rows("SELECT build_id FROM repository_build ORDER BY build_id"))
    return old, active


def pass_an_hour(rows: Rows) -> None:
    rows("UPDATE snapshot SET replaced_at = replaced_at - interval '61 minutes'")


async def test_a_build_tells_its_repository_state_and_size(client: Client, folder: Path) -> None:
    await client.create("demo", path=str(folder))
    assert not await builds(client)
    status = (await client.indexed("demo")).status
    (build,) = await builds(client)
    assert (build.repository, build.version, build.state) == ("repositories/demo", status.build, "active")
    assert (build.refs, build.snapshots, build.files, build.chunks) == (1, 1, 6, status.chunks)
    assert build.bytes > status.chunks * 512  # its vectors alone
    assert build.publish_time == status.publish_time


async def test_a_build_is_kept_while_a_search_may_read_it_and_then_pruned(
    client: Client, rows: Rows, replaced: tuple[int, int]
) -> None:
    old, active = replaced
    whole = rows.counts(active)
    assert states(await builds(client)) == ["kept", "active"]
    assert not await prune(client)
    assert rows.counts(old) == whole
    pass_an_hour(rows)
    listed = await builds(client, "demo")
    assert states(listed) == ["unused", "active"]
    assert await prune(client, "demo", dry_run=True) == listed[:1]
    assert rows.counts(old) == whole
    assert await prune(client, "demo") == listed[:1]
    assert set(rows.counts(old).values()) == {0}
    assert rows.counts(active) == whole
    assert states(await builds(client)) == ["active"]
    assert not await prune(client)
    assert (await client.indexed("demo")).changed is False


async def test_an_own_vector_table_goes_with_its_build(client: Client, rows: Rows, replaced: tuple[int, int]) -> None:
    old, _ = replaced
    (repository_id,) = rows("SELECT repository_id FROM repository")[0]
    rows("SELECT create_vector_table(%s, %s)", repository_id, old, as_service=True)
    pass_an_hour(rows)
    assert len(await prune(client)) == 1
    assert rows("SELECT to_regclass(%s)", f"vector_{repository_id}_{old}") == [(None,)]


async def test_what_an_open_operation_may_be_writing_stays(
    client: Client, rows: Rows, replaced: tuple[int, int]
) -> None:
    old, _ = replaced
    pass_an_hour(rows)
    before = rows.counts(old)
    rows(
        "INSERT INTO operation (operation_id, repository_id, repository_name, request, lease_expires_at, state)"
        " SELECT gen_random_uuid(), repository_id, name, '{}', now() + interval '1 hour', 'running' FROM repository"
    )
    assert states(await builds(client)) == ["busy", "active"]
    assert not await prune(client)
    assert rows.counts(old) == before
    rows("UPDATE operation SET state = 'failed' WHERE state = 'running'")
    assert len(await prune(client)) == 1


async def test_pages_of_builds_go_on_where_the_last_one_ended(
    client: Client, folder: Path, replaced: tuple[int, int]
) -> None:
    await client.create("another", path=str(folder))
    await client.indexed("another")
    first = await client.ask(client.stub.ListBuilds, pb.ListBuildsRequest(page_size=2))
    assert [build.repository for build in first.builds] == ["repositories/another", "repositories/demo"]
    rest = await client.ask(client.stub.ListBuilds, pb.ListBuildsRequest(page_size=2, page_token=first.next_page_token))
    assert ([build.state for build in rest.builds], rest.next_page_token) == (["active"], "")
    assert [*first.builds, *rest.builds] == await builds(client)
    for token in ("junk", "WzEsIngiLCItMSJd"):
        with pytest.raises(InvalidRequest):
            await builds(client, page_token=token)


async def test_builds_of_others_are_neither_listed_nor_pruned(
    client: Client, processes: Processes, rows: Rows, replaced: tuple[int, int]
) -> None:
    pass_an_hour(rows)
    stranger = await processes.client(role=Role.ADMIN)
    assert not await builds(stranger)
    assert not await prune(stranger)
    for call in (builds, prune):
        with pytest.raises(NotFound):
            await call(stranger, "demo")
    assert states(await builds(client)) == ["unused", "active"]


async def test_who_may_only_read_prunes_nothing(
    client: Client, processes: Processes, rows: Rows, replaced: tuple[int, int]
) -> None:
    pass_an_hour(rows)
    rows("UPDATE role_binding SET role = 'reader'")
    assert states(await builds(client)) == ["unused", "active"]
    with pytest.raises(PermissionDenied):
        await prune(client, "demo")
    assert not await prune(client)
    assert states(await builds(client)) == ["unused", "active"]


async def test_a_prune_that_has_no_time_says_how_many_are_left(
    client: Client, rows: Rows, replaced: tuple[int, int]
) -> None:
    pass_an_hour(rows)
    answer = await client.ask(client.stub.PruneBuilds, pb.PruneBuildsRequest(), timeout_s=service.MARGIN_S - 1)
    assert (list(answer.removed), answer.left) == ([], 1)
    assert len(await prune(client)) == 1


async def test_what_is_used_by_the_time_it_is_locked_stays(
    client: Client, processes: Processes, rows: Rows, replaced: tuple[int, int]
) -> None:
    """Between looking and locking a run may have begun, or the repository may be gone."""
    database = Database(processes.urls.service, pool_max=2, component="test")
    (repository_id,) = rows("SELECT repository_id FROM repository")[0]
    async with database.tenant(client.caller.tenant_id) as conn:
        old, active = await postgres.builds(conn, [repository_id])
        assert await postgres.remove(conn, old) is None
        assert await postgres.remove(conn, active) is None
    await client.delete("demo")
    async with database.tenant(client.caller.tenant_id) as conn:
        assert await postgres.remove(conn, old) is None
    await database.close()
