"""Where a system keeps its files, and what is said of places that cannot hold one."""

import errno
import os
from pathlib import Path

import pytest

from pampax.core.errors import ConfigError, LocalIOError
from pampax.embedded import layout
from pampax.embedded.layout import DataDir, clear_io_errors, default_data_dir


def test_root_keeps_its_system_outside_any_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_data_dir({"XDG_DATA_HOME": "/srv/share"}).root == Path("/var/lib/pampax")


def test_user_keeps_it_where_the_desktop_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", "/home/ada")
    assert default_data_dir({"XDG_DATA_HOME": "/srv/share"}).root == Path("/srv/share/pampax")
    assert default_data_dir({}).root == Path("/home/ada/.local/share/pampax")


def test_data_directory_is_the_same_from_every_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert DataDir(Path("here")) == DataDir(tmp_path / "here")


def test_prepared_folders_are_closed_to_others(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "data")
    data_dir.prepare()
    closed = (data_dir.log, data_dir.run, data_dir.cache, data_dir.secrets)
    assert {folder.stat().st_mode & 0o777 for folder in closed} == {0o700}
    assert data_dir.root.stat().st_mode & 0o066 == 0


def test_parent_folders_keep_their_permissions(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    DataDir(tmp_path / "data").prepare()
    assert tmp_path.stat().st_mode & 0o777 == 0o750


def test_lack_of_space_is_told_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "MIN_FREE_BYTES", 1 << 62)
    with pytest.raises(LocalIOError, match="free some space"):
        DataDir(tmp_path).require_space()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, "cannot be read or written"),
        (errno.EROFS, "cannot be read or written"),
        (errno.ENOSPC, "no space left"),
        (errno.EIO, "check the disk"),
    ],
)
def test_errors_of_the_system_become_one_clear_line(tmp_path: Path, number: int, words: str) -> None:
    with pytest.raises(LocalIOError, match=words) as caught, clear_io_errors(tmp_path):
        raise OSError(number, os.strerror(number), str(tmp_path / "file"))
    assert "\n" not in caught.value.message
    assert str(tmp_path / "file") in caught.value.message


def test_a_folder_with_other_files_is_refused_and_left_as_it_is(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    tmp_path.chmod(0o755)
    with pytest.raises(ConfigError, match="holds other files"):
        DataDir(tmp_path).prepare()
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine.txt"]
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_a_folder_of_its_own_is_prepared_again(tmp_path):
    DataDir(tmp_path).prepare()
    (tmp_path / "anything").write_text("later")
    DataDir(tmp_path).prepare()
