"""Sources as they really are: broken, shallow, moving, huge. What is bad is named, the rest indexed, nothing lost."""

from __future__ import annotations

import shutil
import subprocess
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pampax.indexing.run import fetching, tree
from pampax.runtime.policy import Backoff
from pampax.sources import mirror
from pampax.sources.git import sizes_of

from ...git_server import GitServer, git_server  # noqa: TID252 - tests are no package
from .conftest import Bench, NewBench
from .test_credentials import git_origin, push
from .trees import git, modules, write

MEGABYTE = 1024 * 1024


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    quick = fetching.POLICY.__class__(
        "git", timeout_s=60.0, retries=1, backoff=Backoff(first_s=0.01, most_s=0.01), breaker=fetching.POLICY.breaker
    )
    monkeypatch.setattr(fetching, "POLICY", quick)
    fetching._guard.cache_clear()
    yield
    fetching._guard.cache_clear()


@pytest.fixture
def origin(tmp_path: Path) -> tuple[Path, Path]:
    """A work tree of 12 modules and the bare repository that it pushes to."""
    return git_origin(tmp_path, modules(12))


@pytest.fixture
def server(tmp_path: Path, origin: tuple[Path, Path]) -> Iterator[GitServer]:
    assert origin[1].is_dir()
    with git_server(tmp_path) as ours:
        yield ours


@pytest.fixture
def bench(new_bench: NewBench, server: GitServer) -> Bench:
    return new_bench(server.url_of("origin.git"))


def status(row: dict[str, Any]) -> dict[str, Any]:
    assert row["state"] == "succeeded", row["error"]
    found: dict[str, Any] = row["result"]["status"]
    return found


def problems(row: dict[str, Any]) -> dict[str, str]:
    return {each["path"]: each["reason"] for each in row["result"]["errors"]}


def paths(bench: Bench) -> set[str]:
    return {row["path"] for row in bench.query("SELECT path FROM file")}


def published(bench: Bench) -> list[dict[str, Any]]:
    return bench.query("SELECT name, generation, snapshot_id FROM ref ORDER BY name")


def mirror_of(bench: Bench, tmp_path: Path) -> Path:
    return tmp_path / "mirrors" / str(bench.tenant_id) / str(bench.repository_id)


def loose(repository: Path) -> None:
    """Every object in a file of its own."""
    packs = repository / "objects" / "pack"
    for pack in list(packs.glob("*.pack")):
        moved = repository.parent / pack.name
        pack.rename(moved)
        for left in packs.glob(f"{pack.stem}.*"):
            left.unlink()
        with moved.open("rb") as file:
            subprocess.run(["git", "-C", repository, "unpack-objects", "-q"], stdin=file, check=True, timeout=30)


def break_object(repository: Path, name: str) -> None:
    """The object's file stays, with nonsense in it."""
    path = repository / "objects" / name[:2] / name[2:]
    path.chmod(0o644)
    path.write_bytes(b"nonsense")


# Broken objects ------------------------------------------------------------------------------------------------------


def test_a_file_whose_content_is_broken_at_the_server_is_named_and_the_others_are_indexed(
    bench: Bench, origin: tuple[Path, Path]
) -> None:
    work, bare = origin
    loose(bare)
    for path in ("pkg1/mod_1.py", "pkg5/mod_5.py"):
        break_object(bare, git(work, "rev-parse", f"HEAD:{path}"))
    row = bench.index()
    assert status(row)["files"] == 10
    assert status(row)["skipped"]["unreadable"] == 2
    assert problems(row) == {"pkg1/mod_1.py": "unreadable", "pkg5/mod_5.py": "unreadable"}


def test_what_is_mended_at_the_server_is_indexed_by_the_next_run(bench: Bench, origin: tuple[Path, Path]) -> None:
    work, bare = origin
    loose(bare)
    name = git(work, "rev-parse", "HEAD:pkg1/mod_1.py")
    kept = (bare / "objects" / name[:2] / name[2:]).read_bytes()
    break_object(bare, name)
    assert status(bench.index())["files"] == 11
    (bare / "objects" / name[:2] / name[2:]).write_bytes(kept)
    row = bench.index()
    assert (status(row)["files"], row["result"]["new_blobs"], problems(row)) == (12, 1, {})


def test_a_broken_folder_at_the_server_ends_the_run_and_leaves_the_old_index(
    bench: Bench, origin: tuple[Path, Path]
) -> None:
    work, bare = origin
    bench.index()
    before = published(bench)
    push(work, {"pkg1/new.py": "x = 1\n"})
    loose(bare)
    break_object(bare, git(work, "rev-parse", "HEAD:pkg1"))
    row = bench.index()
    assert (row["state"], row["error"]["reason"]) == ("failed", "GIT_OBJECT_BROKEN")
    assert "git fsck" in row["error"]["message"]
    assert published(bench) == before


