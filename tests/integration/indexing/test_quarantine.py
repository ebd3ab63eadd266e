"""Files that crash, hang or explode a parser: cut by lines or left out, named, and not tried again under one build."""

import time
from pathlib import Path
from typing import Any

import pytest

from pampax.indexing.run.intake import Intake

from .conftest import Bench, NewBench
from .trees import modules, write

# Error recovery of the grammar takes a time that grows with the square of this.
ENDLESS = "def f:\n" * 60_000
GOOD = {"good.py": "def good():\n    return 1\n"}
MIB = 1024 * 1024


def impatient(bench: Bench, seconds: float = 5.0) -> None:
    """A parser that is started anew on a busy machine, with its grammars, needs two."""
    bench.runner._deriver._parse_timeout_s = seconds


def starved(bench: Bench, mib: int) -> None:
    """The next children get so much memory."""
    bench.runner._parsers.close()
    for process in bench.runner._parsers._processes:
        process._memory_bytes = mib * MIB


def quarantine(bench: Bench) -> list[tuple[str, str, str, bool]]:
    rows = bench.query("SELECT path, language, reason, by_lines FROM quarantine ORDER BY path")
    return [(row["path"], row["language"], row["reason"], row["by_lines"]) for row in rows]


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """(path, why it is not tried by syntax) of everything that a run hands to the parser."""
    seen: list[tuple[str, str]] = []
    parse = Intake._parse

    def watched(self: Intake, pending: Any, *how_far: int) -> Any:
        seen.extend((self._paths[each.blob_id, each.language], each.broke) for each in pending)
        return parse(self, pending, *how_far)

    monkeypatch.setattr(Intake, "_parse", watched)
    return seen


def test_a_file_that_hangs_its_parser_is_found_by_its_lines(new_bench: NewBench, tmp_path: Path) -> None:
    bench = new_bench(write(tmp_path / "r", {**GOOD, "endless.js": ENDLESS}))
    impatient(bench)
    row = bench.index()
    assert row["state"] == "succeeded"
    assert row["errors"] == [{"path": "endless.js", "reason": "timeout", "by_lines": True}]
    assert (row["error_count"], row["result"]["error_count"], row["result"]["missing_count"]) == (1, 1, 0)
    assert quarantine(bench) == [("endless.js", "javascript", "timeout", True)]
    assert bench.query("SELECT count(*) AS n FROM chunk WHERE language = 'javascript'")[0]["n"] > 0


def test_what_broke_a_parser_is_not_tried_again_even_by_another_attempt(
    new_bench: NewBench, tmp_path: Path, tried: list[tuple[str, str]]
) -> None:
    bench = new_bench(write(tmp_path / "r", {**GOOD, "endless.js": ENDLESS}))
    impatient(bench)
    first = bench.index()
    # As if the first attempt had died before its documents were written.
    bench.execute("DELETE FROM ref")
    for table in ("snapshot", "file", "document", "chunk", "symbol", "posting", "chunk_vector"):
        bench.execute(f"DELETE FROM {table}")
    tried.clear()
    again = bench.index()
    assert sorted(tried) == [("endless.js", "timeout"), ("good.py", "")]
    assert again["errors"] == first["errors"]
    tried.clear()
    assert bench.index()["errors"] == first["errors"]
    assert not tried


def test_a_file_that_not_even_lines_can_be_had_of_is_left_out_and_named_each_time(
    new_bench: NewBench, tmp_path: Path, tried: list[tuple[str, str]]
) -> None:
    folder = write(tmp_path / "r", dict(GOOD))
    bench = new_bench(folder)
    bench.index()
    write(folder, {"late.py": "late = 1\n"})
    impatient(bench, 0.0)
    row = bench.index()
    assert row["state"] == "succeeded"
    problem = {"path": "late.py", "reason": "timeout", "by_lines": False}
    assert (row["errors"], row["result"]["missing_count"]) == ([problem], 1)
    assert row["result"]["status"]["skipped"] == {"timeout": 1}
    impatient(bench, 10.0)
    tried.clear()
    assert bench.index()["errors"] == [problem]
    assert not tried


def retried(bench: Bench) -> dict[str, Any]:
    operation_id = bench.operation()
    bench.execute(
        "UPDATE operation SET request = request || '{\"retry_quarantined\": true}' WHERE operation_id = %s",
        [operation_id],
    )
    bench.runner.run(operation_id, bench.tenant_id)
    return bench.row(operation_id)


