"""What of a folder is watched, and which changes count there, compared with what git itself would list."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pampax.core.errors import LocalIOError
from pampax.sources.territory import LOCKED_S, Change, Meaning, Territory

Git = Callable[..., str]


@pytest.fixture
def root(tmp_path: Path, git: Git) -> Path:
    """A work tree of two commits' worth of files."""
    root = tmp_path / "work"
    for path in ("a.py", "src/b.py", "src/deep/c.py"):
        write(root, path)
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "first")
    return root


def write(root: Path, path: str, content: str = "x = 1\n") -> str:
    """The absolute path."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(content)
    return str(root / path)


def folders(territory: Territory) -> set[str]:
    """Relative, without git's own and those outside."""
    below = (place.relative_to(territory.root) for place in territory.places if place.is_relative_to(territory.root))
    return {str(place) for place in below if ".git" not in place.parts}


def means(territory: Territory, path: str, change: Change = Change.TOUCHED) -> Meaning:
    return territory.meaning(str(territory.root / path), change)


def test_ignored_folders_are_not_watched_whoever_ignores_them(
    root: Path, tmp_path: Path, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = write(tmp_path, "mine", "by-user/\n")
    config = write(tmp_path, "config", f"[core]\n\texcludesFile = {own}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", config)
    write(root, ".gitignore", "build/\n")
    write(root, "src/.gitignore", "/out/\n")
    write(root, ".git/info/exclude", "by-exclude/\n")
    write(root, ".pampaxignore", "by-pampax/\n")
    for ignored in ("build", "src/out", "by-user", "by-exclude", "by-pampax", "src/by-user", "by-option"):
        write(root, f"{ignored}/below/x.py")
    territory = Territory(root, exclude=["by-option/"])
    assert folders(territory) == {".", "src", "src/deep"}
    for path in ("build/below/x.py", "build/x.py", "src/out/x.py", "by-user/x.py", "by-pampax/x.py", "by-option/x.py"):
        assert means(territory, path) is Meaning.NOTHING, path
    assert Path(own).parent in territory.places
    assert territory.meaning(own, Change.TOUCHED) is Meaning.GROUND
    assert means(territory, ".git/info/exclude") is Meaning.GROUND


def test_an_ignored_folder_that_comes_and_goes_means_nothing(root: Path) -> None:
    write(root, ".gitignore", "build/\n*.log\n")
    territory = Territory(root)
    write(root, "build/x.py")
    assert means(territory, "build", Change.CAME) is Meaning.NOTHING
    shutil.rmtree(root / "build")
    assert means(territory, "build", Change.WENT) is Meaning.NOTHING
    write(root, "src/debug.log")
    assert means(territory, "src/debug.log", Change.CAME) is Meaning.NOTHING


def test_files_that_count_are_told_from_those_that_do_not(root: Path, git: Git) -> None:
    write(root, ".gitignore", "*.gen\nkept/\n")
    write(root, "kept/tracked.gen")
    git(root, "add", "-f", "kept/tracked.gen")
    write(root, ".pampaxignore", "secret.py\n")
    territory = Territory(root, include=["*.py", "*.gen"], exclude=["*_test.py"])
    meanings = {
        "a.py": Meaning.CONTENT,
        "src/new.py": Meaning.CONTENT,
        "kept/tracked.gen": Meaning.CONTENT,  # git tracks it all the same
        "kept/other.py": Meaning.NOTHING,
        "new.gen": Meaning.NOTHING,
        "src/secret.py": Meaning.NOTHING,
        "a_test.py": Meaning.NOTHING,
        "notes.txt": Meaning.NOTHING,
        "src/.gitignore": Meaning.GROUND,
        "src/.pampaxignore": Meaning.GROUND,
        ".git/HEAD": Meaning.STATE,
        ".git/index": Meaning.STATE,
        ".git/logs/HEAD": Meaning.STATE,
        ".git/index.lock": Meaning.NOTHING,
        ".git/COMMIT_EDITMSG": Meaning.NOTHING,
        "../outside.py": Meaning.NOTHING,
        "src": Meaning.NOTHING,  # its times alone have changed
    }
    assert {path: means(territory, path) for path in meanings} == meanings


def test_folders_that_come_and_go_change_what_is_watched(root: Path) -> None:
    territory = Territory(root)
    (root / "new").mkdir()
    assert means(territory, "new", Change.CAME) is Meaning.GROUND
    assert folders(Territory(root)) == {".", "src", "src/deep", "new"}
    (root / "link").symlink_to(root / "src")
    assert means(territory, "link", Change.CAME) is Meaning.CONTENT
    shutil.rmtree(root / "src/deep")
    assert means(territory, "src/deep", Change.WENT) is Meaning.GROUND
    shutil.rmtree(root)
    assert territory.meaning(str(root), Change.WENT) is Meaning.GROUND
    with pytest.raises(LocalIOError):
        Territory(root)


def test_rules_of_folders_above_hold_in_a_part_of_a_work_tree(root: Path) -> None:
    write(root, ".gitignore", "/src/out/\n/out/\n")
    for path in ("src/out/x.py", "src/deep/out/x.py"):
        write(root, path)
    territory = Territory(root / "src")
    assert folders(territory) == {".", "deep", "deep/out"}
    assert territory.meaning(str(root / ".gitignore"), Change.TOUCHED) is Meaning.GROUND
    assert territory.meaning(str(root / "a.py"), Change.TOUCHED) is Meaning.NOTHING
    assert territory.meaning(str(root / ".git/HEAD"), Change.TOUCHED) is Meaning.STATE


def test_repositories_inside_are_left_to_themselves(root: Path, git: Git) -> None:
    write(root, "vendored/x.py")
    git(root / "vendored", "init", "-q")
    assert folders(Territory(root)) == {".", "src", "src/deep"}


def test_a_second_work_tree_has_a_state_of_its_own(root: Path, tmp_path: Path, git: Git) -> None:
    other = tmp_path / "other"
    git(root, "worktree", "add", "-q", "-b", "side", str(other))
    write(root, ".git/info/exclude", "out/\n")
    write(other, "out/x.py")
    territory = Territory(other)
    assert folders(territory) == {".", "src", "src/deep"}
    assert territory.meaning(str(root / ".git/worktrees/other/HEAD"), Change.CAME) is Meaning.STATE
    assert territory.meaning(str(root / ".git/HEAD"), Change.CAME) is Meaning.NOTHING


def test_a_plain_folder_is_watched_by_its_own_rules(tmp_path: Path) -> None:
    root = tmp_path / "plain"
    write(root, ".gitignore", "out/\n")
    for path in ("a.py", "src/b.py", "out/c.py"):
        write(root, path)
    territory = Territory(root)
    assert folders(territory) == {".", "src"}
    assert means(territory, "src/new.py", Change.CAME) is Meaning.CONTENT
    assert not territory.changing


def test_a_folder_that_an_enclosing_repository_ignores_stands_for_itself(root: Path) -> None:
    write(root, ".gitignore", "/scratch/\n*.py\n")
    write(root, "scratch/a.py")
    territory = Territory(root / "scratch")
    assert territory.meaning(str(root / "scratch/a.py"), Change.TOUCHED) is Meaning.CONTENT
    assert territory.meaning(str(root / ".git/HEAD"), Change.TOUCHED) is Meaning.NOTHING


def test_git_at_work_is_seen_by_its_lock_unless_that_is_an_old_one(root: Path) -> None:
    territory = Territory(root)
    assert not territory.changing
    lock = Path(write(root, ".git/index.lock"))
    assert territory.changing
    long_ago = lock.stat().st_mtime - 2 * LOCKED_S
    os.utime(lock, (long_ago, long_ago))
    assert not territory.changing
