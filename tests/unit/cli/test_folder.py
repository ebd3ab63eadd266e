"""What of a folder is uploaded."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest

from pampax.cli.indexing import folder as folders
from pampax.cli.indexing.folder import require_files, scan, send
from pampax.client.client import Client
from pampax.client.repository import Manifest, Upload, UploadHistory
from pampax.core.errors import Aborted, InvalidRequest, LocalIOError
from pampax.core.ids import git_blob_id


class Receiver:
    """Stands where the client does: lacks everything, keeps what it gets."""

    def __init__(self) -> None:
        self.batches: list[dict[str, bytes]] = []
        self.history: UploadHistory | None = None

    def open_upload(self, repository: str, manifest: Manifest, history: UploadHistory | None = None) -> Upload:
        self.history = history
        return Upload(upload="u", missing=[entry.blob_id for entry in manifest.manifest], expires_at="")

    def send_blobs(self, repository: str, upload: str, blobs: Mapping[str, bytes]) -> int:
        self.batches.append(dict(blobs))
        return 0


def scanned(folder: Path, ref: str = "", *, exclude: tuple[str, ...] = ()) -> Manifest:
    return scan(folder, (), exclude, ref, lambda *_step: None)


def test_what_is_not_worth_indexing_stays_at_home(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "empty.py").write_text(" \n")
    (tmp_path / "data").write_bytes(b"\0\1\2")
    (tmp_path / "picture.png").write_bytes(b"png")
    (tmp_path / "note.md").write_text("hello\n")
    (tmp_path / "away").symlink_to("/etc/passwd")
    manifest = scanned(tmp_path, exclude=("*.md",))
    assert [(entry.path, entry.blob_id, entry.size, entry.mode) for entry in manifest.manifest] == [
        ("a.py", git_blob_id(b"x = 1\n"), 6, 0o100644)
    ]
    assert manifest.skipped == {"binary": 2, "empty": 1, "excluded": 1, "symlink": 1}
    assert (manifest.ref, manifest.commit, manifest.dirty) == ("worktree", "", False)


def test_a_plain_folder_may_stand_for_any_ref(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    assert scanned(tmp_path, "release-1").ref == "release-1"


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="holds no files to index"):
        require_files(tmp_path, (), ())
    (tmp_path / "a.png").write_bytes(b"png")
    with pytest.raises(InvalidRequest, match="1 are ignored"):
        require_files(tmp_path, (), ())


def test_one_file_is_enough(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"png")
    (tmp_path / "b.go").write_text("package b")
    require_files(tmp_path, (), ())
    with pytest.raises(InvalidRequest):
        require_files(tmp_path, (), ("*.go",))


def test_a_folder_that_is_not_there_is_a_local_error(tmp_path: Path) -> None:
    with pytest.raises(LocalIOError, match="no such folder"):
        require_files(tmp_path / "nowhere", (), ())


def test_contents_travel_in_batches_of_bounded_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "BATCH_BYTES", 100)
    for number in range(5):
        (tmp_path / f"f{number}.txt").write_text(f"{number}" * 40)
    receiver = Receiver()
    steps: list[tuple[str, int, int]] = []
    send(cast("Client", receiver), "r", tmp_path, scanned(tmp_path), lambda *step: steps.append(step))
    assert [len(batch) for batch in receiver.batches] == [2, 2, 1]
    assert all(git_blob_id(content) == blob for batch in receiver.batches for blob, content in batch.items())
    assert steps == [("uploading", 2, 5), ("uploading", 4, 5), ("uploading", 5, 5)]


def test_a_file_that_changes_meanwhile_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    manifest = scanned(tmp_path)
    (tmp_path / "a.py").write_text("x = 2\n")
    with pytest.raises(Aborted, match=r"a\.py changed while it was uploaded"):
        send(cast("Client", Receiver()), "r", tmp_path, manifest, lambda *_step: None)


def test_history_goes_along_and_names_no_file_that_stays_at_home(tmp_path: Path) -> None:
    def commit(**files: str) -> None:
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(text)
        for arguments in (["add", "-A"], ["commit", "-q", "-m", "m"]):
            identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
            subprocess.run(["git", "-C", str(tmp_path), *identity, *arguments], check=True)

    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    commit(a="x = 0\n", b="y = 0\n", secret="z = 0\n")
    commit(a="x = 1\n", secret="z = 1\n")
    commit(a="x = 2\n", b="y = 2\n", secret="z = 2\n")
    manifest = scanned(tmp_path, exclude=("secret.py",))
    receiver = Receiver()
    send(cast("Client", receiver), "r", tmp_path, manifest, lambda *_step: None)
    assert receiver.history is not None
    assert receiver.history.paths == ("a.py", "b.py")
    assert [(each.files, each.paths) for each in receiver.history.commits] == [(3, (0, 1)), (2, (0,))]
    assert receiver.history.whole
    send(cast("Client", receiver), "r", tmp_path, manifest, lambda *_step: None, history=False)
    assert receiver.history is None
    lost = manifest.model_copy(update={"commit": "f" * 40})
    send(cast("Client", receiver), "r", tmp_path, lost, lambda *_step: None)
    assert receiver.history is None
