"""What one run makes of a folder: rows, ordinals, counts and what it leaves alone."""

import os
from pathlib import Path
from typing import Any

import pytest

from pampax.core.ids import git_blob_id
from pampax.indexing.run import maintenance
from pampax.storage.blobs import decompress

from . import live_rows
from .conftest import Bench, NewBench
from .trees import git, modules, write


def status_of(row: dict[str, Any]) -> dict[str, Any]:
    assert row["state"] == "succeeded", row["error"]
    return row["result"]["status"]


def live(bench: Bench, ref: str = "worktree") -> dict[str, Any]:
    return live_rows.live(bench.query, bench.repository_id, ref)


def content(bench: Bench, ref: str = "worktree") -> set[tuple[Any, ...]]:
    return live_rows.content(bench.query, bench.repository_id, ref)


def test_a_folder_becomes_files_chunks_symbols_postings_and_vectors(new_bench: NewBench, tmp_path: Path) -> None:
    text = "def greet(name):\n    '''Says hello.'''\n    return f'hello {name}'\n"
    bench = new_bench(write(tmp_path / "r", {"src/greet.py": text, "README.md": "# Greeting\n\nSays hello.\n"}))
    status = status_of(bench.index())
    assert (status["ref"], status["generation"], status["files"], status["skipped"]) == ("worktree", 1, 2, {})
    shown = content(bench)
    assert ("file", "src/greet.py", bytes.fromhex(git_blob_id(text.encode())), "python") in shown
    assert {entry[4] for entry in shown if entry[0] == "symbol"} == {"greet"}
    assert all(entry[-1] is not None for entry in shown if entry[0] == "chunk")
    (blob,) = bench.query("SELECT * FROM blob WHERE blob_id = %s", [bytes.fromhex(git_blob_id(text.encode()))])
    assert decompress(blob["content"], blob["size"]).decode() == text
    words = {entry[2] for entry in shown if entry[:2] == ("posting", 0)}
    names = {entry[2] for entry in shown if entry[:2] == ("posting", 1)}
    assert "hello" in words
    assert "greet" in names
    assert "hello" not in names


def test_a_refresh_parses_only_the_changed_file(new_bench: NewBench, tmp_path: Path) -> None:
    folder = write(tmp_path / "r", modules(20))
    bench = new_bench(folder)
    status_of(bench.index())
    write(folder, {"pkg1/mod_1.py": "def changed():\n    return 'new'\n"})
    row = bench.index()
    assert (row["result"]["new_blobs"], row["result"]["changed"]) == (1, True)
    assert status_of(row)["generation"] == 2
    clean = new_bench(folder)
    status_of(clean.index())
    assert content(bench) == content(clean)


def test_a_deleted_and_a_renamed_file_cost_no_parsing(new_bench: NewBench, tmp_path: Path) -> None:
    folder = write(tmp_path / "r", modules(10))
    bench = new_bench(folder)
    status_of(bench.index())
    (folder / "pkg1/mod_1.py").unlink()
    (folder / "pkg2/mod_2.py").rename(folder / "moved.py")
    row = bench.index()
    assert (row["result"]["new_blobs"], row["result"]["changed"]) == (0, True)
    paths = {entry[1] for entry in content(bench) if entry[0] == "file"}
    assert len(paths) == 9
    assert "moved.py" in paths
    assert paths.isdisjoint({"pkg1/mod_1.py", "pkg2/mod_2.py"})


def test_the_same_bytes_at_two_paths_are_derived_once(new_bench: NewBench, tmp_path: Path) -> None:
    bench = new_bench(write(tmp_path / "r", {"a.py": "x = 1\n", "b.py": "x = 1\n", "c.js": "x = 1\n"}))
    row = bench.index()
    assert status_of(row)["files"] == 3
    assert row["result"]["new_blobs"] == 1
    assert status_of(row)["chunks"] == 2  # once as python, once as javascript


def test_an_unchanged_publish_bumps_nothing(new_bench: NewBench, tmp_path: Path) -> None:
    bench = new_bench(write(tmp_path / "r", modules(5)))
    first = status_of(bench.index())
    row = bench.index()
    assert row["result"]["changed"] is False
    assert row["result"]["new_blobs"] == 0
    assert status_of(row) == first
    assert len(bench.query("SELECT 1 FROM snapshot")) == 1


def test_what_was_reverted_comes_back_without_parsing(new_bench: NewBench, tmp_path: Path) -> None:
    folder = write(tmp_path / "r", {"a.py": "x = 1\n", "b.py": "y = 1\n"})
    bench = new_bench(folder)
    status_of(bench.index())
    before = content(bench)
    write(folder, {"a.py": "x = 2\n"})
    status_of(bench.index())
    write(folder, {"a.py": "x = 1\n"})
    row = bench.index()
    assert row["result"]["new_blobs"] == 0
    assert status_of(row)["generation"] == 3
    assert content(bench) == before


def test_a_full_run_derives_everything_anew_beside_the_old_rows(new_bench: NewBench, tmp_path: Path) -> None:
    bench = new_bench(write(tmp_path / "r", modules(8)))
    first = status_of(bench.index())
    shown, before = live(bench), content(bench)
    bench.execute("DELETE FROM posting WHERE term = 'module'")  # damage that a refresh would not see
    row = bench.index(full=True)
    status = status_of(row)
    assert row["result"]["new_blobs"] == 8
    assert (status["generation"], status["build"]) == (2, f"{first['build']}.1")
    assert content(bench) == before
    old = bench.query("SELECT 1 FROM chunk WHERE build_id = %s", [shown["build_id"]])
    assert len(old) == first["chunks"]  # a search that began before goes on reading them
    again = bench.index()
    assert (again["result"]["new_blobs"], again["result"]["changed"]) == (0, False)


