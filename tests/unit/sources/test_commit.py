"""Listing a commit and reading its blobs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pampax.core.errors import DeadlineExceeded, Internal, InvalidRequest, NotFound
from pampax.core.ids import git_blob_id
from pampax.sources.folder import list_folder
from pampax.sources.git import BlobReader, list_commit, resolve_ref, sync_mirror
from pampax.sources.model import Skipped

Git = Callable[..., str]


@pytest.fixture
def strange(repository: Path, git: Git) -> Path:
    """A repository with unusual names, a link, a submodule, an executable and a name that is not UTF-8."""
    for name in ("two words", 'it\'s "quoted"', "line\nend", "tab\there", "日本語", "-dash", "back\\slash"):
        (repository / name).write_text(name)
    (repository / "run").write_bytes(b"#!/bin/sh\n\0")
    (repository / "run").chmod(0o755)
    (repository / "link").symlink_to("/etc/passwd")
    Path(os.fsdecode(os.fsencode(repository) + b"/caf\xe9")).write_text("x")
    git(repository, "add", ".")
    git(repository, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},lib/other")
    (repository / "lib" / "other").mkdir(parents=True)
    git(repository, "commit", "-q", "-m", "strange")
    return repository


@pytest.fixture
def mirror(strange: Path, tmp_path: Path) -> Path:
    sync_mirror(strange.as_uri(), tmp_path / "mirror.git")
    return tmp_path / "mirror.git"


def test_commit_lists_what_its_clean_work_tree_does(strange: Path, mirror: Path) -> None:
    ref, commit = resolve_ref(mirror, None)
    listing = list_commit(mirror, commit, ref=ref)
    assert listing == list_folder(strange)
    assert [entry.reason for entry in listing.skipped] == ["name", "submodule", "symlink"]


def test_include_exclude_and_skip_are_those_of_a_folder(strange: Path, mirror: Path) -> None:
    commit = resolve_ref(mirror, None)[1]

    def skip(path: str, size: int) -> str | None:
        return "oversized" if size > 10 else None

    listing = list_commit(mirror, commit, ["*.py", "*.md", "run"], ["src/"], skip, ref="main")
    assert listing == list_folder(strange, ["*.py", "*.md", "run"], ["src/"], skip=skip)
    assert Skipped("run", "oversized") in listing.skipped


def test_path_that_no_checkout_could_hold_is_skipped(repository: Path, git: Git) -> None:
    blob = git(repository, "rev-parse", "HEAD:README.md")
    tree = git(repository, "rev-parse", "HEAD:src")
    crafted = _tree(repository, git, [(b"100644", b"..", blob), (b"100644", b".git", blob), (b"40000", b".GIT", tree)])
    commit = git(repository, "commit-tree", "-m", "crafted", crafted)
    listing = list_commit(repository, commit)
    assert listing.files == ()
    assert {(entry.path, entry.reason) for entry in listing.skipped} == {
        ("..", "name"),
        (".git", "name"),
        (".GIT/app.py", "name"),
    }


def _tree(repository: Path, git: Git, entries: list[tuple[bytes, bytes, str]]) -> str:
    content = b"".join(mode + b" " + name + b"\0" + bytes.fromhex(blob) for mode, name, blob in entries)
    (repository / "crafted").write_bytes(content)
    return str(git(repository, "hash-object", "-t", "tree", "-w", "--literally", "crafted"))


def test_absent_commit_is_not_found(mirror: Path) -> None:
    with pytest.raises(NotFound, match="0000"):
        list_commit(mirror, "0" * 40)


@pytest.mark.parametrize("commit", ["main", "-x", "", "0" * 39, "HEAD\n"])
def test_text_that_is_no_commit_id_is_refused(mirror: Path, commit: str) -> None:
    with pytest.raises(InvalidRequest, match="40 hex digits"):
        list_commit(mirror, commit)


def test_every_listed_blob_is_read_back(mirror: Path) -> None:
    listing = list_commit(mirror, resolve_ref(mirror, None)[1])
    with BlobReader(mirror) as reader:
        for file in listing.files:
            content = reader.read(file.blob_id)
            assert (git_blob_id(content), len(content)) == (file.blob_id, file.size)


def test_large_and_empty_blobs_are_read(repository: Path, git: Git) -> None:
    large = os.urandom(5_000_000)
    (repository / "large").write_bytes(large)
    (repository / "empty").touch()
    git(repository, "add", ".")
    with BlobReader(repository) as reader:
        assert reader.read(git_blob_id(large)) == large
        assert reader.read(git_blob_id(b"")) == b""
        assert reader.read(git_blob_id(large)) == large


def test_absent_blob_and_tree_are_not_found_and_the_next_read_works(mirror: Path, git: Git) -> None:
    blob, tree = git(mirror, "rev-parse", "HEAD:README.md"), git(mirror, "rev-parse", "HEAD:src")
    with BlobReader(mirror) as reader:
        with pytest.raises(NotFound, match="not in the mirror"):
            reader.read("0" * 40)
        with pytest.raises(NotFound, match="is a tree"):
            reader.read(tree)
        assert reader.read(blob) == b"# Read me\n"


def test_text_that_is_no_blob_id_is_refused(mirror: Path) -> None:
    with BlobReader(mirror) as reader, pytest.raises(InvalidRequest):
        reader.read("HEAD:README.md\n" + "0" * 25)


def test_folder_without_a_repository_ends_the_reader_plainly(tmp_path: Path) -> None:
    with BlobReader(tmp_path) as reader, pytest.raises(Internal, match="ended unexpectedly"):
        reader.read("0" * 40)


def test_read_has_a_deadline(mirror: Path) -> None:
    with BlobReader(mirror, timeout_s=0) as reader, pytest.raises(DeadlineExceeded):
        reader.read("0" * 40)


def test_reader_is_used_inside_its_with_block(mirror: Path) -> None:
    with pytest.raises(Internal, match="with block"):
        BlobReader(mirror).read("0" * 40)
