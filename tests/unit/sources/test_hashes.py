"""Files that have not changed since they were read are not read again; any that may have is."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pampax.core.ids import git_blob_id
from pampax.sources import folder as folder_module
from pampax.sources.folder import list_folder
from pampax.sources.hashes import RACY_NS, Hashes


def later() -> int:
    """A clock that stands where nothing written in this test is racy any more."""
    return time.time_ns() + 2 * RACY_NS


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each file that is read."""
    sizes: list[int] = []
    hashed = folder_module.hashed

    def counted(descriptor: int) -> tuple[str, int]:
        found = hashed(descriptor)
        sizes.append(found[1])
        return found

    monkeypatch.setattr(folder_module, "hashed", counted)
    return sizes


def ids(root: Path, hashes: Hashes) -> dict[str, str]:
    return {file.path: file.blob_id for file in list_folder(root, hashes=hashes).files}


def test_an_unchanged_file_is_read_once(tmp_path: Path, read: list[int]) -> None:
    for number in range(5):
        (tmp_path / f"{number}.py").write_text("x" * number)
    hashes = Hashes(clock=later)
    first = ids(tmp_path, hashes)
    assert sorted(read) == [0, 1, 2, 3, 4]
    assert ids(tmp_path, hashes) == first == ids(tmp_path, Hashes())
    assert len(read) == 10  # the fresh one of the last line reads all


def test_a_file_of_the_same_size_and_time_is_read_when_its_content_may_be_another(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    hashes = Hashes(clock=later)
    ids(tmp_path, hashes)
    status = path.stat()
    path.write_text("x = 2\n")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # as archives and `cp -p` do
    assert ids(tmp_path, hashes) == {"a.py": git_blob_id(b"x = 2\n")}
    other = tmp_path / "b.py"
    other.write_text("x = 3\n")
    other.rename(path)
    assert ids(tmp_path, hashes) == {"a.py": git_blob_id(b"x = 3\n")}


def test_what_was_written_just_before_it_was_read_is_read_again(tmp_path: Path, read: list[int]) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    hashes = Hashes()
    ids(tmp_path, hashes)
    ids(tmp_path, hashes)
    assert len(read) == 2


def test_no_more_files_are_remembered_than_allowed(tmp_path: Path, read: list[int]) -> None:
    for number in range(5):
        (tmp_path / f"{number}.py").write_text("x")
    hashes = Hashes(most=3, clock=later)
    first = ids(tmp_path, hashes)
    assert ids(tmp_path, hashes) == first
    assert len(read) == 7


def test_a_rule_about_files_holds_for_known_ones_too(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    hashes = Hashes(clock=later)
    assert list(ids(tmp_path, hashes)) == ["a.py"]
    listing = list_folder(tmp_path, hashes=hashes, skip=lambda _path, _size: "unwanted")
    assert ([file.path for file in listing.files], listing.skipped[0].reason) == ([], "unwanted")
