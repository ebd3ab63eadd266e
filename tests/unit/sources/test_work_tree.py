"""What only a git work tree has: commits, branches, an index, submodules."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pampax.core.errors import LocalIOError
from pampax.sources.folder import list_folder
from pampax.sources.model import EXECUTABLE, REGULAR, Listing

Git = Callable[..., str]


def paths(listing: Listing) -> list[str]:
    return [file.path for file in listing.files]


def skipped(listing: Listing) -> set[tuple[str, str]]:
    return {(entry.path, entry.reason) for entry in listing.skipped}


def test_clean_work_tree_names_its_commit_and_branch(repository: Path, git: Git) -> None:
    listing = list_folder(repository)
    assert (listing.commit, listing.ref, listing.dirty) == (git(repository, "rev-parse", "HEAD"), "main", False)


@pytest.mark.parametrize("change", ["edit", "add", "delete", "executable", "stage"])
def test_uncommitted_change_makes_it_dirty(repository: Path, git: Git, change: str) -> None:
    readme = repository / "README.md"
    if change in ("edit", "stage"):
        readme.write_text("changed\n")
    if change == "stage":
        git(repository, "add", ".")
    if change == "add":
        (repository / "new").touch()
    if change == "delete":
        readme.unlink()
    if change == "executable":
        readme.chmod(0o755)
    listing = list_folder(repository)
    assert listing.dirty
    assert listing.commit == git(repository, "rev-parse", "HEAD")


def test_what_the_caller_left_out_does_not_make_it_dirty(repository: Path) -> None:
    assert not list_folder(repository, exclude=["src/"]).dirty
    assert not list_folder(repository, skip=lambda path, size: "binary" if path == "README.md" else None).dirty


def test_deleted_file_is_not_listed(repository: Path) -> None:
    (repository / "README.md").unlink()
    listing = list_folder(repository)
    assert (paths(listing), listing.skipped) == (["src/app.py"], ())


def test_untracked_file_is_listed_and_an_ignored_one_is_not(repository: Path) -> None:
    (repository / ".gitignore").write_text("cache/\n")
    (repository / "cache").mkdir()
    (repository / "cache" / "x").touch()
    (repository / "new.py").touch()
    assert paths(list_folder(repository)) == [".gitignore", "README.md", "new.py", "src/app.py"]


def test_tracked_file_is_listed_even_where_a_rule_ignores_it(repository: Path) -> None:
    (repository / ".gitignore").write_text("*.py\n")
    assert "src/app.py" in paths(list_folder(repository))


def test_repository_without_commits_lists_its_files(tmp_path: Path, git: Git) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "a").touch()
    listing = list_folder(tmp_path)
    assert (paths(listing), listing.commit, listing.ref, listing.dirty) == (["a"], "", "main", False)


def test_detached_head_is_called_head(repository: Path, git: Git) -> None:
    git(repository, "checkout", "-q", "--detach")
    assert list_folder(repository).ref == "HEAD"


def test_linked_work_tree_is_listed_with_its_own_branch(repository: Path, git: Git, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", "-b", "topic/one", str(tmp_path / "linked"))
    listing = list_folder(tmp_path / "linked")
    assert (paths(listing), listing.ref, listing.dirty) == (["README.md", "src/app.py"], "topic/one", False)


def test_subfolder_lists_only_itself_under_the_rules_above_it(repository: Path, git: Git) -> None:
    (repository / ".gitignore").write_text("*.log\n")
    (repository / "src" / "x.log").touch()
    listing = list_folder(repository / "src")
    assert (paths(listing), listing.dirty) == (["app.py"], False)
    assert listing.commit == git(repository, "rev-parse", "HEAD")
    (repository / "src" / "new.py").touch()
    assert list_folder(repository / "src").dirty


def test_folder_that_the_repository_around_it_ignores_is_a_plain_one(repository: Path) -> None:
    (repository / ".gitignore").write_text("*\n")
    (repository / "scratch").mkdir()
    (repository / "scratch" / "a").touch()
    listing = list_folder(repository / "scratch")
    assert (paths(listing), listing.ref) == (["a"], "worktree")


def test_submodule_is_skipped_as_one(repository: Path, tmp_path: Path, git: Git) -> None:
    other = tmp_path / "other"
    git(repository, "clone", "-q", "--", str(repository), str(other))
    git(repository, "submodule", "--quiet", "add", str(other), "lib/other")
    listing = list_folder(repository)
    assert paths(listing) == [".gitmodules", "README.md", "src/app.py"]
    assert skipped(listing) == {("lib/other", "submodule")}


@pytest.mark.parametrize("commits", [0, 1])
def test_repository_inside_an_untracked_folder_is_skipped(repository: Path, git: Git, commits: int) -> None:
    nested = repository / "vendor" / "nested"
    nested.mkdir(parents=True)
    git(nested, "init", "-q")
    (nested / "file").touch()
    for _ in range(commits):
        git(nested, "add", ".")
        git(nested, "commit", "-q", "-m", "x")
    listing = list_folder(repository)
    assert paths(listing) == ["README.md", "src/app.py"]
    assert skipped(listing) == {("vendor/nested", "submodule")}


def test_tracked_file_below_a_folder_that_became_a_link_is_gone(repository: Path, tmp_path: Path) -> None:
    (repository / "src" / "app.py").unlink()
    (repository / "src").rmdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "app.py").write_text("secret")
    (repository / "src").symlink_to(tmp_path / "outside")
    listing = list_folder(repository)
    assert paths(listing) == ["README.md"]
    assert skipped(listing) == {("src", "symlink")}


def test_tracked_file_that_a_folder_has_replaced_gives_the_folders_files(repository: Path) -> None:
    (repository / "README.md").unlink()
    (repository / "README.md").mkdir()
    (repository / "README.md" / "part").touch()
    listing = list_folder(repository)
    assert (paths(listing), listing.skipped) == (["README.md/part", "src/app.py"], ())


def test_unmerged_file_is_listed_once(repository: Path, git: Git) -> None:
    git(repository, "checkout", "-q", "-b", "other")
    (repository / "README.md").write_text("theirs\n")
    git(repository, "commit", "-q", "-am", "theirs")
    git(repository, "checkout", "-q", "main")
    (repository / "README.md").write_text("ours\n")
    git(repository, "commit", "-q", "-am", "ours")
    git(repository, "merge", "other", check=False)
    assert paths(list_folder(repository)) == ["README.md", "src/app.py"]


def test_mode_comes_from_the_index_where_the_disk_has_no_executable_bits(repository: Path, git: Git) -> None:
    git(repository, "update-index", "--chmod=+x", "src/app.py")
    git(repository, "commit", "-q", "-m", "executable")
    git(repository, "config", "core.fileMode", "false")
    listing = list_folder(repository)
    assert {file.path: file.mode for file in listing.files} == {"README.md": REGULAR, "src/app.py": EXECUTABLE}
    assert not listing.dirty


def test_variables_of_a_surrounding_git_call_do_not_lead_astray(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert paths(list_folder(repository)) == ["README.md", "src/app.py"]


def test_work_tree_setting_cannot_lead_out_of_the_folder(repository: Path, tmp_path: Path, git: Git) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").touch()
    git(repository, "config", "core.worktree", str(tmp_path / "outside"))
    assert paths(list_folder(repository)) == ["README.md", "src/app.py"]


def test_listing_runs_no_program_that_the_repository_configures(repository: Path, tmp_path: Path, git: Git) -> None:
    trace = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {trace}\n")
    program.chmod(0o755)
    (repository / ".gitattributes").write_text("* filter=evil\n")
    for key in ("core.fsmonitor", "filter.evil.clean", "filter.evil.smudge", "core.sshCommand", "diff.external"):
        git(repository, "config", key, str(program))
    (repository / "README.md").write_text("changed, same length?\n")
    assert list_folder(repository).dirty
    assert not trace.exists()


def test_listing_leaves_the_index_as_it_is(repository: Path) -> None:
    before = (repository / ".git" / "index").stat()
    (repository / "README.md").touch()
    list_folder(repository)
    after = (repository / ".git" / "index").stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)


def test_broken_index_is_told_in_one_line(repository: Path) -> None:
    (repository / ".git" / "index").write_bytes(b"nonsense")
    with pytest.raises(LocalIOError, match=r"^git cannot list [^\n]+$"):
        list_folder(repository)


def test_repository_with_sha256_ids_is_listed_without_a_commit(tmp_path: Path, git: Git) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256")
    (tmp_path / "a").touch()
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "x")
    listing = list_folder(tmp_path)
    assert (paths(listing), listing.commit, listing.dirty) == (["a"], "", False)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_untracked_folder_that_cannot_be_read_is_skipped(repository: Path) -> None:
    closed = repository / "closed"
    closed.mkdir()
    closed.chmod(0)
    try:
        assert skipped(list_folder(repository)) == {("closed", "unreadable")}
    finally:
        closed.chmod(0o755)
