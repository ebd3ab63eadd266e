"""What commits changed, read from trees: of a clone, a work tree, a folder below one, a shallow or a partial one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from pampax.core.changes import MOST_FILES, Change
from pampax.core.errors import DeadlineExceeded, LocalIOError
from pampax.sources import changes as module
from pampax.sources.changes import read_changes
from pampax.sources.mirror import sync_mirror

Git = Callable[..., str]


@pytest.fixture
def commit(repository: Path, git: Git) -> Callable[..., str]:
    """Writes files and commits them; its id."""

    def make(*paths: str, text: str = "") -> str:
        for path in paths:
            (repository / path).parent.mkdir(parents=True, exist_ok=True)
            (repository / path).write_text(f"{text}{time.monotonic_ns()}\n")
        git(repository, "add", "-A")
        git(repository, "commit", "-q", "--allow-empty", "-m", "m")
        return git(repository, "rev-parse", "HEAD")

    return make


def paths_of(changes: Iterable[Change]) -> list[tuple[str, ...]]:
    return [each.paths for each in changes]


def test_commits_are_told_the_newest_first_without_merges_and_without_the_first(
    repository: Path, git: Git, commit: Callable[..., str]
) -> None:
    commit("src/app.py", "README.md")
    git(repository, "switch", "-q", "-c", "side")
    commit("side.py")
    git(repository, "switch", "-q", "main")
    last = commit("other.py")
    git(repository, "merge", "-q", "--no-ff", "-m", "merged", "side")
    found = read_changes(repository, "HEAD", {})
    assert found.whole
    assert sorted(paths_of(found.commits)) == [("README.md", "src/app.py"), ("other.py",), ("side.py",)]
    assert found.commits[0].commit in {last, git(repository, "rev-parse", "side")}
    assert all(each.at > 1_700_000_000 for each in found.commits)
    assert found == read_changes(repository, "HEAD", {})


def test_only_what_the_commit_can_reach_counts(repository: Path, git: Git, commit: Callable[..., str]) -> None:
    before = commit("a.py")
    commit("b.py")
    git(repository, "checkout", "-q", "--detach", before)
    assert paths_of(read_changes(repository, before, {}).commits) == [("a.py",)]


def test_a_removed_file_and_both_names_of_a_renamed_one_have_changed(
    repository: Path, git: Git, commit: Callable[..., str]
) -> None:
    git(repository, "mv", "README.md", "READ.md")
    commit()
    git(repository, "rm", "-q", "src/app.py")
    commit()
    assert paths_of(read_changes(repository, "HEAD", {}).commits) == [("src/app.py",), ("READ.md", "README.md")]


def test_a_commit_of_many_files_keeps_its_number_alone_and_an_empty_one_none(
    repository: Path, commit: Callable[..., str]
) -> None:
    commit(*[f"few/{number:02}.py" for number in range(MOST_FILES)])
    commit(*[f"many/{number:02}.py" for number in range(MOST_FILES + 1)])
    commit()
    empty, many, few = read_changes(repository, "HEAD", {}).commits
    assert (empty.files, empty.paths) == (0, ())
    assert (many.files, many.paths) == (MOST_FILES + 1, ())
    assert (few.files, len(few.paths)) == (MOST_FILES, MOST_FILES)


@pytest.mark.skipif(sys.platform == "darwin", reason="the file system takes only UTF-8")
def test_strange_names_come_as_they_are_and_what_is_no_text_only_counts(
    repository: Path, commit: Callable[..., str]
) -> None:
    Path(os.fsdecode(os.fsencode(repository) + b"/caf\xe9")).write_text("x")
    commit("line\nend.py", "日本語.py", "f" * 40, "two words.py")
    (change,) = read_changes(repository, "HEAD", {}).commits
    assert change.files == 5
    assert set(change.paths) == {"line\nend.py", "日本語.py", "f" * 40, "two words.py"}


def test_a_folder_below_a_work_tree_sees_its_own_files_and_the_size_of_the_whole_commit(
    repository: Path, commit: Callable[..., str]
) -> None:
    commit("src/app.py", "src/deep/other.py", "README.md", "srcs.py")
    (change,) = read_changes(repository / "src", "HEAD", {}).commits
    assert (change.files, change.paths) == (4, ("app.py", "deep/other.py"))


def test_known_commits_are_not_compared_again(
    repository: Path, commit: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.py", "b.py", "c.py"):
        commit(name)
    old = read_changes(repository, "HEAD", {})
    known = {each.commit: each for each in old.commits}
    new = commit("d.py", "e.py")
    asked: list[list[str]] = []
    compared = module._compared

    def noting(directory: Path, commits: list[str], *rest: object) -> object:
        asked.append(commits)
        return compared(directory, commits, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_compared", noting)
    again = read_changes(repository, "HEAD", known)
    assert asked == [[new]]
    assert again == read_changes(repository, "HEAD", {})
    assert read_changes(repository, "HEAD~1", known) == old
    assert asked == [[new], [each.commit for each in again.commits]]


def test_the_number_of_commits_is_bounded(repository: Path, commit: Callable[..., str]) -> None:
    for name in ("a.py", "b.py", "c.py"):
        commit(name)
    found = read_changes(repository, "HEAD", {}, most=2)
    assert paths_of(found.commits) == [("c.py",), ("b.py",)]
    assert found.whole


def test_a_shallow_clone_says_nothing_of_its_end_and_is_not_whole(
    repository: Path, tmp_path: Path, git: Git, commit: Callable[..., str]
) -> None:
    for name in ("a.py", "b.py", "c.py"):
        commit(name)
    git(tmp_path, "clone", "-q", "--depth=2", repository.as_uri(), "shallow")
    found = read_changes(tmp_path / "shallow", "HEAD", {})
    assert (paths_of(found.commits), found.whole) == ([("c.py",)], False)
    git(tmp_path / "shallow", "fetch", "-q", "--unshallow")
    known = {each.commit: each for each in found.commits}
    whole = read_changes(tmp_path / "shallow", "HEAD", known)
    assert (paths_of(whole.commits), whole.whole) == ([("c.py",), ("b.py",), ("a.py",)], True)


def test_a_mirror_without_contents_is_enough(
    repository: Path, tmp_path: Path, git: Git, commit: Callable[..., str]
) -> None:
    git(repository, "config", "uploadpack.allowFilter", "true")
    commit("a.py", "b.py")
    commit("a.py", "b.py")
    sync_mirror(repository.as_uri(), tmp_path / "mirror.git", partial=True)
    missing = subprocess.run(
        ["git", "-C", tmp_path / "mirror.git", "cat-file", "-e", "HEAD:a.py"], check=False, capture_output=True
    )
    assert missing.returncode
    found = read_changes(tmp_path / "mirror.git", "HEAD", {})
    assert (paths_of(found.commits), found.whole) == ([("a.py", "b.py")] * 2, True)


def test_older_commits_are_left_out_where_trees_are_missing(
    repository: Path, git: Git, commit: Callable[..., str]
) -> None:
    commit("a.py")
    tree = git(repository, "rev-parse", "HEAD^{tree}")
    for name in ("b.py", "c.py", "d.py"):
        commit(name)
    (repository / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    found = read_changes(repository, "HEAD", {})
    # c.py could be compared, but nobody knows whether what came last is all of it.
    assert (paths_of(found.commits), found.whole) == ([("d.py",)], False)


def test_what_is_read_when_the_room_is_over_stays(
    repository: Path, commit: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        commit(*[f"{name}/{number}.py" for number in range(3)])
    monkeypatch.setattr(module, "MOST_OUTPUT_BYTES", 120)
    monkeypatch.setattr(module, "_READ_BYTES", 20)
    found = read_changes(repository, "HEAD", {})
    assert 0 < len(found.commits) < 3
    assert found.commits == read_changes(repository, "HEAD", {}, most=len(found.commits)).commits
    assert not found.whole


def test_trouble_is_told_in_words(repository: Path, tmp_path: Path, git: Git, commit: Callable[..., str]) -> None:
    commit("a.py")
    with pytest.raises(LocalIOError, match="cannot list the history"):
        read_changes(repository, "f" * 40, {})
    with pytest.raises(LocalIOError, match="git cannot read"):
        read_changes(tmp_path, "f" * 40, {})
    with pytest.raises(DeadlineExceeded):
        read_changes(repository, "HEAD", {}, timeout_s=0)


def test_a_caller_that_ends_it_is_heard(repository: Path, commit: Callable[..., str]) -> None:
    class Ended(Exception):
        pass

    def check() -> None:
        raise Ended

    commit("a.py")
    with pytest.raises(Ended):
        read_changes(repository, "HEAD", {}, check=check)
