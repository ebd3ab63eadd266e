"""Deleting a ref: what goes at once, what goes with the next run, and what stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pampax.core.errors import InvalidRequest, NotFound
from pampax.core.identity import Role
from pampax.indexing import postgres
from pampax.storage.database import Database
from pampax.storage.publishing import PUBLISHED_CHANNEL
from pampax.v1 import indexing_service_pb2 as pb

from ...conftest import DatabaseUrls  # noqa: TID252 - tests are no package
from .conftest import Bench, Client, NewBench, Processes
from .trees import git, modules, write

DERIVED = ("file", "document", "chunk", "symbol", "posting", "chunk_vector")
CONTENT = ("snapshot", "blob", *DERIVED)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two branches, `main` checked out; `other` has a file of its own and another version of one."""
    made = write(tmp_path / "r", modules(12))
    git(made, "init", "-q", "-b", "main")
    git(made, "add", ".")
    git(made, "commit", "-q", "-m", "first")
    git(made, "checkout", "-q", "-b", "other")
    write(made, {"own.py": "def only_here():\n    return 'secret'\n", "pkg1/mod_1.py": "def other():\n    return 1\n"})
    git(made, "add", ".")
    git(made, "commit", "-q", "-m", "second")
    git(made, "checkout", "-q", "main")
    return made


@pytest.fixture
def bench(new_bench: NewBench, folder: Path) -> Bench:
    """Both branches indexed, `other` first."""
    made = new_bench(folder)
    for branch in ("other", "main"):
        git(folder, "checkout", "-q", branch)
        assert made.index()["state"] == "succeeded"
    return made


async def delete(database: Database, bench: Bench, ref: str) -> bool:
    async with database.tenant(bench.tenant_id) as conn:
        return await postgres.delete_ref(conn, bench.tenant_id, bench.repository_id, ref)


def counts(bench: Bench, tables: tuple[str, ...] = CONTENT) -> dict[str, int]:
    key = [bench.repository_id]
    return {
        table: bench.query(f"SELECT count(*) AS n FROM {table} WHERE repository_id = %s", key)[0]["n"]
        for table in tables
    }


def refs(bench: Bench) -> list[str]:
    return [row["name"] for row in bench.query("SELECT name FROM ref ORDER BY name")]


async def test_a_deleted_ref_is_shown_no_more_and_its_content_goes_with_the_next_run(
    bench: Bench, database: Database, new_bench: NewBench, folder: Path
) -> None:
    assert await delete(database, bench, "other")
    assert refs(bench) == ["main"]
    assert counts(bench)["snapshot"] == 1
    assert bench.index()["result"]["changed"] is False
    bench.execute("UPDATE blob SET created_at = now() - interval '2 days'")
    bench.index()
    clean = new_bench(folder)
    clean.index()
    left, fresh = counts(bench), counts(clean)
    assert left.pop("posting") >= fresh.pop("posting")  # lists of one term may lie in several segments
    assert left == fresh
    assert not bench.query("SELECT 1 FROM symbol WHERE name = 'only_here'")
    assert not bench.query("SELECT 1 FROM posting WHERE term = 'secret'")


async def test_replaced_snapshots_of_the_repository_go_with_it(bench: Bench, database: Database, folder: Path) -> None:
    write(folder, {"new.py": "x = 1\n"})
    bench.index()
    assert counts(bench)["snapshot"] == 3
    assert await delete(database, bench, "other")
    assert counts(bench)["snapshot"] == 1


async def test_deleting_the_last_ref_leaves_nothing_and_a_repository_that_can_be_indexed_again(
    bench: Bench, database: Database
) -> None:
    (before,) = bench.query("SELECT max(next_chunk) AS n FROM repository_build")
    for ref in ("main", "other"):
        assert await delete(database, bench, ref)
    assert set(counts(bench).values()) == {0}
    row = bench.index()
    assert (row["state"], row["result"]["status"]["generation"]) == ("succeeded", 1)
    (ordinals,) = bench.query("SELECT min(ordinal) AS n FROM chunk")
    assert ordinals["n"] >= before["n"]  # never given out again


async def test_content_that_an_open_operation_may_count_on_stays(bench: Bench, database: Database) -> None:
    before = counts(bench, DERIVED)
    operation_id = bench.operation()
    for ref in ("main", "other"):
        assert await delete(database, bench, ref)
    assert counts(bench, DERIVED) == before
    bench.runner.run(operation_id, bench.tenant_id)
    row = bench.row(operation_id)
    assert (row["state"], row["result"]["new_blobs"]) == ("succeeded", 0)
    assert counts(bench)["file"] == 12  # what other alone had went in the same run


async def test_content_of_an_upload_that_is_under_way_stays(bench: Bench, database: Database) -> None:
    bench.execute(
        "INSERT INTO upload (upload_id, repository_id, ref, manifest) VALUES (gen_random_uuid(), %s, 'main', '')",
        [bench.repository_id],
    )
    for ref in ("main", "other"):
        assert await delete(database, bench, ref)
    left = counts(bench)
    assert left.pop("blob") > 0
    assert set(left.values()) == {0}


async def test_a_ref_that_is_not_there_changes_nothing(bench: Bench, database: Database) -> None:
    before = counts(bench)
    assert not await delete(database, bench, "no-such")
    assert (counts(bench), refs(bench)) == (before, ["main", "other"])


async def test_listeners_hear_of_a_deletion(bench: Bench, database: Database, database_urls: DatabaseUrls) -> None:
    with psycopg.connect(database_urls.service, autocommit=True) as listener:
        listener.execute(f"LISTEN {PUBLISHED_CHANNEL}")
        await delete(database, bench, "no-such")
        await delete(database, bench, "other")
        heard = [json.loads(notice.payload) for notice in listener.notifies(timeout=10, stop_after=1)]
    told = {"tenant_id": str(bench.tenant_id), "repository_id": bench.repository_id, "generation": 0}
    assert heard == [told]


async def delete_by_rpc(client: Client, name: str, ref: str) -> Any:
    return await client.ask(client.stub.DeleteRef, pb.DeleteRefRequest(name=f"repositories/{name}", ref=ref))


async def test_a_ref_is_deleted_over_the_wire(client: Client, folder: Path) -> None:
    await client.create("demo", path=str(folder))
    await client.indexed("demo")
    with pytest.raises(NotFound) as missing:
        await delete_by_rpc(client, "demo", "other")
    assert missing.value.reason == "REF_NOT_FOUND"
    with pytest.raises(InvalidRequest):
        await delete_by_rpc(client, "demo", "")
    await delete_by_rpc(client, "demo", "main")
    assert not (await client.get("demo")).refs
    assert (await client.indexed("demo")).status.generation == 1


async def test_who_may_not_read_a_repository_deletes_none_of_its_refs(
    client: Client, processes: Processes, folder: Path
) -> None:
    await client.create("demo", path=str(folder))
    await client.indexed("demo")
    stranger = await processes.client(role=Role.ADMIN)
    with pytest.raises(NotFound) as caught:
        await delete_by_rpc(stranger, "demo", "main")
    assert caught.value.reason == "REPOSITORY_NOT_FOUND"
    assert [state.ref for state in (await client.get("demo")).refs] == ["main"]
