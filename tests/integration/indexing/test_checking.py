"""The self-check: silent about a sound index, and telling about every kind of damage where it is."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest

from pampax.codeintel.parser_process import ParserProcess
from pampax.core.errors import Aborted, DeadlineExceeded, FailedPrecondition, InvalidRequest, NotFound
from pampax.core.identity import Role
from pampax.embedding.static import load_default
from pampax.indexing.checking import making
from pampax.indexing.checking import postgres as statements
from pampax.indexing.checking import service as scheduling
from pampax.indexing.checking.making import Checking
from pampax.indexing.checking.model import Check, Difference
from pampax.indexing.checking.service import Checks
from pampax.indexing.run import collection, maintenance
from pampax.indexing.run.derive import Deriver
from pampax.runtime.telemetry.metrics import REGISTRY
from pampax.storage import bitmap, posting
from pampax.storage.blobs import compress
from pampax.storage.database import Database
from pampax.v1 import indexing_service_pb2 as pb

from .conftest import Bench, Client, NewBench, Processes
from .trees import modules, write

PATH = "pkg3/mod_3.py"
COPY = "zz/copy.py"  # of the same content, and so the same document
AT_PATH = "(SELECT blob_id FROM file WHERE path = %s LIMIT 1)"
FIRST_CHUNK = f"(SELECT first_chunk FROM document WHERE blob_id = {AT_PATH})"


@pytest.fixture(scope="module")
def deriver() -> Iterator[Deriver]:
    parser = ParserProcess()
    yield Deriver(parser, load_default())
    parser.close()


@pytest.fixture
def bench(new_bench: NewBench, tmp_path: Path) -> Bench:
    files = modules(12)
    made = new_bench(write(tmp_path / "r", {**files, COPY: files[PATH], "notes.md": "# Notes\n\nAbout zebras.\n"}))
    assert made.index()["state"] == "succeeded"
    return made


NewCheck = Callable[..., Check]


@pytest.fixture
def check(deriver: Deriver) -> NewCheck:
    def run(bench: Bench, *, most: int = 100, ref: str = "", seed: int = 1) -> Check:
        checking = Checking(bench.database, deriver, bench.tenant_id, bench.repository_id, random.Random(seed))
        found = checking.run(ref, most, 60.0)
        with bench.database.tenant(bench.tenant_id) as conn:
            statements.keep(conn, bench.repository_id, found)
        return found

    return run


def test_a_sound_index_is_what_its_content_gives(bench: Bench, check: NewCheck) -> None:
    found = check(bench)
    assert (found.documents, found.of_documents, found.undecided, found.differences) == (13, 13, 0, ())
    assert (found.ref, found.recall, found.detail) == ("worktree", None, "")


def test_one_that_grew_was_merged_and_collected_is_sound_too(
    bench: Bench, check: NewCheck, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("EXACT_SCAN_CHUNKS", 5), ("MOST_SEGMENTS", 2), ("LOOK_EVERY", 1)):
        monkeypatch.setattr(maintenance, name, value)
    monkeypatch.setattr(collection, "COLLECT_EVERY_S", 0.0)
    monkeypatch.setattr(making, "LISTS_AT_ONCE", 7)
    for number in range(4):
        write(tmp_path / "r", {f"pkg{n % 7}/mod_{n}.py": f"def at_{number}():\n    return {n}\n" for n in range(4)})
        bench.execute("UPDATE snapshot SET replaced_at = replaced_at - interval '61 minutes'")
        assert bench.index()["state"] == "succeeded"
    found = check(bench)
    assert (found.documents, found.differences) == (13 + 1, ())  # one copy goes its own way
    assert found.recall is not None
    assert found.recall.share > 0.9


def take_a_chunk_away(bench: Bench) -> None:
    (row,) = bench.query("SELECT live_chunks FROM snapshot")
    live = np.flatnonzero(bitmap.unpack(row["live_chunks"])).astype(np.int32)
    bench.execute("UPDATE snapshot SET live_chunks = %s", [bitmap.pack(live[:-1])])


def put_a_stranger_into_a_list(bench: Bench) -> None:
    """The document's first chunk, into a list of a term that it does not have."""
    (chunk,) = bench.query(f"SELECT {FIRST_CHUNK} AS ordinal", [PATH])
    (row,) = bench.query("SELECT entries FROM posting WHERE field = 0 AND term = 'zebras'")
    listed = posting.unpack(row["entries"])
    ordinals = np.append(listed.ordinals, chunk["ordinal"])
    order = np.argsort(ordinals)
    packed = posting.pack(ordinals[order], np.append(listed.tfs, 1)[order], np.append(listed.lengths, 9)[order])
    bench.execute("UPDATE posting SET entries = %s WHERE field = 0 AND term = 'zebras'", [packed])


