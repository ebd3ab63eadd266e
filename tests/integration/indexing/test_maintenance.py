"""What a run does for those who search next."""

import time
from pathlib import Path

import pytest

from pampax.indexing.run import indexing, maintenance

from .conftest import Bench, NewBench
from .trees import modules, write

ANALYSED = (
    "SELECT p.oid::regclass::text AS name, p.reltuples FROM pg_class p WHERE p.oid IN"
    " (SELECT tableoid FROM chunk UNION SELECT tableoid FROM symbol UNION SELECT tableoid FROM posting"
    "  UNION SELECT 'blob'::regclass UNION SELECT 'document'::regclass UNION SELECT 'file'::regclass)"
)


def known(bench: Bench) -> dict[str, float]:
    """Rows that the planner takes each table of the repository to have; below 0 for one that it knows nothing of."""
    return {row["name"]: row["reltuples"] for row in bench.query(ANALYSED)}


def test_the_planner_knows_of_many_new_files_when_the_run_ends(new_bench: NewBench, tmp_path: Path) -> None:
    few = new_bench(write(tmp_path / "few", modules(5)))
    assert few.index()["state"] == "succeeded"
    assert min(known(few).values()) < 0
    many = new_bench(write(tmp_path / "many", modules(indexing.STATISTICS_FROM_BLOBS)))
    assert many.index()["state"] == "succeeded"
    assert len(known(many)) == 6
    assert min(known(many).values()) >= indexing.STATISTICS_FROM_BLOBS


def test_the_planner_knows_an_own_vector_table_as_soon_as_it_has_its_index(
    new_bench: NewBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "EXACT_SCAN_CHUNKS", 5)
    bench = new_bench(write(tmp_path / "r", modules(20)))
    assert bench.index()["state"] == "succeeded"
    (place,) = bench.query("SELECT vector_table FROM repository_build WHERE vector_table IS NOT NULL")
    asked = "SELECT last_analyze FROM pg_stat_all_tables WHERE relname = %s"
    for _ in range(100):  # a process tells what it has done now and then
        if bench.query(asked, [place["vector_table"]])[0]["last_analyze"]:
            return
        time.sleep(0.1)
    raise AssertionError("nobody has analysed it")
