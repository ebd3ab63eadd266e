"""What is collected because no snapshot shows it any more, and what stays because one does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pampax.indexing.run import collection, maintenance
from pampax.storage import bitmap, posting

from .conftest import Bench, NewBench
from .trees import git, modules, write

TABLES = ("file", "document", "chunk", "symbol", "chunk_vector")


@pytest.fixture(autouse=True)
def always_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection, "COLLECT_EVERY_S", 0.0)


@pytest.fixture
def bench(new_bench: NewBench, tmp_path: Path) -> Bench:
    """Ten modules, indexed."""
    made = new_bench(write(tmp_path / "r", modules(10)))
    run(made)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "r"


def run(bench: Bench, **asked: Any) -> dict[str, Any]:
    row = bench.index(**asked)
    assert row["state"] == "succeeded", row["error"]
    result: dict[str, Any] = row["result"]
    return result


def pass_an_hour(bench: Bench) -> None:
    """Since whatever was replaced until now."""
    bench.execute("UPDATE snapshot SET replaced_at = replaced_at - interval '61 minutes'")


def counts(bench: Bench) -> dict[str, int]:
    return {table: bench.query(f"SELECT count(*) AS n FROM {table}")[0]["n"] for table in TABLES}


def listed(bench: Bench) -> set[int]:
    """Every ordinal that a posting list names."""
    lists = [posting.unpack(row["entries"]).ordinals for row in bench.query("SELECT entries FROM posting")]
    return set(np.concatenate(lists).tolist())


def shown(bench: Bench) -> set[int]:
    """Every chunk ordinal that a snapshot shows."""
    rows = bench.query("SELECT live_chunks FROM snapshot")
    return {int(ordinal) for row in rows for ordinal in np.flatnonzero(bitmap.unpack(row["live_chunks"]))}


def chunks(bench: Bench) -> set[int]:
    return {row["ordinal"] for row in bench.query("SELECT ordinal FROM chunk")}


def test_what_was_replaced_goes_when_its_snapshot_has_had_its_hour(bench: Bench, folder: Path) -> None:
    before = counts(bench)
    write(folder, {"pkg1/mod_1.py": "def changed():\n    return 'new'\n"})
    run(bench)
    run(bench)
    assert counts(bench)["file"] == before["file"] + 1
    pass_an_hour(bench)
    run(bench)
    assert counts(bench)["file"] == counts(bench)["document"] == 10
    assert chunks(bench) == shown(bench)


def test_a_history_leaves_no_more_than_a_clean_index_has(bench: Bench, folder: Path, new_bench: NewBench) -> None:
    for number in range(6):
        write(
            folder, {f"pkg{each % 7}/mod_{each}.py": f"def at_{number}():\n    return {each}\n" for each in range(10)}
        )
        run(bench)
        pass_an_hour(bench)
    run(bench)
    clean = new_bench(folder)
    run(clean)
    assert counts(bench) == counts(clean)
    terms = "SELECT field, term FROM posting WHERE repository_id = %s GROUP BY 1, 2 ORDER BY 1, 2"
    assert bench.query(terms, [bench.repository_id]) == clean.query(terms, [clean.repository_id])
    assert listed(bench) == shown(bench)
    (counters,) = bench.query("SELECT dead_chunks FROM repository_build")
    assert counters["dead_chunks"] == 0


def test_lists_are_written_anew_when_enough_of_them_is_dead(bench: Bench, folder: Path) -> None:
    write(folder, {"pkg1/mod_1.py": "x = 1\n"})
    run(bench)
    pass_an_hour(bench)
    run(bench)
    (counters,) = bench.query("SELECT dead_chunks FROM repository_build")
    dead = listed(bench) - shown(bench)
    assert counters["dead_chunks"] == len(dead) > 0
    write(folder, {f"pkg{each % 7}/mod_{each}.py": f"y = {each}\n" for each in range(2, 6)})
    run(bench)
    pass_an_hour(bench)
    run(bench)
    assert listed(bench) == shown(bench)


def test_content_that_another_ref_shows_stays(new_bench: NewBench, tmp_path: Path) -> None:
    folder = write(tmp_path / "r", modules(3))
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    bench = new_bench(folder)
    run(bench)
    git(folder, "checkout", "-q", "-b", "other")
    (folder / "pkg1/mod_1.py").unlink()
    run(bench)
    pass_an_hour(bench)
    run(bench)
    assert counts(bench)["file"] == 3
    assert chunks(bench) == shown(bench)


def test_the_same_bytes_stay_while_one_path_has_them(bench: Bench, folder: Path) -> None:
    text = (folder / "pkg1/mod_1.py").read_text()
    write(folder, {"copy.py": text})
    run(bench)
    (folder / "pkg1/mod_1.py").unlink()
    run(bench)
    pass_an_hour(bench)
    result = run(bench)
    assert result["new_blobs"] == 0
    assert counts(bench)["document"] == counts(bench)["file"] == 10
    assert chunks(bench) == shown(bench)


def test_what_comes_back_after_it_was_collected_is_derived_again(
    bench: Bench, folder: Path, new_bench: NewBench
) -> None:
    text = (folder / "pkg1/mod_1.py").read_text()
    highest = max(chunks(bench))
    (folder / "pkg1/mod_1.py").unlink()
    run(bench)
    pass_an_hour(bench)
    run(bench)
    write(folder, {"pkg1/mod_1.py": text})
    assert run(bench)["new_blobs"] == 1
    assert max(chunks(bench)) > highest  # ordinals are never given out again
    clean = new_bench(folder)
    run(clean)
    assert counts(bench) == counts(clean)


def test_a_large_history_goes_in_bounded_transactions(
    bench: Bench, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, most in (("MOST_FILES", 3), ("MOST_DOCUMENTS", 4), ("MOST_CHUNKS", 5), ("MOST_LISTS", 7)):
        monkeypatch.setattr(collection, name, most)
    monkeypatch.setattr(collection, "FETCHED_AT_ONCE", 2)
    write(folder, {f"pkg{each % 7}/mod_{each}.py": f"z = {each}\n" for each in range(10)})
    run(bench)
    pass_an_hour(bench)
    run(bench)
    assert counts(bench)["file"] == counts(bench)["document"] == 10
    assert listed(bench) == chunks(bench) == shown(bench)


def test_vectors_go_from_a_table_of_their_own(
    new_bench: NewBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "EXACT_SCAN_CHUNKS", 5)
    folder = write(tmp_path / "r", modules(10))
    bench = new_bench(folder)
    run(bench)
    (counters,) = bench.query("SELECT vector_table FROM repository_build")
    (folder / "pkg2/mod_2.py").unlink()
    run(bench)
    pass_an_hour(bench)
    run(bench)
    rows = bench.query(f"SELECT ordinal FROM {counters['vector_table']}")
    assert {row["ordinal"] for row in rows} == shown(bench)


def test_old_builds_that_another_ref_shows_are_collected_too(new_bench: NewBench, tmp_path: Path) -> None:
    folder = write(tmp_path / "r", modules(3))
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    bench = new_bench(folder)
    run(bench)
    (folder / "pkg1/mod_1.py").unlink()
    run(bench)
    git(folder, "checkout", "-q", "-b", "other")
    run(bench, full=True)
    pass_an_hour(bench)
    run(bench)
    files = bench.query("SELECT count(*) AS n FROM file GROUP BY build_id ORDER BY build_id")
    assert [row["n"] for row in files] == [2, 2]


def test_old_content_is_looked_for_once_in_a_while(bench: Bench, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "pkg1/mod_1.py").unlink()
    run(bench)
    pass_an_hour(bench)
    monkeypatch.setattr(collection, "COLLECT_EVERY_S", 600.0)
    run(bench)
    assert counts(bench)["file"] == 10
    bench.execute("UPDATE repository_build SET collected_at = now() - interval '11 minutes'")
    run(bench)
    assert counts(bench)["file"] == 9


def test_a_collection_that_was_cut_off_is_gone_on_with(
    bench: Bench, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, {f"pkg{each % 7}/mod_{each}.py": f"z = {each}\n" for each in range(10)})
    run(bench)
    pass_an_hour(bench)
    with monkeypatch.context() as patched:
        patched.setattr(collection, "MOST_LISTS", -1)  # no LIMIT
        assert run(bench)["changed"] is False
    assert counts(bench)["document"] == 10
    assert listed(bench) > shown(bench)
    run(bench)
    assert listed(bench) == shown(bench)
