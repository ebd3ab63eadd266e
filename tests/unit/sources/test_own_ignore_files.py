"""`.pampaxignore` in every kind of source, the user's own git ignore file, and Git LFS pointers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pampax.sources.folder import list_folder
from pampax.sources.git import list_commit
from pampax.sources.ignoring import OwnRules
from pampax.sources.model import Listing

Git = Callable[..., str]
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 12345\n"


def paths(listing: Listing) -> list[str]:
    return [file.path for file in listing.files]


def skipped(listing: Listing) -> set[tuple[str, str]]:
    return {(entry.path, entry.reason) for entry in listing.skipped}


def write(root: Path, path: str, content: str = "x\n") -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(content)


def test_nested_own_ignore_files_are_honoured_and_what_they_leave_out_is_counted(folder: Path) -> None:
    write(folder, ".pampaxignore", "*.gen\n!keep.gen\n")
    write(folder, "sub/.pampaxignore", "!special.gen\nkeep.gen\n/only-here\n")
    for path in ("a.gen", "keep.gen", "sub/special.gen", "sub/keep.gen", "sub/only-here", "sub/deep/only-here"):
        write(folder, path)
    listing = list_folder(folder)
    assert paths(listing) == [
        ".pampaxignore",
        "keep.gen",
        "sub/.pampaxignore",
        "sub/deep/only-here",
        "sub/special.gen",
    ]
    assert skipped(listing) == {(path, "ignored") for path in ("a.gen", "sub/keep.gen", "sub/only-here")}


def test_ignored_folder_of_a_plain_folder_is_not_entered_and_counts_once(tmp_path: Path) -> None:
    write(tmp_path, ".pampaxignore", "/data/\n!data/keep\n")
    for path in ("data/one", "data/keep", "src/data/two"):
        write(tmp_path, path)
    listing = list_folder(tmp_path)
    assert paths(listing) == [".pampaxignore", "src/data/two"]
    assert skipped(listing) == {("data", "ignored")}


def test_tracked_files_are_left_out_too_and_that_is_no_change_of_the_tree(repository: Path, git: Git) -> None:
    write(repository, ".pampaxignore", "/src/\n")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "ignore")
    listing = list_folder(repository)
    assert (paths(listing), skipped(listing)) == ([".pampaxignore", "README.md"], {("src/app.py", "ignored")})
    assert not listing.dirty


def test_commit_is_listed_with_the_rules_that_it_holds_itself(repository: Path, git: Git) -> None:
    write(repository, ".pampaxignore", "*.csv\n")
    write(repository, "lib/.pampaxignore", "!wanted.csv\nold/\n")
    for path in ("a.csv", "lib/wanted.csv", "lib/b.csv", "lib/old/x.py", "lib/new/x.py"):
        write(repository, path)
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "ignore")
    commit = git(repository, "rev-parse", "HEAD")
    listing = list_commit(repository, commit, ref="main")
    assert listing == list_folder(repository)
    assert skipped(listing) == {(path, "ignored") for path in ("a.csv", "lib/b.csv", "lib/old/x.py")}
    # What lies on disk now is another matter.
    write(repository, ".pampaxignore", "*\n")
    assert list_commit(repository, commit, ref="main") == listing


def test_private_own_ignore_file_that_git_does_not_see_is_honoured(repository: Path) -> None:
    write(repository, ".git/info/exclude", ".pampaxignore\n")
    write(repository, ".pampaxignore", "*.md\n")
    assert paths(list_folder(repository)) == ["src/app.py"]


def test_own_ignore_file_that_is_a_link_or_too_large_is_not_read(folder: Path, tmp_path: Path) -> None:
    write(tmp_path, "rules", "*\n")
    write(folder, "a")
    write(folder, "sub/b")
    (folder / ".pampaxignore").symlink_to(tmp_path / "rules")
    write(folder, "sub/.pampaxignore", "*\n" * 40_000)
    assert paths(list_folder(folder)) == ["a", "sub/.pampaxignore", "sub/b"]


def test_hostile_patterns_are_passed_over_and_the_number_of_rules_has_a_bound() -> None:
    contents = {b"": b"*a*a*a*a*b\n" + b"none\n" * 1_999 + b"late\n", b"sub": b"other\n"}
    rules = OwnRules(contents.get)
    assert rules.ignores(b"none")
    assert rules.ignores(b"late")  # the crowded line did not count
    assert not rules.ignores(b"a" * 200 + b"b")
    assert not rules.ignores(b"sub/other")


def test_path_of_thousands_of_parts_is_judged() -> None:
    rules = OwnRules({b"": b"a\n"}.get)
    assert rules.ignores(b"/".join([*[b"b"] * 2_000, b"a", b"c"]))


def test_own_rules_come_after_the_callers_patterns(folder: Path) -> None:
    write(folder, ".pampaxignore", "*.log\n")
    write(folder, "a.log")
    assert skipped(list_folder(folder, exclude=["*.log"])) == {("a.log", "excluded")}


@pytest.mark.parametrize("named", [True, False])
def test_global_ignore_file_of_the_user_is_honoured_in_work_trees(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    home = tmp_path / "home"
    write(home, ".config/git/ignore", "*.swp\n" if not named else "")
    write(home, "mine", "*.swp\n")
    write(home, ".gitconfig", f"[core]\n\texcludesFile = {home}/mine\n" if named else "")
    monkeypatch.delenv("GIT_CONFIG_GLOBAL")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("HOME", str(home))
    write(repository, "src/app.py.swp")
    write(repository, "src/new.py")
    assert paths(list_folder(repository)) == ["README.md", "src/app.py", "src/new.py"]


def test_lfs_pointers_are_named_as_such_in_every_source(folder: Path, git: Git) -> None:
    write(folder, ".gitattributes", "*.dat filter=lfs\n")
    write(folder, "model.dat", POINTER)
    write(folder, "about.txt", f"Pointers look like this:\n\n{POINTER}")
    write(folder, "empty-looking.txt", " " * len(POINTER))

    def skip(path: str, size: int) -> str | None:
        return "binary" if path.endswith(".dat") else None

    listing = list_folder(folder, skip=skip)
    assert paths(listing) == [".gitattributes", "about.txt", "empty-looking.txt"]
    assert skipped(listing) == {("model.dat", "lfs_pointer")}
    if (folder / ".git").exists():
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", "pointers")
        listing = list_folder(folder, skip=skip)
        assert not listing.dirty
        assert list_commit(folder, listing.commit, skip=skip, ref="main") == listing
