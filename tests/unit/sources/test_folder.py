"""What a folder holds, whether git knows it or not."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from pampax.core.errors import InvalidRequest, LocalIOError
from pampax.core.ids import git_blob_id
from pampax.sources.folder import list_folder
from pampax.sources.model import EXECUTABLE, REGULAR, Listing, Skipped, SourceFile

Git = Callable[..., str]


def paths(listing: Listing) -> list[str]:
    return [file.path for file in listing.files]


def skipped(listing: Listing) -> set[tuple[str, str]]:
    return {(entry.path, entry.reason) for entry in listing.skipped}


def write(root: Path, path: str, content: str = "x\n") -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(content)


def test_file_carries_the_blob_id_that_git_gives_its_bytes(folder: Path) -> None:
    content = b"one\r\ntwo\0three" * 200_000
    (folder / "data.txt").write_bytes(content)
    assert list_folder(folder).files == (SourceFile("data.txt", git_blob_id(content), len(content), REGULAR),)


def test_empty_file_is_listed(folder: Path) -> None:
    (folder / "empty").touch()
    assert list_folder(folder).files == (SourceFile("empty", git_blob_id(b""), 0, REGULAR),)


def test_bytes_are_hashed_as_they_are_on_disk_whatever_filters_git_has(repository: Path, git: Git) -> None:
    (repository / ".gitattributes").write_text("*.txt text eol=crlf ident\n")
    (repository / "a.txt").write_bytes(b"$Id$\r\nline\r\n")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "filtered")
    found = {file.path: file.blob_id for file in list_folder(repository).files}
    assert found["a.txt"] == git_blob_id(b"$Id$\r\nline\r\n")


def test_owner_executable_bit_decides_the_mode(folder: Path) -> None:
    for name, mode in (("run", 0o744), ("group-only", 0o654), ("text", 0o644)):
        write(folder, name)
        (folder / name).chmod(mode)
    modes = {file.path: file.mode for file in list_folder(folder).files}
    assert modes == {"run": EXECUTABLE, "group-only": REGULAR, "text": REGULAR}


@pytest.mark.parametrize(
    "name",
    [
        "two words",
        'it\'s "quoted"',
        "line\nend",
        "tab\there",
        "naïve-日本語-ελ",
        "-leading-dash",
        "back\\slash",
        "*",
        "e\r",
        "\ufeffx",
    ],
)
def test_unusual_name_is_listed_as_it_is(folder: Path, name: str) -> None:
    write(folder, f"sub {name}/{name}")
    assert paths(list_folder(folder)) == [f"sub {name}/{name}"]


def test_name_that_is_not_utf8_is_skipped_and_shown_escaped(folder: Path) -> None:
    (Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.txt"))).write_text("x")
    write(folder, "ok.txt")
    listing = list_folder(folder)
    assert paths(listing) == ["ok.txt"]
    assert skipped(listing) == {("caf\\xe9.txt", "name")}


def test_files_come_sorted_by_path(folder: Path) -> None:
    for path in ("b/a", "b.txt", "a", "B", "b/A", "é"):
        write(folder, path)
    assert paths(list_folder(folder)) == sorted(["b/a", "b.txt", "a", "B", "b/A", "é"])


def test_nested_gitignore_with_negation_is_honoured(folder: Path) -> None:
    write(folder, ".gitignore", "*.log\n!keep.log\n/build/\n")
    write(folder, "sub/.gitignore", "!special.log\n*.tmp\nkeep.log\n")
    for path in (
        "a.log",
        "keep.log",
        "build/x",
        "sub/build/x",
        "sub/special.log",
        "sub/a.tmp",
        "a.tmp",
        "sub/keep.log",
    ):
        write(folder, path)
    expected = [".gitignore", "a.tmp", "keep.log", "sub/.gitignore", "sub/build/x", "sub/special.log"]
    assert paths(list_folder(folder)) == expected
    assert list_folder(folder).skipped == ()


def test_file_below_an_ignored_folder_cannot_be_brought_back(folder: Path) -> None:
    write(folder, ".gitignore", "out/\n!out/keep\n")
    write(folder, "out/keep")
    assert paths(list_folder(folder)) == [".gitignore"]


def test_private_exclude_file_is_honoured(folder: Path) -> None:
    write(folder, ".git/info/exclude", "secret*\n")
    write(folder, "secret.txt")
    write(folder, "open.txt")
    assert paths(list_folder(folder)) == ["open.txt"]


def test_gitignore_with_broken_lines_bom_and_crlf_is_read_like_git_does(folder: Path) -> None:
    (folder / ".gitignore").write_bytes(b"\xef\xbb\xbfbom\r\n!\r\n/\n[\nnot\\\n*.o\r\n\xff\n")
    for path in ("bom", "a.o", "a.c"):
        write(folder, path)
    assert paths(list_folder(folder)) == [".gitignore", "a.c"]


def test_links_are_never_followed(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    write(outside, "secret.txt")
    write(folder, "inside/real.txt")
    (folder / "to-outside-file").symlink_to(outside / "secret.txt")
    (folder / "to-outside-folder").symlink_to(outside)
    (folder / "to-inside").symlink_to("inside")
    (folder / "dangling").symlink_to("nowhere")
    listing = list_folder(folder)
    assert paths(listing) == ["inside/real.txt"]
    names = ("to-outside-file", "to-outside-folder", "to-inside", "dangling")
    assert skipped(listing) == {(name, "symlink") for name in names}


def test_gitignore_that_is_a_link_is_not_read(folder: Path, tmp_path: Path) -> None:
    write(tmp_path, "rules", "*\n")
    (folder / ".gitignore").symlink_to(tmp_path / "rules")
    write(folder, "a")
    assert paths(list_folder(folder)) == ["a"]


def test_pipes_and_sockets_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        listing = list_folder(tmp_path)
    assert listing.files == ()
    assert skipped(listing) == {("pipe", "special"), ("socket", "special")}


def test_tracked_file_that_became_a_pipe_is_special(repository: Path) -> None:
    (repository / "README.md").unlink()
    os.mkfifo(repository / "README.md")
    listing = list_folder(repository)
    assert paths(listing) == ["src/app.py"]
    assert skipped(listing) == {("README.md", "special")}
    assert listing.dirty


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_file_is_skipped(folder: Path) -> None:
    write(folder, "secret")
    (folder / "secret").chmod(0)
    assert skipped(list_folder(folder)) == {("secret", "unreadable")}


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_folder_is_skipped(tmp_path: Path) -> None:
    write(tmp_path, "closed/secret")
    (tmp_path / "closed").chmod(0)
    try:
        assert skipped(list_folder(tmp_path)) == {("closed", "unreadable")}
    finally:
        (tmp_path / "closed").chmod(stat.S_IRWXU)


def test_include_and_exclude_are_gitignore_patterns(folder: Path) -> None:
    for path in ("src/a.py", "src/gen/b.py", "docs/a.md", "setup.py"):
        write(folder, path)
    listing = list_folder(folder, include=["src/", "*.md"], exclude=["gen/"])
    assert paths(listing) == ["docs/a.md", "src/a.py"]
    assert skipped(listing) == {("src/gen/b.py", "excluded"), ("setup.py", "excluded")}


def test_pattern_that_is_no_gitignore_syntax_is_refused_by_name(folder: Path) -> None:
    with pytest.raises(InvalidRequest, match="exclude") as caught:
        list_folder(folder, exclude=["!"])
    assert "exclude" in caught.value.fields


@pytest.mark.parametrize("pattern", ["*a*a*a*a*b", "**/a/**/a/**/a/**/b"])
def test_pattern_that_a_hostile_path_could_make_endless_is_refused(folder: Path, pattern: str) -> None:
    write(folder, "a" * 200)
    with pytest.raises(InvalidRequest, match="too many wildcards"):
        list_folder(folder, include=[pattern])


def test_skip_rule_hears_path_and_size_and_names_the_reason(folder: Path) -> None:
    write(folder, "big.bin", "x" * 10)
    write(folder, "small.txt", "x")
    listing = list_folder(folder, skip=lambda path, size: f"{path} has {size}" if size > 5 else None)
    assert paths(listing) == ["small.txt"]
    assert listing.skipped == (Skipped("big.bin", "big.bin has 10"),)


def test_progress_counts_every_examined_path(folder: Path) -> None:
    for name in "abc":
        write(folder, name)
    heard: list[int] = []
    list_folder(folder, exclude=["b"], on_progress=heard.append)
    assert heard == [1, 2, 3]


def test_folder_without_files_gives_an_empty_listing(folder: Path) -> None:
    assert list_folder(folder).files == ()


def test_listing_twice_gives_the_same(folder: Path) -> None:
    for path in ("a", "b/c", "b/d/e"):
        write(folder, path)
    assert list_folder(folder) == list_folder(folder)


def test_root_that_is_a_link_is_followed(folder: Path, tmp_path: Path) -> None:
    write(folder, "a")
    (tmp_path / "link").symlink_to(folder)
    assert list_folder(tmp_path / "link") == list_folder(folder)


def test_missing_folder_and_file_are_refused_with_a_clear_line(tmp_path: Path) -> None:
    with pytest.raises(LocalIOError, match="no such folder"):
        list_folder(tmp_path / "nowhere")
    write(tmp_path, "file")
    with pytest.raises(LocalIOError, match="not a folder"):
        list_folder(tmp_path / "file")


def test_plain_folder_stands_on_no_commit(tmp_path: Path) -> None:
    write(tmp_path, "a")
    listing = list_folder(tmp_path)
    assert (listing.commit, listing.ref, listing.dirty) == ("", "worktree", False)


def test_plain_folder_of_repositories_lists_what_each_of_them_would(tmp_path: Path, repository: Path, git: Git) -> None:
    write(repository, ".gitignore", "*.log\n")
    write(repository, "x.log")
    write(repository, ".git/info/exclude", "mine\n")
    write(repository, "mine")
    expected = [f"repository/{name}" for name in (".gitignore", "README.md", "src/app.py")]
    assert paths(list_folder(tmp_path)) == expected


def test_folder_is_walked_where_git_is_not_installed(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    listing = list_folder(repository)
    assert (paths(listing), listing.ref) == (["README.md", "src/app.py"], "worktree")