def test_builds_that_nothing_shows_are_removed(new_bench: NewBench, tmp_path: Path) -> None:
    bench = new_bench(write(tmp_path / "r", modules(4)))
    status_of(bench.index())
    old = live(bench)["build_id"]
    status_of(bench.index(full=True))
    bench.execute("DELETE FROM snapshot s WHERE NOT EXISTS (SELECT FROM ref r WHERE r.snapshot_id = s.snapshot_id)")
    before = content(bench)
    status_of(bench.index())
    for table in ("chunk", "symbol", "posting", "chunk_vector", "document", "file", "repository_build"):
        assert not bench.query(f"SELECT 1 FROM {table} WHERE build_id = %s", [old]), table
    assert content(bench) == before


def test_odd_names_survive(new_bench: NewBench, tmp_path: Path) -> None:
    names = [
        "with space.py",
        "quote'\".py",
        "new\nline.py",
        "naïve/日本語.py",
        "tab\t.py",
        "-dash.py",
        "%s.py",
        "a\\b.py",
    ]
    bench = new_bench(write(tmp_path / "r", {name: f"n = {i}\n" for i, name in enumerate(names)}))
    assert status_of(bench.index())["files"] == len(names)
    assert {entry[1] for entry in content(bench) if entry[0] == "file"} == set(names)


def test_what_is_left_out_is_counted_by_reason(new_bench: NewBench, tmp_path: Path) -> None:
    folder = write(
        tmp_path / "r",
        {
            "ok.py": "x = 1\n",
            "latin.py": b"# caf\xe9\nname = 'caf\xe9'\n",  # not UTF-8, yet source
            "data.py": b"\x00\x01\x02" * 100,
            "picture.png": b"\x89PNG",
            "empty.py": "\n\n",
            "node_modules/x/index.js": "x\n",
            "package-lock.json": "{}\n",
        },
    )
    (tmp_path / "secret.py").write_text("password = 1\n")
    (folder / "link.py").symlink_to(tmp_path / "secret.py")
    with (folder / "sparse.py").open("wb") as sparse:
        sparse.truncate(200 * 1024 * 1024)
    os.mkfifo(folder / "pipe.py")
    (folder.joinpath(os.fsdecode(b"bad\xff.py"))).write_text("x = 2\n")
    row = new_bench(folder).index()
    status = status_of(row)
    assert status["files"] == 2
    assert status["skipped"] == {
        "binary": 2, "empty": 1, "generated": 1, "name": 1, "oversized": 1, "special": 1, "symlink": 1, "vendored": 1,
    }  # fmt: skip


def test_a_folder_without_files_fails_and_the_old_answers_stay(new_bench: NewBench, tmp_path: Path) -> None:
    folder = write(tmp_path / "r", {"a.py": "x = 1\n"})
    bench = new_bench(folder)
    status_of(bench.index())
    before = content(bench)
    write(folder, {"a.py": "\n"})
    row = bench.index()
    assert row["state"] == "failed"
    assert (row["error"]["code"], row["error"]["reason"]) == ("FAILED_PRECONDITION", "NO_FILES")
    assert "holds no files to index" in row["error"]["message"]
    assert "1 empty" in row["error"]["message"]
    assert content(bench) == before


def test_a_folder_that_vanished_fails_with_its_name(new_bench: NewBench, tmp_path: Path) -> None:
    row = new_bench(tmp_path / "gone").index()
    assert (row["state"], row["error"]["reason"]) == ("failed", "SOURCE_UNREADABLE")
    assert str(tmp_path / "gone") in row["error"]["message"]


def test_a_work_tree_is_published_under_its_branch(new_bench: NewBench, tmp_path: Path) -> None:
    folder = write(tmp_path / "r", {"a.py": "x = 1\n", ".gitignore": "*.log\n", "x.log": "noise\n"})
    git(folder, "init", "-q", "-b", "trunk")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    bench = new_bench(folder)
    status = status_of(bench.index())
    assert (status["ref"], status["commit"], status["dirty"]) == ("trunk", git(folder, "rev-parse", "HEAD"), False)
    write(folder, {"a.py": "x = 2\n"})
    assert status_of(bench.index())["dirty"] is True
    row = bench.index(ref="other")
    assert (row["state"], row["error"]["reason"]) == ("failed", "REF_NOT_CHECKED_OUT")


def test_a_large_repository_gets_a_vector_table_of_its_own(
    new_bench: NewBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "EXACT_SCAN_CHUNKS", 5)
    folder = write(tmp_path / "r", modules(10))
    bench = new_bench(folder)
    status_of(bench.index())
    (counters,) = bench.query("SELECT vector_table FROM repository_build")
    table = counters["vector_table"]
    assert table is not None
    write(folder, {"new.py": "def new():\n    return 1\n"})
    status = status_of(bench.index())
    ordinals = {row["ordinal"] for row in bench.query(f"SELECT ordinal FROM {table}")}
    assert ordinals == set(live(bench)["chunks"])
    assert len(ordinals) == status["chunks"]
    assert not bench.query("SELECT 1 FROM chunk_vector")


def test_scattered_postings_are_merged_and_say_the_same(
    new_bench: NewBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "MOST_SEGMENTS", 3)
    monkeypatch.setattr(maintenance, "LOOK_EVERY", 4)
    folder = write(tmp_path / "r", modules(2))
    bench = new_bench(folder)
    for number in range(8):
        write(folder, {f"more_{number}.py": f"def more():\n    return {number}\n"})
        status_of(bench.index())
    segments = bench.query("SELECT count(*) AS n FROM posting WHERE field = 0 AND term = 'more'")
    assert segments[0]["n"] <= 4
    clean = new_bench(folder)
    status_of(clean.index())
    assert content(bench) == content(clean)