def test_a_clone_that_rots_on_our_disk_is_made_anew(bench: Bench, origin: tuple[Path, Path], tmp_path: Path) -> None:
    work, _ = origin
    bench.index()
    clone = mirror_of(bench, tmp_path)
    loose(clone)
    push(work, {"pkg1/mod_1.py": "def changed():\n    return 1\n", "pkg2/mod_2.py": "def other():\n    return 2\n"})
    for name in (git(work, "rev-parse", "HEAD~1"), git(work, "rev-parse", "HEAD~1:pkg3")):
        break_object(clone, name)
    row = bench.index()
    assert (status(row)["files"], row["result"]["new_blobs"], problems(row)) == (12, 2, {})


def test_a_blob_that_rots_between_fetch_and_read_is_named_and_there_again_with_the_next_run(
    bench: Bench, origin: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, _ = origin
    name = git(work, "rev-parse", "HEAD:pkg1/mod_1.py")

    def then_rotten(*arguments: Any, **named: Any) -> Any:
        listing = list_commit(*arguments, **named)
        clone = mirror_of(bench, tmp_path)
        loose(clone)
        path = clone / "objects" / name[:2] / name[2:]
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[:-20])  # its head is sound
        return listing

    list_commit = tree.list_commit
    monkeypatch.setattr(tree, "list_commit", then_rotten)
    row = bench.index()
    assert (status(row)["files"], problems(row)) == (11, {"pkg1/mod_1.py": "unreadable"})
    monkeypatch.undo()
    row = bench.index()
    assert (status(row)["files"], problems(row)) == (12, {})


# Shallow clones, submodules ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["file", "http"])
def test_a_shallow_clone_is_a_source_like_any_other(
    new_bench: NewBench, server: GitServer, origin: tuple[Path, Path], tmp_path: Path, scheme: str
) -> None:
    work, bare = origin
    push(work, {"a.py": "a = 1\n"})
    git(tmp_path, "clone", "-q", "--bare", "--depth=1", bare.as_uri(), "shallow.git")
    shallow = tmp_path / "shallow.git"
    git(shallow, "config", "uploadpack.allowFilter", "true")
    made = new_bench(shallow.as_uri() if scheme == "file" else server.url_of("shallow.git"))
    assert status(made.index())["files"] == 13
    push(work, {"b.py": "b = 1\n"})
    git(shallow, "fetch", "-q", "--depth=1", "--force", bare.as_uri(), "main:main")
    row = made.index()
    assert (status(row)["files"], row["result"]["new_blobs"]) == (14, 1)


def test_submodules_are_skipped_by_that_name_and_not_fetched(bench: Bench, origin: tuple[Path, Path]) -> None:
    work, _ = origin
    commit = git(work, "rev-parse", "HEAD")
    write(work, {".gitmodules": '[submodule "lib"]\n\tpath = third/lib\n\turl = https://127.0.0.1:1/no\n'})
    git(work, "add", ".")
    git(work, "update-index", "--add", "--cacheinfo", f"160000,{commit},third/lib")
    git(work, "commit", "-q", "-m", "submodule")
    git(work, "push", "-q", "origin", "main")
    row = bench.index()
    assert status(row)["skipped"]["submodule"] == 1
    assert not [path for path in paths(bench) if path.startswith("third/")]


# Repositories that move ----------------------------------------------------------------------------------------------


def test_a_repository_that_has_vanished_leaves_the_old_index(bench: Bench, origin: tuple[Path, Path]) -> None:
    _, bare = origin
    bench.index()
    before = published(bench)
    shutil.rmtree(bare)
    row = bench.index()
    assert (row["state"], row["error"]["reason"]) == ("failed", "GIT_REPOSITORY_NOT_FOUND")
    assert published(bench) == before


