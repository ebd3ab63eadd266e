"""Content-addressed uploads: only what is missing travels, and nothing that is not what it claims to be."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

import psycopg
import pytest

from pampax.core.errors import FailedPrecondition, InvalidRequest, NotFound
from pampax.core.ids import git_blob_id
from pampax.graph.co_changes import opened
from pampax.v1 import indexing_service_pb2 as pb

from .conftest import Client, Processes

MODE = 0o100644
Files = dict[str, bytes]


def blob_id(content: bytes) -> bytes:
    return bytes.fromhex(git_blob_id(content))


def entry(path: str, content: bytes = b"x = 1\n", **changes: Any) -> pb.ManifestEntry:
    fields = {"path": path, "blob": blob_id(content), "size": len(content), "mode": MODE}
    return pb.ManifestEntry(**(fields | changes))


async def sent(messages: Iterable[Any]) -> AsyncIterator[Any]:
    for message in messages:
        yield message


async def open_upload(
    client: Client, name: str, entries: Sequence[pb.ManifestEntry], **header: Any
) -> pb.CreateUploadResponse:
    """In several messages, as a client with a large tree would."""
    first = pb.CreateUploadRequest(name=f"repositories/{name}", entries=entries[:1], **header)
    rest = [pb.CreateUploadRequest(entries=[each]) for each in entries[1:]]
    return await client.ask(client.stub.CreateUpload, sent([first, *rest]))


async def send_blobs(client: Client, upload: str, contents: Iterable[bytes], **changes: bytes) -> int:
    messages = [pb.UploadBlobsRequest(upload=upload)]
    for content in contents:
        blob = pb.Blob(id=changes.get("id", blob_id(content)), content=content)
        messages.append(pb.UploadBlobsRequest(blobs=[blob]))
    return (await client.ask(client.stub.UploadBlobs, sent(messages))).missing


async def upload(client: Client, name: str, files: Files, **header: Any) -> tuple[str, int]:
    """The id of a complete upload, and how many blobs travelled."""
    opened = await open_upload(client, name, [entry(path, content) for path, content in files.items()], **header)
    by_id = {blob_id(content): content for content in files.values()}
    assert await send_blobs(client, opened.upload, [by_id[each] for each in opened.missing]) == 0
    return opened.upload, len(opened.missing)


@pytest.fixture
async def client(client: Client) -> Client:
    await client.create("demo", upload=True)
    return client


async def test_only_missing_blobs_travel(client: Client) -> None:
    files: Files = {f"m{number}.py": b"x = %d\n" % number for number in range(5)}
    files["copy.py"] = files["m0.py"]
    first, travelled = await upload(client, "demo", files, ref="main", commit="ab" * 20)
    assert travelled == 5
    response = await client.indexed("demo", upload=first)
    assert (response.status.ref, response.status.commit, response.status.files) == ("main", "ab" * 20, 6)
    files["m1.py"] = b"x = 'changed'\n"
    second, travelled = await upload(client, "demo", files, ref="main", commit="cd" * 20, dirty=True)
    assert travelled == 1
    response = await client.indexed("demo", upload=second)
    assert (response.new_blobs, response.status.generation, response.status.dirty) == (1, 2, True)


async def test_what_the_client_left_out_is_counted(client: Client) -> None:
    done, _ = await upload(client, "demo", {"a.py": b"x = 1\n", "b.py": b"\0\1"}, skipped={"symlink": 3, "binary": 1})
    response = await client.indexed("demo", upload=done)
    assert dict(response.status.skipped) == {"symlink": 3, "binary": 2}
    assert response.status.ref == "worktree"


def history(*commits: tuple[str, int, list[int]], paths: Sequence[str] = ("a.py", "b.py"), whole: bool = True) -> Any:
    told = [
        pb.UploadedCommit(id=bytes.fromhex(each), time=1_700_000_000, files=files, paths=places)
        for each, files, places in commits
    ]
    return pb.UploadedHistory(paths=paths, commits=told, whole=whole)


def kept(processes: Processes, client: Client) -> dict[str, list[tuple[str, ...]]]:
    """By commit what the commits before it changed."""
    with psycopg.connect(processes.urls.owner) as conn:
        conn.execute("SELECT set_config('pampax.tenant', %s, true)", [str(client.caller.tenant_id)])
        rows = conn.execute("SELECT commit_id, changes FROM commit_history").fetchall()
    return {commit: [each.paths for each in opened(changes).commits] for commit, changes in rows}


async def test_a_history_that_comes_along_is_kept_with_its_commit(client: Client, processes: Processes) -> None:
    files: Files = {"a.py": b"x = 1\n", "b.py": b"y = 1\n"}
    told = history(("11" * 20, 2, [0, 1]), ("22" * 20, 9, [1]))
    done, _ = await upload(client, "demo", files, ref="main", commit="ab" * 20, history=told)
    assert kept(processes, client) == {}  # until it is published
    await client.indexed("demo", upload=done)
    assert kept(processes, client) == {"ab" * 20: [("a.py", "b.py"), ("b.py",)]}
    # A tree of the same commit need not bring it again.
    done, _ = await upload(client, "demo", {**files, "c.py": b"z = 1\n"}, ref="main", commit="ab" * 20, dirty=True)
    await client.indexed("demo", upload=done)
    assert list(kept(processes, client)) == ["ab" * 20]


async def test_a_history_of_no_commit_is_none(client: Client, processes: Processes) -> None:
    done, _ = await upload(client, "demo", {"a.py": b"x = 1\n"}, history=history(("11" * 20, 2, [0, 1])))
    await client.indexed("demo", upload=done)
    assert kept(processes, client) == {}


@pytest.mark.parametrize(
    "told",
    [
        history(("11" * 20, 2, [0, 2])),
        history(("11" * 20, 2, [-1])),
        history(("11" * 20, 1, [0, 1])),
        history(("11" * 19, 2, [0, 1])),
        history(("11" * 20, 31, list(range(31))), paths=[f"{number}.py" for number in range(31)]),
        history(*[("11" * 20, 1, [0])] * 2_001),
    ],
)
async def test_a_history_that_cannot_be_one_is_refused(client: Client, told: Any) -> None:
    with pytest.raises(InvalidRequest, match="history"):
        await open_upload(client, "demo", [entry("a.py")], commit="ab" * 20, history=told)


async def test_an_upload_without_all_blobs_is_not_indexed(client: Client) -> None:
    opened = await open_upload(client, "demo", [entry("a.py"), entry("b.py", b"y = 2\n")])
    assert await send_blobs(client, opened.upload, [b"x = 1\n"]) == 1
    with pytest.raises(FailedPrecondition) as refused:
        await client.index("demo", upload=opened.upload)
    assert (refused.value.reason, refused.value.metadata) == ("UPLOAD_INCOMPLETE", {"missing": "1"})


async def test_an_upload_is_named_for_an_upload_repository_only(client: Client, tmp_path: Any) -> None:
    with pytest.raises(InvalidRequest):
        await client.index("demo")
    await client.create("folder", path=str(tmp_path))
    done, _ = await upload(client, "demo", {"a.py": b"x = 1\n"})
    with pytest.raises(InvalidRequest):
        await client.index("folder", upload=done)
    with pytest.raises(InvalidRequest):
        await open_upload(client, "folder", [entry("a.py")])
    with pytest.raises(InvalidRequest):
        await client.index("demo", upload=done, ref="another")


async def test_an_unknown_upload_is_not_found(client: Client) -> None:
    await client.create("second", upload=True)
    done, _ = await upload(client, "demo", {"a.py": b"x = 1\n"})
    with pytest.raises(NotFound):
        await client.index("second", upload=done)
    with pytest.raises(NotFound):
        await send_blobs(client, "00000000-0000-4000-8000-000000000000", [])
    with pytest.raises(InvalidRequest):
        await send_blobs(client, "no id", [])


async def test_another_tenant_cannot_send_blobs(client: Client, processes: Processes) -> None:
    opened = await open_upload(client, "demo", [entry("a.py")])
    other = await processes.client(channel=client.channel)
    with pytest.raises(NotFound):
        await send_blobs(other, opened.upload, [b"x = 1\n"])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"path": ""}, "path"),
        ({"path": "/etc/passwd"}, "path"),
        ({"path": "../up.py"}, "path"),
        ({"path": "a/../b.py"}, "path"),
        ({"path": "a//b.py"}, "path"),
        ({"path": "a/"}, "path"),
        ({"path": "./a.py"}, "path"),
        ({"path": "a\0b.py"}, "path"),
        ({"path": "ü" * 2049}, "path"),
        ({"path": "good.py"}, "path"),  # a second time
        ({"blob": b"short"}, "blob"),
        ({"size": -1}, "size"),
        ({"size": 1024 * 1024 + 1}, "size"),
        ({"mode": 0o120000}, "mode"),
    ],
)
async def test_a_hostile_entry_is_refused(client: Client, changes: dict[str, Any], field: str) -> None:
    bad = entry(changes.pop("path", "bad.py"), **changes)
    with pytest.raises(InvalidRequest) as refused:
        await open_upload(client, "demo", [entry("good.py"), bad])
    assert list(refused.value.fields) == [f"entries[1].{field}"]


async def test_one_blob_with_two_sizes_is_refused(client: Client) -> None:
    with pytest.raises(InvalidRequest):
        await open_upload(client, "demo", [entry("a.py"), entry("b.py", size=99)])


@pytest.mark.parametrize(
    "header", [{"ref": "-x"}, {"commit": "xyz"}, {"commit": "AB" * 20}, {"skipped": {"": 1}}, {"skipped": {"x": -1}}]
)
async def test_a_hostile_header_is_refused(client: Client, header: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        await open_upload(client, "demo", [entry("a.py")], **header)


async def test_an_empty_stream_is_refused(client: Client) -> None:
    for method in (client.stub.CreateUpload, client.stub.UploadBlobs):
        with pytest.raises(InvalidRequest):
            await client.ask(method, sent([]))


async def test_a_blob_that_is_not_what_its_id_says_is_refused(client: Client) -> None:
    opened = await open_upload(client, "demo", [entry("a.py")])
    with pytest.raises(InvalidRequest) as refused:
        await send_blobs(client, opened.upload, [b"y = 2\n"], id=blob_id(b"x = 1\n"))
    assert list(refused.value.fields) == ["blobs[0].id"]
    with pytest.raises(InvalidRequest):  # right by itself, but nobody has announced it
        await send_blobs(client, opened.upload, [b"y = 2\n"])
    assert await send_blobs(client, opened.upload, []) == 1


async def test_odd_paths_survive_an_upload(client: Client) -> None:
    names = ["with space.py", "quote'\".py", "new\nline.py", "naïve/日本語.py", "-dash.py", "%s.py", "back\\slash.py"]
    done, _ = await upload(client, "demo", {name: b"n = %d\n" % number for number, name in enumerate(names)})
    assert (await client.indexed("demo", upload=done)).status.files == len(names)
