"""Reading one file below a root never leaves the root."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pampax.core.errors import LocalIOError
from pampax.sources.folder import read_file


@pytest.mark.parametrize("name", ["a", "two words/line\nend", "-dash", "naïve/日本語"])
def test_file_is_read_whole(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"\0\r\n" * 500_000)
    assert read_file(tmp_path, name) == b"\0\r\n" * 500_000


@pytest.mark.parametrize(
    "path",
    ["", ".", "..", "../secret", "sub/../../secret", "/etc/passwd", "sub//a", "sub/", "a\0b", ".git/config", "./sub/a"],
)
def test_path_that_could_leave_the_root_is_refused(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "sub" / "a").touch()
    (tmp_path / "secret").touch()
    with pytest.raises(LocalIOError, match="not a path below"):
        read_file(root, path)


@pytest.mark.parametrize("path", ["link", "linked/secret", "inner/link"])
def test_link_anywhere_in_the_path_is_refused(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    (root / "inner").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").touch()
    (root / "link").symlink_to(tmp_path / "outside" / "secret")
    (root / "linked").symlink_to(tmp_path / "outside")
    (root / "inner" / "link").symlink_to(tmp_path / "outside" / "secret")
    with pytest.raises(LocalIOError, match="links are not followed"):
        read_file(root, path)


def test_folder_pipe_and_missing_file_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "sub").mkdir()
    for path in ("pipe", "sub", "nowhere", "nowhere/a"):
        with pytest.raises(LocalIOError, match="cannot read"):
            read_file(tmp_path, path)


def test_missing_root_is_named(tmp_path: Path) -> None:
    with pytest.raises(LocalIOError, match="no such folder"):
        read_file(tmp_path / "nowhere", "a")