def damaged(statement: str, *parameters: Any) -> Callable[[Bench], None]:
    return lambda bench: bench.execute(statement, list(parameters))


DAMAGES: list[tuple[str, Callable[[Bench], None], dict[str, set[str]]]] = [
    ("a chunk", damaged(f"UPDATE chunk SET end_line = end_line + 1 WHERE ordinal = {FIRST_CHUNK}", PATH),
     {PATH: {"chunks"}}),
    ("a lost chunk", damaged(f"DELETE FROM chunk WHERE ordinal = {FIRST_CHUNK}", PATH), {PATH: {"chunks"}}),
    ("a symbol", damaged("UPDATE symbol SET signature = 'x' WHERE name = 'task_3_1'"), {PATH: {"symbols"}}),
    ("a lost list", damaged("DELETE FROM posting WHERE field = 1 AND term = (SELECT min(term) FROM posting"
                            " WHERE field = 1 AND term LIKE '%%3%%')"), {PATH: {"terms"}}),
    ("a stranger in a list", put_a_stranger_into_a_list, {PATH: {"terms"}}),
    ("a vector", damaged("UPDATE chunk_vector SET embedding = (SELECT array_agg(0.5)::real[]::halfvec"
                         f" FROM generate_series(1, 256)) WHERE ordinal = {FIRST_CHUNK}", PATH), {PATH: {"vectors"}}),
    ("a lost vector", damaged(f"DELETE FROM chunk_vector WHERE ordinal = {FIRST_CHUNK}", PATH), {PATH: {"vectors"}}),
    ("a document's lines", damaged(f"UPDATE document SET lines = lines + 1 WHERE blob_id = {AT_PATH}", PATH),
     {PATH: {"document"}}),
    ("content of another hash", damaged(f"UPDATE blob SET content = %s, size = 5 WHERE blob_id = {AT_PATH}",
                                        compress(b"other"), PATH), {PATH: {"content"}}),
    ("content that cannot be read", damaged(f"UPDATE blob SET content = 'junk' WHERE blob_id = {AT_PATH}", PATH),
     {PATH: {"content"}}),
    ("a lost document", damaged(f"DELETE FROM document WHERE blob_id = {AT_PATH}", PATH),
     {"": {"bitmap", "counts"}, PATH: {"document"}, COPY: {"document"}}),
    ("a lost file", damaged("DELETE FROM file WHERE path = %s", COPY), {"": {"files"}}),
    ("a lost bit", take_a_chunk_away, {"": {"bitmap", "counts"}}),
    ("a count", damaged("UPDATE snapshot SET term_count = term_count + 1"), {"": {"counts"}}),
    ("a damaged list", damaged("UPDATE posting SET entries = 'junk' WHERE field = 0 AND term = 'zebras'"),
     {"": {"lists"}, "notes.md": {"terms"}}),
]  # fmt: skip


@pytest.mark.parametrize(("break_it", "expected"), [each[1:] for each in DAMAGES], ids=[each[0] for each in DAMAGES])
def test_damage_is_told_where_it_is(
    bench: Bench, check: NewCheck, break_it: Callable[[Bench], None], expected: dict[str, set[str]]
) -> None:
    break_it(bench)
    assert {each.path: set(each.parts) for each in check(bench).differences} == expected


def test_what_differed_is_looked_at_first_until_it_does_not(bench: Bench, check: NewCheck) -> None:
    bench.execute("UPDATE symbol SET signature = 'x' WHERE name = 'task_3_1'")
    expected = (Difference(PATH, ("symbols",)),)
    assert check(bench).differences == expected
    for seed in range(3):
        found = check(bench, most=1, seed=seed)
        assert (found.documents, found.differences) == (1, expected)
    assert bench.query("SELECT documents, differing FROM index_check") == [{"documents": 1, "differing": 1}]
    assert bench.index(full=True)["state"] == "succeeded"
    assert check(bench, most=1).differences == ()
    assert bench.query("SELECT differing, differences FROM index_check") == [{"differing": 0, "differences": []}]


