"""A plan says what the run that follows does, and writes nothing."""

from pathlib import Path
from typing import Any

import pytest

from pampax.core.errors import DeadlineExceeded, FailedPrecondition, InvalidRequest, NotFound, PermissionDenied
from pampax.core.identity import Role
from pampax.core.ids import git_blob_id
from pampax.v1 import indexing_service_pb2 as pb

from .conftest import Client, Processes
from .trees import git, modules, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A tree with a bit of everything that is left out."""
    root = write(tmp_path / "r", {**modules(30), "README.md": "# Read me\n\nWords.\n" * 40, "empty.py": " \n"})
    write(root, {"copy/of_mod.py": (root / "pkg0" / "mod_0.py").read_text(), "data.txt": b"\0\1", "a.png": b"png"})
    write(root, {".pampaxignore": "*.csv\n/out/\n", "x.csv": "a,b\n", "out/y.py": "y = 1\n"})
    write(root, {"bundle.js": "x" * 5_000 + "\n", "model.bin": _pointer(), "node_modules/z.js": "z = 1\n"})
    (root / "link").symlink_to("README.md")
    return root


def _pointer() -> str:
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 12345\n"


def _committed(root: Path) -> Path:
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "--force", ".")
    git(root, "commit", "-q", "-m", "one")
    return root


async def _plan(client: Client, name: str, **request: Any) -> pb.IndexPlan:
    plan: pb.IndexPlan = await client.ask(
        client.stub.PlanIndex, pb.PlanIndexRequest(name=f"repositories/{name}", **request), timeout_s=60
    )
    return plan


def _same(plan: pb.IndexPlan, done: pb.IndexRepositoryResponse) -> None:
    status = done.status
    assert (plan.ref, plan.commit, plan.dirty) == (status.ref, status.commit, status.dirty)
    assert (plan.files, plan.chunks, plan.new_blobs) == (status.files, status.chunks, done.new_blobs)
    assert dict(plan.skipped) == dict(status.skipped)
    assert plan.files == plan.kept_files + plan.new_files
    assert plan.exact


async def test_the_plan_of_a_folder_is_what_the_run_does(client: Client, folder: Path) -> None:
    await client.create("demo", path=str(folder), exclude=["copy/"])
    first = await _plan(client, "demo")
    assert not (await client.get("demo")).refs
    assert (first.kept_files, first.new_chunks, first.pace) == (0, first.chunks, "usual")
    assert first.new_tokens > 0
    assert first.seconds > 0
    assert dict(first.skipped) == {
        "binary": 2, "empty": 1, "excluded": 1, "generated": 1, "ignored": 2, "lfs_pointer": 1, "symlink": 1,
        "vendored": 1,
    }  # fmt: skip
    _same(first, await client.indexed("demo"))
    assert pb.FileProblem(path="model.bin", reason="lfs_pointer") in first.skipped_files
    assert "pkg0/mod_0.py" in first.new_paths
    assert {each.path for each in first.folders} >= {".", "pkg0", "copy"}


async def test_the_plan_of_a_refresh_keeps_what_is_known(client: Client, folder: Path) -> None:
    await client.create("demo", path=str(folder))
    await client.indexed("demo")
    idle = await _plan(client, "demo")
    assert (idle.new_files, idle.new_chunks, idle.new_tokens) == (0, 0, 0)
    write(folder, {"pkg1/mod_1.py": "def changed():\n    return 1\n", "pkg2/new.py": "def fresh():\n    return 2\n"})
    (folder / "pkg3" / "mod_3.py").unlink()
    (folder / "pkg4" / "mod_4.py").rename(folder / "pkg4" / "moved.py")
    after = await _plan(client, "demo")
    assert list(after.new_paths) == ["pkg1/mod_1.py", "pkg2/new.py"]
    _same(after, await client.indexed("demo"))
    full = await _plan(client, "demo", full=True)
    assert (full.kept_files, full.chunks) == (0, after.chunks)


async def test_the_plan_of_a_git_url_is_what_the_run_does_with_and_without_a_clone(
    client: Client, folder: Path
) -> None:
    origin = _committed(folder)
    await client.create("demo", git_url=f"file://{origin}")
    _same(await _plan(client, "demo"), await client.indexed("demo"))
    git(origin, "checkout", "-q", "-b", "feature")
    write(origin, {"pkg5/late.py": "def late():\n    return 5\n"})
    git(origin, "add", ".")
    git(origin, "commit", "-q", "-m", "two")
    feature = await _plan(client, "demo", ref="feature")
    assert list(feature.new_paths) == ["pkg5/late.py"]
    _same(feature, await client.indexed("demo", ref="feature"))
    with pytest.raises(NotFound, match="nowhere"):
        await _plan(client, "demo", ref="nowhere")


async def test_the_source_may_refuse(client: Client, folder: Path) -> None:
    await client.create("demo", path=str(folder))
    with pytest.raises(FailedPrecondition, match="checked out"):
        await _plan(client, "demo", ref="main")
    with pytest.raises(InvalidRequest, match="read by the system"):
        await _plan(client, "demo", contents=[pb.PlannedContent(blob=b"1" * 20, language="python")])
    _moved(folder)
    with pytest.raises(FailedPrecondition, match="no such folder"):
        await _plan(client, "demo")


def _moved(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))


async def test_a_plan_that_takes_too_long_is_ended(client: Client, folder: Path) -> None:
    await client.create("demo", path=str(folder))
    request = pb.PlanIndexRequest(name="repositories/demo")
    with pytest.raises(DeadlineExceeded):
        await client.ask(client.stub.PlanIndex, request, timeout_s=1.2)
    _same(await _plan(client, "demo"), await client.indexed("demo"))


async def test_an_upload_is_planned_by_the_client_who_asks_what_is_known(client: Client) -> None:
    await client.create("demo", upload=True)
    with pytest.raises(FailedPrecondition, match="--plan"):
        await _plan(client, "demo")
    content = b"def known():\n    return 1\n"
    blob = bytes.fromhex(git_blob_id(content))
    asked = [pb.PlannedContent(blob=blob, language=language) for language in ("python", "ruby")]
    assert not (await _plan(client, "demo", contents=asked)).known
    await _upload(client, "demo", {"a.py": content})
    known = (await _plan(client, "demo", contents=asked)).known
    assert list(known) == [pb.PlannedContent(blob=blob, language="python", chunks=1)]
    assert not (await _plan(client, "demo", contents=asked, full=True)).known
    with pytest.raises(InvalidRequest, match="20 bytes"):
        await _plan(client, "demo", contents=[pb.PlannedContent(blob=b"1", language="python")])
    with pytest.raises(InvalidRequest, match="10,000"):
        await _plan(client, "demo", contents=asked * 5_001)


async def _upload(client: Client, name: str, files: dict[str, bytes]) -> None:
    entries = [
        pb.ManifestEntry(path=path, blob=bytes.fromhex(git_blob_id(content)), size=len(content), mode=0o100644)
        for path, content in files.items()
    ]
    opened = await client.ask(
        client.stub.CreateUpload, iter([pb.CreateUploadRequest(name=f"repositories/{name}", entries=entries)])
    )
    blobs = [pb.Blob(id=entry.blob, content=files[entry.path]) for entry in entries]
    await client.ask(client.stub.UploadBlobs, iter([pb.UploadBlobsRequest(upload=opened.upload, blobs=blobs)]))
    await client.indexed(name, upload=opened.upload)


async def test_planning_needs_the_right_to_index(client: Client, processes: Processes, folder: Path) -> None:
    reader = await processes.client(role=Role.READER)
    with pytest.raises(NotFound):
        await _plan(reader, "demo")
    with pytest.raises(PermissionDenied):
        await reader.create("demo", path=str(folder))
