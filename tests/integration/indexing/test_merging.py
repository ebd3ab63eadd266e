"""Care of what refreshes leave: lists are merged, vector indexes renewed; readers see nothing of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from pampax.indexing.run import collection, maintenance, writer

from ...conftest import DatabaseUrls  # noqa: TID252 - tests are no package
from .conftest import Bench, NewBench
from .live_rows import content
from .trees import modules, write

LISTS = "SELECT term, segment, entries FROM posting WHERE field = 0 ORDER BY term, segment"
VECTOR_INDEX = """
SELECT x.indexrelid AS id FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid JOIN pg_am a ON a.oid = c.relam
WHERE a.amname = 'hnsw' AND x.indrelid = (SELECT vector_table FROM repository_build)::regclass
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "r", modules(4))


@pytest.fixture
def bench(new_bench: NewBench, folder: Path) -> Bench:
    made = new_bench(folder)
    run(made)
    return made


def run(bench: Bench, **asked: Any) -> dict[str, Any]:
    row = bench.index(**asked)
    assert row["state"] == "succeeded", row["error"]
    result: dict[str, Any] = row["result"]
    return result


def refresh(bench: Bench, folder: Path, times: range) -> None:
    """Each writes one segment, in which the same words are."""
    for number in times:
        write(folder, {f"more_{number}.py": f"def zebra():\n    return {number}\n"})
        run(bench)


def lists_of(bench: Bench, term: str) -> int:
    (row,) = bench.query("SELECT count(*) AS n FROM posting WHERE field = 0 AND term = %s", [term])
    number: int = row["n"]
    return number


def equals_a_clean_one(bench: Bench, clean: Bench) -> None:
    run(clean)
    indexes = (content(each.query, each.repository_id, "worktree") for each in (bench, clean))
    assert next(indexes) == next(indexes)


def test_small_lists_of_refreshes_are_merged_and_say_the_same(bench: Bench, folder: Path, new_bench: NewBench) -> None:
    refresh(bench, folder, range(maintenance.LOOK_EVERY - 2))
    assert lists_of(bench, "zebra") == maintenance.LOOK_EVERY - 2
    refresh(bench, folder, range(maintenance.LOOK_EVERY - 2, maintenance.LOOK_EVERY))
    assert lists_of(bench, "zebra") == 2
    (most,) = bench.query("SELECT max(n) AS n FROM (SELECT count(*) AS n FROM posting GROUP BY field, term) lists")
    assert most["n"] <= maintenance.FEW_SEGMENTS + 1
    equals_a_clean_one(bench, new_bench(folder))


def test_large_lists_are_left_alone_until_they_are_too_many(
    bench: Bench, folder: Path, new_bench: NewBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "SMALL_LIST_BYTES", 11)  # less than a list of one entry takes
    refresh(bench, folder, range(maintenance.LOOK_EVERY))
    assert lists_of(bench, "zebra") == maintenance.LOOK_EVERY
    monkeypatch.setattr(maintenance, "MOST_SEGMENTS", 5)
    refresh(bench, folder, range(maintenance.LOOK_EVERY, 2 * maintenance.LOOK_EVERY))
    assert lists_of(bench, "zebra") <= 2
    equals_a_clean_one(bench, new_bench(folder))


def test_one_run_merges_so_much_and_a_later_one_goes_on(
    bench: Bench, folder: Path, new_bench: NewBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collection, "MERGED_AT_ONCE", 1)
    monkeypatch.setattr(maintenance, "MOST_MERGED", 1)
    refresh(bench, folder, range(maintenance.LOOK_EVERY))
    lists = bench.query("SELECT count(*) AS n FROM posting GROUP BY field, term HAVING count(*) > 2")
    assert len(lists) > 1
    monkeypatch.setattr(maintenance, "MOST_MERGED", 1_000)
    refresh(bench, folder, range(maintenance.LOOK_EVERY, 2 * maintenance.LOOK_EVERY))
    (most,) = bench.query("SELECT max(n) AS n FROM (SELECT count(*) AS n FROM posting GROUP BY field, term) lists")
    assert most["n"] <= maintenance.FEW_SEGMENTS + 1
    equals_a_clean_one(bench, new_bench(folder))


