"""The history of what is indexed: read once for each commit, kept with its snapshots, and no run fails over it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pampax.core.errors import LocalIOError
from pampax.graph.history import unpack
from pampax.indexing import postgres
from pampax.indexing.run import tree
from pampax.storage.blobs import decompress_bounded
from pampax.storage.database import Database

from .conftest import Bench, NewBench
from .trees import git, modules, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A work tree of three commits; a.py and b.py change in the last two of them, in a folder with other things."""
    made = write(tmp_path / "r", {**modules(3), "sub/a.py": "x = 0\n", "sub/b.py": "y = 0\n"})
    git(made, "init", "-q", "-b", "main")
    commit(made, {})
    commit(made, {"sub/a.py": "x = 1\n", "sub/b.py": "y = 1\n"})
    commit(made, {"sub/a.py": "x = 2\n", "sub/b.py": "y = 2\n", "other.txt": "words\n"})
    return made


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many commits were known at each reading of a history."""
    known: list[int] = []
    real = tree.read_changes

    def noting(directory: Path, commit: str, before: Any, **rest: Any) -> Any:
        known.append(len(before))
        return real(directory, commit, before, **rest)

    monkeypatch.setattr(tree, "read_changes", noting)
    return known


def commit(folder: Path, files: dict[str, str | bytes]) -> str:
    write(folder, files)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "m")
    return git(folder, "rev-parse", "HEAD")


def kept(bench: Bench) -> dict[str, list[tuple[str, ...]]]:
    """By commit what the commits before it changed."""
    return {
        row["commit_id"]: [each.paths for each in unpack(decompress_bounded(bytes(row["changes"]), 1 << 20))]
        for row in bench.query("SELECT commit_id, changes FROM commit_history ORDER BY created_at")
    }


PAIR = ("sub/a.py", "sub/b.py")
TRIPLE = ("other.txt", *PAIR)


def test_a_folder_and_a_clone_of_it_have_the_same_history(new_bench: NewBench, folder: Path) -> None:
    head = git(folder, "rev-parse", "HEAD")
    for source in (folder, folder.as_uri()):
        bench = new_bench(source)
        assert bench.index()["state"] == "succeeded"
        assert kept(bench) == {head: [TRIPLE, PAIR]}


def test_a_folder_below_a_work_tree_has_its_own_paths(new_bench: NewBench, folder: Path) -> None:
    git(folder, "checkout", "-q", "--detach", "HEAD~1")
    bench = new_bench(folder / "sub")
    assert bench.index()["state"] == "succeeded"
    assert kept(bench) == {git(folder, "rev-parse", "HEAD"): [("a.py", "b.py")]}


def test_nothing_is_read_where_the_commit_is_the_same_and_only_what_is_new_where_it_is_not(
    new_bench: NewBench, folder: Path, read: list[int]
) -> None:
    bench = new_bench(folder)
    bench.index()
    before = kept(bench)
    write(folder, {"sub/a.py": "x = 3\n"})
    assert bench.index()["state"] == "succeeded"  # another tree, the same commit
    assert bench.index()["state"] == "succeeded"
    assert (read, kept(bench)) == ([0], before)
    new = commit(folder, {"sub/b.py": "y = 3\n"})
    bench.index()
    assert read == [0, 2]
    assert kept(bench) == {**before, new: [PAIR, TRIPLE, PAIR]}


def test_a_history_goes_with_the_last_snapshot_of_its_commit(new_bench: NewBench, folder: Path) -> None:
    bench = new_bench(folder)
    bench.index()
    new = commit(folder, {"sub/b.py": "y = 3\n"})
    bench.index()
    assert len(kept(bench)) == 2
    bench.execute("UPDATE snapshot SET replaced_at = now() - interval '2 hours' WHERE replaced_at IS NOT NULL")
    bench.index()
    assert list(kept(bench)) == [new]


async def test_a_history_goes_with_its_ref(new_bench: NewBench, folder: Path, database: Database) -> None:
    bench = new_bench(folder)
    bench.index()
    first = git(folder, "rev-parse", "HEAD")
    git(folder, "checkout", "-q", "-b", "other")
    commit(folder, {"sub/b.py": "y = 3\n"})
    bench.index()
    async with database.tenant(bench.tenant_id) as conn:
        await postgres.delete_ref(conn, bench.tenant_id, bench.repository_id, "other")
    assert list(kept(bench)) == [first]


def test_a_shallow_clone_is_read_again_once_it_is_whole(
    new_bench: NewBench, folder: Path, tmp_path: Path, read: list[int]
) -> None:
    git(tmp_path, "clone", "-q", "--depth=2", folder.as_uri(), "shallow")
    shallow = tmp_path / "shallow"
    bench = new_bench(shallow)
    bench.index()
    head = git(folder, "rev-parse", "HEAD")
    assert kept(bench) == {head: [TRIPLE]}
    git(shallow, "fetch", "-q", "--unshallow")
    bench.index()
    bench.index()
    assert kept(bench) == {head: [TRIPLE, PAIR]}
    assert read == [0, 1]


def test_a_plain_folder_has_none(new_bench: NewBench, tmp_path: Path, read: list[int]) -> None:
    bench = new_bench(write(tmp_path / "plain", modules(2)))
    assert bench.index()["state"] == "succeeded"
    assert (kept(bench), read) == ({}, [])


def test_a_history_that_cannot_be_read_ends_no_run(
    new_bench: NewBench, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise LocalIOError("git has no trees")

    with monkeypatch.context() as patched:
        patched.setattr(tree, "read_changes", broken)
        bench = new_bench(folder)
        assert bench.index()["state"] == "succeeded"
        assert kept(bench) == {}
    assert bench.index()["result"]["changed"] is False
    assert len(kept(bench)) == 1  # the next run brings it, though nothing else has changed


def test_one_that_is_damaged_is_read_anew(new_bench: NewBench, folder: Path, read: list[int]) -> None:
    bench = new_bench(folder)
    bench.index()
    bench.execute("UPDATE commit_history SET changes = 'x'")
    new = commit(folder, {"sub/b.py": "y = 3\n"})
    bench.index()
    assert read == [0, 0]
    rows = bench.query("SELECT changes FROM commit_history WHERE commit_id = %s", [new])
    assert len(unpack(decompress_bounded(bytes(rows[0]["changes"]), 1 << 20))) == 3