def test_a_retry_takes_in_what_was_left_out(new_bench: NewBench, tmp_path: Path) -> None:
    folder = write(tmp_path / "r", dict(GOOD))
    bench = new_bench(folder)
    bench.index()
    write(folder, {"late.py": "late = 1\n"})
    impatient(bench, 0.0)
    assert bench.index()["result"]["missing_count"] == 1
    impatient(bench, 10.0)
    row = retried(bench)
    assert (row["errors"], row["result"]["status"]["files"], row["request"]["full"]) == ([], 2, False)
    assert quarantine(bench) == []


def test_a_retry_of_what_is_there_by_lines_derives_everything_beside_it(new_bench: NewBench, tmp_path: Path) -> None:
    bench = new_bench(write(tmp_path / "r", {**GOOD, "big.py": "value = 1\n" * 25_000 + "def big():\n    return 1\n"}))
    starved(bench, 40)
    impatient(bench, 60.0)
    before = bench.index()
    assert before["errors"][0] == {"path": "big.py", "reason": "crash", "by_lines": True}
    starved(bench, 1024)
    row = retried(bench)
    assert (row["errors"], row["request"]["full"]) == ([], True)
    assert row["result"]["status"]["build"] != before["result"]["status"]["build"]
    assert bench.query("SELECT 1 FROM symbol WHERE name = 'big' LIMIT 1")
    assert quarantine(bench) == []


def test_another_build_tries_all_content(new_bench: NewBench, tmp_path: Path) -> None:
    bench = new_bench(write(tmp_path / "r", {**GOOD, "endless.js": ENDLESS}))
    impatient(bench)
    bench.index()
    row = bench.index(full=True)
    assert [problem["reason"] for problem in row["errors"]] == ["timeout"]
    builds = bench.query("SELECT DISTINCT build_id FROM quarantine")
    assert len(builds) == 2


def test_a_deleted_ref_leaves_nothing_of_its_broken_files(new_bench: NewBench, tmp_path: Path) -> None:
    folder = write(tmp_path / "r", {**GOOD, "endless.js": ENDLESS})
    bench = new_bench(folder)
    impatient(bench)
    bench.index()
    (folder / "endless.js").unlink()
    bench.index()
    # What a ref's deletion does, and the time that searches under way have had.
    bench.execute("UPDATE snapshot SET replaced_at = now() - interval '2 hours' WHERE replaced_at IS NOT NULL")
    bench.execute("UPDATE repository_build SET collected_at = NULL")
    bench.execute(
        "INSERT INTO quarantine SELECT repository_id, build_id, decode(repeat('ab', 20), 'hex'), 'go', tenant_id,"
        " 'x.go', 'crash', false FROM repository_build"
    )
    assert bench.index()["errors"] == []
    assert quarantine(bench) == []


HOSTILE = {
    "deep.json": "[\n" * 400_000,
    "deep.py": "(\n" * 300_000 + "1",
    "deep.js": "a=>{\n" * 150_000,
    "deep.c": "{\n" * 400_000,
    "deep.rs": "mod a {\n" * 100_000,
    "generics.ts": "let x: A<\n" * 80_000,
    "templates.cpp": "template <class T>\n" * 40_000 + "struct X {};",
    "strings.py": 'f"{\n' * 150_000,
    "heredocs.rb": "<<A\n" * 150_000,
    "here.sh": "cat <<E$(\n" * 80_000,
    "quotes.php": "<?php\n" + "'\\\n" * 200_000,
    "deep.md": "> - \n" * 150_000,
    "deep.html": "<div>\n" * 150_000,
    "brackets.hs": "let f = (\\x ->\n" * 60_000,
}


def test_hostile_files_cost_no_other_file_anything(new_bench: NewBench, tmp_path: Path) -> None:
    bench = new_bench(write(tmp_path / "r", {**modules(20), **HOSTILE}))
    impatient(bench, 4.0)
    began = time.monotonic()
    row = bench.index()
    assert row["state"] == "succeeded", row["error"]
    indexed = {each["path"] for each in bench.query("SELECT path FROM file")}
    broken = {each["path"] for each in row["errors"]}
    assert set(modules(20)) <= indexed
    assert broken <= HOSTILE.keys()
    assert indexed | broken == modules(20).keys() | HOSTILE.keys()
    assert {path for path, *_ in quarantine(bench)} == broken
    print(f"{len(broken)} broke a parser in {time.monotonic() - began:.1f} s: {quarantine(bench)}")