@pytest.fixture
def before_blobs(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Has something done once, between the fetch of the commits and that of their contents."""

    def arrange(act: Callable[[], None]) -> None:
        original, done = fetching.fetch_blobs, []

        def fetch_blobs(*arguments: Any, **named: Any) -> None:
            if not done:
                done.append(True)
                act()
            original(*arguments, **named)

        monkeypatch.setattr(fetching, "fetch_blobs", fetch_blobs)

    return arrange


def test_a_repository_that_vanishes_while_it_is_fetched_leaves_the_old_index(
    bench: Bench, origin: tuple[Path, Path], before_blobs: Callable[[Callable[[], None]], None]
) -> None:
    work, bare = origin
    bench.index()
    before = published(bench)
    push(work, {"new.py": "x = 1\n"})
    before_blobs(lambda: shutil.rmtree(bare))
    row = bench.index()
    assert (row["state"], row["error"]["reason"]) == ("failed", "GIT_REPOSITORY_NOT_FOUND")
    assert published(bench) == before


def test_a_force_push_while_it_is_fetched_ends_with_what_was_pushed(
    bench: Bench, origin: tuple[Path, Path], before_blobs: Callable[[Callable[[], None]], None]
) -> None:
    work, bare = origin

    def force_push() -> None:
        """Another history, and what it replaces is thrown away at once."""
        git(work, "checkout", "-q", "--orphan", "fresh")
        git(work, "rm", "-rqf", ".")
        write(work, {"only.py": "def only():\n    return 1\n", "two.py": "def two():\n    return 2\n"})
        git(work, "add", ".")
        git(work, "commit", "-q", "-m", "rewritten")
        git(work, "push", "-q", "--force", "origin", "fresh:main")
        git(bare, "-c", "gc.pruneExpire=now", "gc", "-q", "--prune=now")

    before_blobs(force_push)
    row = bench.index()
    assert (status(row)["files"], problems(row)) == (2, {})
    assert status(row)["commit"] == git(work, "rev-parse", "fresh")
    assert paths(bench) == {"only.py", "two.py"}


def test_a_repository_that_never_rests_is_told(
    bench: Bench, origin: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    work, _ = origin
    monkeypatch.setattr(fetching, "fetch_blobs", lambda *_, **__: push(work, {"n.py": f"n = {next(numbers)}\n"}))
    numbers = iter(range(100))
    row = bench.index()
    assert (row["state"], row["error"]["reason"]) == ("failed", "SOURCE_CHANGES")


def test_a_folder_that_vanishes_while_it_is_read_leaves_the_old_index(
    new_bench: NewBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "folder", modules(12))
    made = new_bench(folder)
    made.index()
    before = published(made)
    write(folder, {"new.py": "x = 1\n"})
    read_file = tree.read_file

    def gone(root: Path, path: str) -> bytes:
        shutil.rmtree(folder, ignore_errors=True)
        return read_file(root, path)

    monkeypatch.setattr(tree, "read_file", gone)
    row = made.index()
    assert (row["state"], row["error"]["reason"]) == ("failed", "SOURCE_VANISHED")
    assert published(made) == before


# Odd and large files -------------------------------------------------------------------------------------------------


def test_paths_as_long_as_file_systems_take_are_indexed_and_longer_ones_skipped(
    bench: Bench, origin: tuple[Path, Path]
) -> None:
    work, _ = origin
    blob = git(work, "rev-parse", "HEAD:pkg1/mod_1.py")
    folder = "/".join(["d" * 99] * 39)
    long, longer = f"{folder}/{'n' * 96}.py", f"{folder}/{'m' * 250}.py"
    assert (len(long), len(longer) > 4096) == (3_999, True)
    for path in (long, longer):
        git(work, "update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")
    git(work, "commit", "-q", "-m", "long")
    git(work, "push", "-q", "origin", "main")
    row = bench.index()
    assert status(row)["files"] == 13
    assert status(row)["skipped"]["name"] == 1
    assert long in paths(bench)


def test_a_large_file_is_skipped_without_being_read(
    bench: Bench, new_bench: NewBench, origin: tuple[Path, Path]
) -> None:
    work, _ = origin
    with (work / "huge.txt").open("wb") as huge:
        huge.truncate(200 * MEGABYTE)
    push(work, {"small.py": "small = 1\n"})
    for each in (bench, new_bench(work)):
        tracemalloc.start()
        row = each.index()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert status(row)["files"] == 13
        assert status(row)["skipped"]["oversized"] == 1
        assert "small.py" in paths(each)
        assert peak < 100 * MEGABYTE


def test_minified_files_and_archives_are_named_by_kind(bench: Bench, origin: tuple[Path, Path]) -> None:
    work, _ = origin
    line = "".join(f"function f{n}(a){{return a*{n}}};" for n in range(4_000))
    push(
        work,
        {
            "bundle.js": line,
            "app.min.js": "x()",
            "dist.zip": b"PK\3\4" + b"\0" * 100,
            "data.tar.gz": b"\x1f\x8b" + b"\0" * 100,
            "archive": b"PK\3\4" + b"\0" * 100,
        },
    )
    row = bench.index()
    assert Counter(status(row)["skipped"]) == {"generated": 2, "binary": 3}
    assert status(row)["files"] == 12


def test_git_lfs_pointers_are_named_whatever_their_files_are_called(bench: Bench, origin: tuple[Path, Path]) -> None:
    work, _ = origin
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "ab" * 32 + "\nsize 123456\n"
    attributes = "*.psd filter=lfs diff=lfs merge=lfs -text\nmodel.dat filter=lfs\n"
    push(work, {".gitattributes": attributes, "art/logo.psd": pointer, "model.dat": pointer})
    assert status(bench.index())["skipped"]["lfs_pointer"] == 2


# Partial clones ------------------------------------------------------------------------------------------------------


def test_contents_come_in_one_request_and_those_that_nobody_needs_do_not_come(
    bench: Bench, server: GitServer, origin: tuple[Path, Path], tmp_path: Path
) -> None:
    work, _ = origin
    old = git(work, "rev-parse", "HEAD:pkg1/mod_1.py")
    push(work, {"pkg1/mod_1.py": "def changed():\n    return 1\n", "photo.png": b"\x89PNG" + bytes(range(256)) * 40})
    picture = git(work, "rev-parse", "HEAD:photo.png")
    assert status(bench.index())["files"] == 12
    assert len(server.asked) == 4  # the refs twice: which branch is HEAD, and what is new
    clone = mirror_of(bench, tmp_path)
    assert sizes_of(clone, [old, picture]) == {}

    server.asked.clear()
    push(work, {f"new_{number}.py": f"new = {number}\n" for number in range(30)})
    row = bench.index()
    assert (status(row)["files"], row["result"]["new_blobs"]) == (42, 30)
    assert len([body for body in server.asked if b"command=fetch" in body]) <= 3

    server.asked.clear()
    assert bench.index()["result"]["changed"] is False
    assert [body for body in server.asked if b"command=fetch" in body] == []


def test_a_partial_clone_keeps_neither_the_address_nor_what_would_fetch_by_itself(
    bench: Bench, server: GitServer, tmp_path: Path
) -> None:
    bench.index()
    config = (mirror_of(bench, tmp_path) / "config").read_text()
    assert server.url not in config
    assert "promisor" not in config


def test_a_server_that_leaves_nothing_out_is_fetched_from_in_full(
    bench: Bench, origin: tuple[Path, Path], tmp_path: Path
) -> None:
    work, bare = origin
    git(bare, "config", "uploadpack.allowFilter", "false")
    old = git(work, "rev-parse", "HEAD:pkg1/mod_1.py")
    push(work, {"pkg1/mod_1.py": "def changed():\n    return 1\n"})
    assert status(bench.index())["files"] == 12
    assert old in sizes_of(mirror_of(bench, tmp_path), [old])


def test_a_server_that_sends_no_single_contents_is_asked_for_everything_from_then_on(
    bench: Bench, server: GitServer, origin: tuple[Path, Path], tmp_path: Path
) -> None:
    work, _ = origin
    server.modern = False
    old = git(work, "rev-parse", "HEAD:pkg1/mod_1.py")
    push(work, {"pkg1/mod_1.py": "def changed():\n    return 1\n"})
    assert status(bench.index())["files"] == 12
    clone = mirror_of(bench, tmp_path)
    assert old in sizes_of(clone, [old])
    assert git(clone, "config", mirror._MAY_BE_PARTIAL) == "false"
    push(work, {"more.py": "more = 1\n"})
    assert status(bench.index())["files"] == 13


def test_a_partial_and_a_full_clone_give_the_same_index(
    new_bench: NewBench, server: GitServer, origin: tuple[Path, Path]
) -> None:
    work, bare = origin
    git(work, "checkout", "-q", "-b", "side")
    write(work, {"side.py": "side = 1\n", "photo.png": b"\x89PNG\0\0", ".pampaxignore": "pkg2/\n"})
    git(work, "add", ".")
    git(work, "commit", "-q", "-m", "side")
    git(work, "push", "-q", "origin", "side")
    partial, full = new_bench(server.url_of("origin.git")), new_bench(server.url_of("origin.git"))
    for each, allowed in ((partial, "true"), (full, "false")):
        git(bare, "config", "uploadpack.allowFilter", allowed)
        for ref in ("main", "side", "main"):
            each.index(ref=ref)
    shown = [
        (paths(each), [(row["name"], row["generation"]) for row in published(each)],
         each.query("SELECT skipped FROM snapshot ORDER BY snapshot_id"))
        for each in (partial, full)
    ]  # fmt: skip
    assert shown[0] == shown[1]