def test_a_first_index_of_many_segments_merges_only_what_a_reader_would_feel(
    new_bench: NewBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "SEGMENT_CHUNKS", 1)
    monkeypatch.setattr(maintenance, "LOOK_EVERY", 2)
    monkeypatch.setattr("pampax.indexing.run.intake.BATCH_FILES", 1)
    bench = new_bench(write(tmp_path / "many", modules(6)))
    run(bench)
    assert lists_of(bench, "return") == 6


def test_a_reader_under_way_sees_the_lists_that_it_began_with(bench: Bench, folder: Path) -> None:
    refresh(bench, folder, range(maintenance.LOOK_EVERY - 2))
    with bench.database.tenant(bench.tenant_id, read_only=True) as reader:
        before = reader.execute(LISTS).fetchall()
        refresh(bench, folder, range(maintenance.LOOK_EVERY - 2, maintenance.LOOK_EVERY + 1))
        assert len(bench.query(LISTS)) < len(before)
        assert reader.execute(LISTS).fetchall() == before


@pytest.fixture
def own_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "EXACT_SCAN_CHUNKS", 5)
    monkeypatch.setattr(collection, "COLLECT_EVERY_S", 0.0)


def replace(bench: Bench, folder: Path, count: int, *, by: int) -> None:
    """Other content in so many files, and the old one collected."""
    write(folder, {f"pkg{n % 7}/mod_{n}.py": f"def other():\n    return {by + n}\n" for n in range(count)})
    run(bench)
    bench.execute("UPDATE snapshot SET replaced_at = replaced_at - interval '61 minutes'")
    run(bench)


@pytest.mark.usefixtures("own_table")
def test_a_vector_index_is_built_anew_when_much_of_it_is_gone(new_bench: NewBench, tmp_path: Path) -> None:
    folder = write(tmp_path / "large", modules(10))
    bench = new_bench(folder)
    run(bench)
    (first,) = bench.query(VECTOR_INDEX)
    replace(bench, folder, 1, by=100)
    assert bench.query(VECTOR_INDEX) == [first]
    (counted,) = bench.query("SELECT gone_vectors FROM repository_build")
    assert counted["gone_vectors"] > 0
    replace(bench, folder, 8, by=200)
    (renewed,) = bench.query(VECTOR_INDEX)
    assert renewed != first
    assert bench.query("SELECT gone_vectors FROM repository_build") == [{"gone_vectors": 0}]
    equals_a_clean_one(bench, new_bench(folder))


@pytest.mark.usefixtures("own_table")
def test_the_index_of_another_tenant_is_not_renewed(new_bench: NewBench, tmp_path: Path) -> None:
    bench, other = (new_bench(write(tmp_path / name, modules(10))) for name in ("ours", "theirs"))
    run(bench)
    run(other)
    (index,) = bench.query(VECTOR_INDEX)
    (key,) = bench.query("SELECT repository_id, build_id FROM repository_build")
    other.query("SELECT renew_vector_index(%s, %s)", [key["repository_id"], key["build_id"]])
    assert bench.query(VECTOR_INDEX) == [index]


@pytest.mark.parametrize("table", ["chunk", "symbol", "posting", "chunk_vector"])
def test_every_part_of_a_hot_table_is_vacuumed_early(database_urls: DatabaseUrls, table: str) -> None:
    with psycopg.connect(database_urls.owner) as conn:
        parts = conn.execute(
            "SELECT c.reloptions FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = %s::regclass",
            [table],
        ).fetchall()
    assert len(parts) == 64
    assert all("autovacuum_vacuum_scale_factor=0.05" in (options or ()) for (options,) in parts)
