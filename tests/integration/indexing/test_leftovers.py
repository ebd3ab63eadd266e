"""What goes after a publish because nobody needs it any more, and what stays because somebody may."""

from collections.abc import Iterable
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb

from pampax.core.ids import git_blob_id
from pampax.indexing import manifest
from pampax.indexing.run import leftovers
from pampax.storage.blobs import compress

from .conftest import Bench, NewBench
from .trees import modules, write


@pytest.fixture
def bench(new_bench: NewBench, tmp_path: Path) -> Bench:
    """Indexed once."""
    made = new_bench(write(tmp_path / "r", modules(2)))
    assert made.index()["state"] == "succeeded"
    return made


def add_blob(bench: Bench, content: bytes, *, age: str) -> bytes:
    blob_id = bytes.fromhex(git_blob_id(content))
    bench.execute(
        "INSERT INTO blob (repository_id, blob_id, size, content, created_at)"
        " VALUES (%s, %s, %s, %s, now() - %s::interval)",
        [bench.repository_id, blob_id, len(content), compress(content), age],
    )
    return blob_id


def add_upload(bench: Bench, blob_ids: Iterable[bytes], *, age: str = "0") -> UUID:
    entries = [manifest.Entry(f"{number}.py", blob_id, 6, 0o100644) for number, blob_id in enumerate(blob_ids)]
    upload_id = uuid4()
    bench.execute(
        "INSERT INTO upload (upload_id, repository_id, ref, manifest, expires_at)"
        " VALUES (%s, %s, 'main', %s, now() + interval '1 day' - %s::interval)",
        [upload_id, bench.repository_id, manifest.pack(entries), age],
    )
    return upload_id


def uploads(bench: Bench) -> set[UUID]:
    return {row["upload_id"] for row in bench.query("SELECT upload_id FROM upload")}


def blobs(bench: Bench) -> set[bytes]:
    return {bytes(row["blob_id"]) for row in bench.query("SELECT blob_id FROM blob")}


def test_content_that_nothing_refers_to_goes_when_it_is_older_than_any_upload(bench: Bench) -> None:
    indexed = blobs(bench)
    bench.execute("UPDATE blob SET created_at = now() - interval '1 year'")
    add_blob(bench, b"x = 1\n", age="25 hours")
    young = add_blob(bench, b"x = 2\n", age="23 hours")
    promised = add_blob(bench, b"x = 3\n", age="25 hours")
    expired = add_blob(bench, b"x = 4\n", age="25 hours")
    add_upload(bench, [promised])
    add_upload(bench, [expired], age="25 hours")
    bench.index()
    assert blobs(bench) == indexed | {young, promised}


def test_an_expired_upload_stays_only_while_an_operation_waits_for_it(bench: Bench) -> None:
    add_upload(bench, [], age="25 hours")
    live, awaited = add_upload(bench, []), add_upload(bench, [], age="25 hours")
    operation_id = bench.operation()
    later = bench.operation()
    bench.execute(
        "UPDATE operation SET request = %s, created_at = now() + interval '1 hour' WHERE operation_id = %s",
        [Jsonb({"ref": "", "full": False, "upload": str(awaited)}), later],
    )
    bench.runner.run(operation_id, bench.tenant_id)
    assert uploads(bench) == {live, awaited}


def test_content_goes_a_bounded_number_at_a_time(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "MOST_BLOBS", 2)
    indexed = blobs(bench)
    for number in range(3):
        add_blob(bench, b"y = %d\n" % number, age="2 days")
    bench.index()
    assert len(blobs(bench) - indexed) == 1
    bench.index()
    assert blobs(bench) == indexed


def test_the_newest_ended_operations_stay(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "KEPT_OPERATIONS", 2)
    ended = [bench.index()["operation_id"] for _ in range(3)]
    waiting = bench.operation()
    last = bench.operation()
    bench.runner.run(waiting, bench.tenant_id)
    found = {row["operation_id"]: row["state"] for row in bench.query("SELECT operation_id, state FROM operation")}
    assert found == {ended[1]: "succeeded", ended[2]: "succeeded", waiting: "succeeded", last: "queued"}


def test_a_step_that_the_database_refuses_leaves_the_result_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "KEPT_OPERATIONS", -1)  # no OFFSET
    assert bench.index()["state"] == "succeeded"


def test_a_step_that_fails_leaves_the_result_alone(bench: Bench) -> None:
    add_blob(bench, b"x = 1\n", age="25 hours")
    upload = add_upload(bench, [])
    bench.execute("UPDATE upload SET manifest = 'damaged' WHERE upload_id = %s", [upload])
    assert bench.index()["state"] == "succeeded"
    assert len(blobs(bench)) == 3
