"""The index analyzer: what it tells of a real database, and what it makes of plans and counters."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest

from pampax.indexing.run import maintenance

from ...conftest import DatabaseUrls  # noqa: TID252 - tests are no package
from .conftest import NewBench
from .trees import modules, write

TOOL = Path(__file__).parents[3] / "tools" / "index_analyzer.py"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("index_analyzer", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def analysed(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(TOOL), *arguments], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("own_table", [False, True])
def test_it_reads_a_database_as_the_services_see_it(
    new_bench: NewBench, database_urls: DatabaseUrls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_table: bool
) -> None:
    monkeypatch.setattr(maintenance, "EXACT_SCAN_CHUNKS", 5 if own_table else 5_000)
    bench = new_bench(write(tmp_path / "r", modules(10)))
    assert bench.index()["state"] == "succeeded"
    where = ("--database-url", database_urls.service, "--tenant", str(bench.tenant_id))
    told = analysed(*where, "--json")
    assert (told.returncode, told.stderr) == (0, "")
    report = json.loads(told.stdout)
    tables = {each["name"]: each for each in report["tables"]}
    assert tables["posting"]["parts"] == 65
    assert {"posting_pkey", "symbol_by_name"} <= {each["name"] for each in report["indexes"]}
    plans = {each["name"]: each for each in report["plans"]}
    nearest = "nearest_by_index" if own_table else "nearest"
    read = {"directory", "directory_files", "postings", "definitions", "kinds", "passages", "blob"}
    assert set(plans) == {*read, nearest}
    assert all(each["rows"] > 0 for each in plans.values())
    assert len(plans["postings"]["relations"]) == 1  # the one partition that holds the repository
    page = analysed(*where)
    assert page.returncode == 0
    for heading in ("TABLE", "INDEX", "QUERY", "in memory:"):
        assert heading in page.stdout


def test_a_tenant_without_anything_indexed_has_no_plans(database_urls: DatabaseUrls) -> None:
    told = analysed("--database-url", database_urls.service, "--json")
    assert json.loads(told.stdout)["plans"] == []


def test_what_cannot_be_asked_is_told_in_a_line(tmp_path: Path) -> None:
    away = analysed("--database-url", "postgresql://x:y@127.0.0.1:1/z")
    assert (away.returncode, away.stderr.count("\n")) == (4, 1)
    stopped = analysed("--data-dir", str(tmp_path))
    assert stopped.returncode == 2
    assert "pampax up" in stopped.stderr


def test_an_index_that_nobody_uses_and_one_that_was_cut_off_are_told(tool: ModuleType) -> None:
    index = {"name": "i", "of_table": "t", "bytes": 5_000_000, "scans": 0, "is_unique": False, "is_valid": True}
    assert list(tool._index_findings([index])) == ["index i: 5,000,000 bytes and never used since the counters began"]
    for sound in ({"scans": 1}, {"is_unique": True}, {"bytes": 10}):
        assert not list(tool._index_findings([{**index, **sound}]))
    assert "not valid" in next(tool._index_findings([{**index, "is_valid": False}]))


def test_dead_rows_and_missing_statistics_are_told(tool: ModuleType) -> None:
    table = {"name": "t", "live_rows": 20_000, "dead_rows": 0, "analyzed_at": "now"}
    assert not list(tool._table_findings([table]))
    assert "VACUUM" in next(tool._table_findings([{**table, "dead_rows": 30_000}]))
    assert "ANALYZE" in next(tool._table_findings([{**table, "analyzed_at": None}]))


def test_a_cache_that_is_too_small_and_slow_statements_are_told(tool: ModuleType) -> None:
    cache = {"table_hits": 90_000, "table_reads": 10_000, "table_hit_ratio": 0.9, "index_hits": 1, "index_reads": 1,
             "index_hit_ratio": 0.5}  # fmt: skip
    assert [line.partition(" ")[0] for line in tool._cache_findings(cache)] == ["cache:"]
    row = {"mean_ms": 120.0, "calls": 7, "statement": "SELECT 1"}
    assert "120 ms on average" in next(tool._statement_findings({"slowest": [row]}))
    assert not list(tool._statement_findings({"slowest": [{**row, "mean_ms": 5.0}]}))


def judged(tool: ModuleType, name: str, node: dict[str, Any], **plan: Any) -> list[str]:
    usual = {"Actual Rows": 10, "Plan Rows": 10, "Actual Loops": 1}
    whole = {"Plan": {**usual, **node}, "Execution Time": 1.0, "Planning Time": 0.1, **plan}
    verdicts: list[str] = tool._judged(name, "r", whole)["verdicts"]
    return verdicts


def test_a_plan_is_judged_by_what_it_reads(tool: ModuleType) -> None:
    scan = {"Node Type": "Seq Scan", "Relation Name": "chunk_p1", "Rows Removed by Filter": 90_000}
    assert "reads all of chunk_p1" in judged(tool, "kinds", scan)[0]
    assert not judged(tool, "directory", scan)
    usual = {"Actual Rows": 1, "Plan Rows": 1, "Actual Loops": 1, "Node Type": "Index Scan"}
    parts = [{**usual, "Relation Name": f"posting_p{n}"} for n in (3, 17)]
    assert "2 partitions of posting" in judged(tool, "postings", {"Node Type": "Append", "Plans": parts})[0]
    wrong = {"Node Type": "Index Scan", "Relation Name": "file", "Plan Rows": 5_000_000}
    assert "ANALYZE" in judged(tool, "known_files", wrong)[0]
    assert not judged(tool, "nearest", {"Node Type": "Limit", "Plans": [{**usual, **wrong}]})
    assert "took 300 ms" in judged(tool, "blob", usual, **{"Execution Time": 300.0})[0]


def test_statements_are_told_where_the_server_counts_them(
    tool: ModuleType, database_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(database_urls.service, autocommit=True, row_factory=psycopg.rows.dict_row) as conn:
        assert tool._statements(conn)["available"] is False
        monkeypatch.setattr(tool, "HAS_STATEMENTS", "SELECT true AS there")
        told = tool._statements(conn)
        assert (told["available"], "pg_stat_statements" in told["why"]) == (False, True)
        monkeypatch.setattr(tool, "STATEMENTS", "SELECT 'SELECT 1' AS statement, 7 AS calls, 1.0 AS mean_ms")
        assert tool._statements(conn)["slowest"][0]["calls"] == 7