def test_what_another_version_has_derived_is_not_held_against_this_one(bench: Bench, check: NewCheck) -> None:
    (build,) = bench.query("SELECT build_id, version FROM build JOIN repository_build USING (build_id)")
    rename = "UPDATE build SET version = %s WHERE build_id = %s"
    bench.execute("UPDATE snapshot SET term_count = term_count + 1")
    with psycopg.connect(bench.owner_url, autocommit=True) as conn:
        conn.execute(rename, ["0-old", build["build_id"]])
        try:
            found = check(bench)
        finally:
            conn.execute(rename, [build["version"], build["build_id"]])
    assert (found.documents, found.of_documents) == (0, 13)
    assert "another version" in found.detail
    assert found.differences == (Difference("", ("counts",)),)  # which the code has no part in


def test_a_snapshot_that_goes_meanwhile_ends_the_check_without_a_finding(
    bench: Bench, check: NewCheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = statements.contents

    def replaced(*arguments: Any) -> Any:
        bench.execute("DELETE FROM ref")
        bench.execute("DELETE FROM snapshot")
        return read(*arguments)

    monkeypatch.setattr(statements, "contents", replaced)
    with pytest.raises(Aborted) as caught:
        check(bench)
    assert caught.value.reason == "SNAPSHOT_REPLACED"


def test_a_check_that_has_no_time_compares_a_first_batch(
    bench: Bench, deriver: Deriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "BATCH_DOCUMENTS", 2)
    checking = Checking(bench.database, deriver, bench.tenant_id, bench.repository_id, random.Random(1))
    assert checking.run("", 100, 0.0).documents == 2


async def ask(client: Client, name: str, **asked: Any) -> pb.IndexCheck:
    request = pb.CheckIndexRequest(name=f"repositories/{name}", **asked)
    return await client.ask(client.stub.CheckIndex, request, timeout_s=60)


async def test_a_check_is_made_over_the_wire_and_tells_what_differs(
    client: Client, processes: Processes, tmp_path: Path
) -> None:
    await client.create("demo", path=str(write(tmp_path / "r", modules(6))))
    with pytest.raises(FailedPrecondition) as unpublished:
        await ask(client, "demo")
    assert unpublished.value.reason == "NOT_INDEXED"
    status = (await client.indexed("demo")).status
    found = await ask(client, "demo", ref="worktree", documents=4)
    assert (found.documents, found.of_documents, found.differing, found.build) == (4, 6, 0, status.build)
    with psycopg.connect(processes.urls.owner) as conn:
        conn.execute("SELECT set_config('pampax.tenant', %s, true)", [str(client.caller.tenant_id)])
        conn.execute("DELETE FROM symbol WHERE name = 'task_3_1'")
    found = await ask(client, "demo")
    assert found.differing == 1
    assert [(each.path, list(each.parts)) for each in found.differences] == [(PATH, ["symbols"])]
    log = processes.log("service")
    assert '"msg": "index differs"' in log
    assert "return value * 3" not in log


async def test_who_may_not_write_asks_for_no_check(client: Client, processes: Processes, tmp_path: Path) -> None:
    await client.create("demo", path=str(write(tmp_path / "r", modules(2))))
    await client.indexed("demo")
    stranger = await processes.client(role=Role.ADMIN)
    for asked, refused in (
        ({"name": "demo", "client": stranger}, NotFound),
        ({"name": "demo", "documents": -1}, InvalidRequest),
        ({"name": "demo", "ref": "no-such"}, NotFound),
    ):
        with pytest.raises(refused):
            await ask(asked.pop("client", client), **asked)  # type: ignore[arg-type]


@pytest.fixture
async def served(processes: Processes) -> Any:
    """The database of the processes, as a service sees it."""
    database = Database(processes.urls.service, pool_max=2, component="test")
    yield database
    await database.close()


def only(client: Client, processes: Processes) -> None:
    """Nothing of the tests before is left to check."""
    with psycopg.connect(processes.urls.superuser) as conn:
        conn.execute("DELETE FROM ref WHERE tenant_id <> %s", [client.caller.tenant_id])


async def test_repositories_are_checked_in_turn_and_no_oftener_than_asked_for(
    client: Client, processes: Processes, served: Database, tmp_path: Path
) -> None:
    folder = write(tmp_path / "r", modules(3))
    for name in ("one", "two"):
        await client.create(name, path=str(folder))
        await client.indexed(name)
    checks = Checks(served, processes.environment, every_s=3_600.0)

    def rows(statement: str) -> list[Any]:
        with psycopg.connect(processes.urls.superuser) as conn:
            cursor = conn.execute(statement)
            return cursor.fetchall() if cursor.description else []

    rows("DELETE FROM index_check")
    only(client, processes)
    assert await checks.look()
    assert not await checks.look()
    rows("UPDATE index_check SET begun_at = begun_at - interval '2 hours'")
    assert await checks.look()
    assert rows("SELECT documents, differing, ended_at IS NOT NULL FROM index_check") == [(3, 0, True)] * 2
    rows("UPDATE index_check SET differing = 2")
    await checks.measure()
    value = REGISTRY.get_sample_value
    assert (value("pampax_check_documents"), value("pampax_check_differing")) == (6, 4)
    assert math.isnan(value("pampax_check_recall_ratio") or 0)
    assert 0 <= (value("pampax_check_age_seconds") or -1) < 600
    rows("DELETE FROM index_check")
    await checks.measure()
    assert math.isnan(value("pampax_check_age_seconds") or 0)


async def test_a_repository_that_is_being_indexed_is_checked_later_but_not_never(
    client: Client, processes: Processes, served: Database, tmp_path: Path
) -> None:
    await client.create("busy", path=str(write(tmp_path / "r", modules(1))))
    await client.indexed("busy")
    checks = Checks(served, processes.environment, every_s=3_600.0)

    def change(statement: str) -> None:
        with psycopg.connect(processes.urls.superuser) as conn:
            conn.execute(statement)

    change("DELETE FROM index_check")
    only(client, processes)
    change("DELETE FROM ref WHERE repository_id <> (SELECT repository_id FROM repository WHERE name = 'busy')")
    change(
        "INSERT INTO operation (operation_id, tenant_id, repository_id, repository_name, request, state)"
        " SELECT gen_random_uuid(), tenant_id, repository_id, name, '{}', 'running' FROM repository WHERE name = 'busy'"
    )
    try:
        assert not await checks.look()
        change("UPDATE ref SET published_at = published_at - interval '6 hours'")
        assert await checks.look()
    finally:
        change("DELETE FROM operation WHERE state = 'running' AND repository_name = 'busy'")


@pytest.mark.parametrize("settings", ["right", "wrong"])
async def test_checks_are_made_without_being_asked_for_and_go_on_after_one_that_failed(
    client: Client,
    processes: Processes,
    served: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: str,
) -> None:
    monkeypatch.setattr(scheduling, "LOOK_EVERY_S", 0.02)
    await client.create("demo", path=str(write(tmp_path / "r", modules(2))))
    await client.indexed("demo")
    only(client, processes)
    broken = processes.environment | {"PAMPAX_DATABASE__URL": "nonsense"}
    checks = Checks(served, processes.environment if settings == "right" else broken, every_s=0.001)

    async def begun_at() -> Any:
        async with served.untenanted() as conn:
            await conn.execute("SELECT set_config('pampax.tenant', %s, true)", [str(client.caller.tenant_id)])
            row = await (await conn.execute("SELECT max(begun_at) AS at FROM index_check")).fetchone()
        return row["at"] if row else None

    seen = set()
    checks.start()
    async with asyncio.timeout(90):
        while len(seen) < 3:
            seen.add(await begun_at())
            await asyncio.sleep(0.05)
    await checks.close()
    await Checks(served, {}, every_s=0.0).close()


async def test_a_check_that_gets_no_time_is_told(client: Client, tmp_path: Path) -> None:
    await client.create("demo", path=str(write(tmp_path / "r", modules(2))))
    await client.indexed("demo")
    request = pb.CheckIndexRequest(name="repositories/demo")
    with pytest.raises(DeadlineExceeded):
        await client.ask(client.stub.CheckIndex, request, timeout_s=1.2)


def test_vectors_that_are_still_to_come_are_not_missed(bench: Bench, check: NewCheck) -> None:
    bench.execute("UPDATE snapshot SET vectors = false")
    bench.execute("DELETE FROM chunk_vector")
    bench.execute("UPDATE symbol SET signature = 'x' WHERE name = 'task_3_1'")
    assert check(bench).differences == (Difference(PATH, ("symbols",)),)
