"""Repositories and operations over the wire, with a Celery worker behind them."""

import uuid
from pathlib import Path
from typing import Any

import grpc
import psycopg
import pytest
from google.longrunning import operations_pb2
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from pampax.core.errors import AlreadyExists, InvalidRequest, NotFound, PermissionDenied
from pampax.core.identity import Caller, Role
from pampax.v1 import indexing_service_pb2 as pb

from .conftest import Client, Processes, metadata_of, response_of
from .trees import git, modules, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "r", modules(6))


async def test_a_folder_is_indexed_by_a_worker(client: Client, folder: Path) -> None:
    created = await client.create("demo", path=str(folder))
    assert (created.name, created.default_ref, list(created.refs)) == ("repositories/demo", "", [])
    response = await client.indexed("demo")
    assert (response.new_blobs, response.changed, response.status.files) == (6, True, 6)
    found = await client.get("demo")
    assert found.default_ref == "worktree"
    assert list(found.refs) == [response.status]


async def test_an_operation_tells_its_progress_and_its_result(client: Client, folder: Path) -> None:
    await client.create("demo", path=str(folder))
    operation = await client.index("demo")
    metadata = metadata_of(operation)
    assert (metadata.repository, metadata.stage, operation.done) == ("repositories/demo", "queued", False)
    done = await client.done(operation)
    metadata = metadata_of(done)
    assert (metadata.stage, metadata.done, metadata.total) == ("done", 6, 6)
    assert metadata.update_time.ToDatetime() >= metadata.create_time.ToDatetime()
    assert response_of(done).status.generation == 1


async def test_a_failed_operation_carries_one_error_info_with_the_id_of_its_request(
    client: Client, processes: Processes, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    await client.create("demo", path=str(empty))
    done = await client.done(await client.index("demo"))
    assert grpc.StatusCode.FAILED_PRECONDITION.value[0] == done.error.code
    infos = [detail for detail in done.error.details if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR)]
    info = error_details_pb2.ErrorInfo()
    assert len(infos) == 1
    assert infos[0].Unpack(info)
    assert (info.reason, info.domain, info.metadata["repository"]) == ("NO_FILES", "pampax", "repositories/demo")
    for log in (processes.log("service"), processes.log("worker")):
        assert info.metadata["corr_id"] in log


async def test_a_git_url_is_mirrored_and_indexed_by_ref(client: Client, tmp_path: Path) -> None:
    origin = write(tmp_path / "origin", {"a.py": "x = 1\n"})
    git(origin, "init", "-q", "-b", "main")
    git(origin, "add", ".")
    git(origin, "commit", "-q", "-m", "one")
    git(origin, "checkout", "-q", "-b", "feature")
    write(origin, {"b.py": "y = 1\n"})
    git(origin, "add", ".")
    git(origin, "commit", "-q", "-m", "two")
    git(origin, "checkout", "-q", "main")
    await client.create("demo", git_url=f"file://{origin}")
    main = await client.indexed("demo")
    feature = await client.indexed("demo", ref="feature")
    assert (main.status.ref, main.status.files, main.new_blobs) == ("main", 1, 1)
    assert (feature.status.ref, feature.status.files, feature.new_blobs) == ("feature", 2, 1)
    assert feature.status.commit == git(origin, "rev-parse", "feature")
    done = await client.done(await client.index("demo", ref="nowhere"))
    assert "nowhere" in done.error.message


async def test_an_unreachable_url_fails_with_a_clear_line(client: Client, tmp_path: Path) -> None:
    await client.create("demo", git_url=f"file://{tmp_path}/nothing")
    done = await client.done(await client.index("demo"))
    assert "cannot fetch" in done.error.message


@pytest.mark.parametrize("name", ["", "Upper", "-x", ".x", "a/b", "a" * 64, "ümlaut", "x y", "x\n"])
async def test_a_wrong_name_is_refused(client: Client, name: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await client.create(name, upload=True)
    assert "repository_id" in refused.value.fields


@pytest.mark.parametrize(
    "source",
    [{}, {"upload": False}, {"path": "relative"}, {"path": "/no/such/folder"}, {"path": "/etc/hostname"},
     {"git_url": "not a url"}, {"git_url": "http://example.org/x"}, {"git_url": "https://user:word@example.org/x"},
     {"git_url": "ext::sh -c id"}],
)  # fmt: skip
async def test_a_wrong_source_is_refused(client: Client, source: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        await client.create("demo", **source)


async def test_too_many_patterns_are_refused(client: Client) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await client.create("demo", upload=True, exclude=["*.x"] * 101)
    assert "repository.exclude" in refused.value.fields


async def test_a_taken_name_is_refused(client: Client) -> None:
    await client.create("demo", upload=True)
    with pytest.raises(AlreadyExists):
        await client.create("demo", upload=True)


async def test_only_a_local_key_may_name_a_path(client: Client, folder: Path) -> None:
    remote = Client(client.channel, Caller(client.caller.tenant_id, client.caller.principal_id, Role.ADMIN))
    with pytest.raises(PermissionDenied) as refused:
        await remote.create("demo", path=str(folder))
    assert refused.value.reason == "LOCAL_ONLY"
    with pytest.raises(InvalidRequest):
        await remote.create("demo", git_url=f"file://{folder}")


async def test_a_reader_changes_nothing(processes: Processes, client: Client) -> None:
    reader = await processes.client(role=Role.READER, channel=client.channel)
    with pytest.raises(PermissionDenied):
        await reader.create("demo", upload=True)


async def test_tenants_do_not_see_each_other(client: Client, processes: Processes, folder: Path) -> None:
    await client.create("demo", path=str(folder))
    operation = await client.done(await client.index("demo"))
    other = await processes.client(channel=client.channel)
    for attempt in (other.get, other.delete, other.index):
        with pytest.raises(NotFound):
            await attempt("demo")
    with pytest.raises(NotFound):
        await other.operation(operation.name)
    with pytest.raises(NotFound):
        await other.ask(other.operations.CancelOperation, operations_pb2.CancelOperationRequest(name=operation.name))
    listed = await other.ask(other.operations.ListOperations, operations_pb2.ListOperationsRequest())
    assert not listed.operations
    assert not (await other.ask(other.stub.ListRepositories, pb.ListRepositoriesRequest())).repositories
    await other.create("demo", upload=True)  # the name is free there


async def test_repositories_are_listed_in_pages(client: Client) -> None:
    names = [f"r{number}" for number in (10, 2, 1, 30, 3)]
    for name in names:
        await client.create(name, upload=True)
    found: list[str] = []
    token = ""
    for _ in range(5):
        request = pb.ListRepositoriesRequest(page_size=2, page_token=token)
        page = await client.ask(client.stub.ListRepositories, request)
        found.extend(repository.name for repository in page.repositories)
        token = page.next_page_token
        if not token:
            break
    assert found == [f"repositories/{name}" for name in sorted(names)]


@pytest.mark.parametrize("token", ["x", "!!!!", "WzEsMl0", "e30", "é"])
async def test_a_foreign_page_token_is_refused(client: Client, token: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await client.ask(client.stub.ListRepositories, pb.ListRepositoriesRequest(page_token=token))
    assert "page_token" in refused.value.fields
    with pytest.raises(InvalidRequest):
        await client.ask(client.operations.ListOperations, operations_pb2.ListOperationsRequest(page_token=token))


@pytest.mark.parametrize("size", [-1, 1001])
async def test_a_page_size_out_of_bounds_is_refused(client: Client, size: int) -> None:
    with pytest.raises(InvalidRequest):
        await client.ask(client.stub.ListRepositories, pb.ListRepositoriesRequest(page_size=size))


async def test_operations_are_listed_newest_first_in_pages(client: Client, folder: Path) -> None:
    await client.create("demo", path=str(folder))
    names = [(await client.done(await client.index("demo"))).name for _ in range(3)]
    request = operations_pb2.ListOperationsRequest(name="operations", page_size=2)
    first = await client.ask(client.operations.ListOperations, request)
    request.page_token = first.next_page_token
    second = await client.ask(client.operations.ListOperations, request)
    assert [each.name for each in (*first.operations, *second.operations)] == names[::-1]
    assert second.next_page_token == ""


@pytest.mark.parametrize("name", ["", "demo", "repositories/", "repositories/Demo", "operations/x"])
async def test_a_wrong_resource_name_is_refused(client: Client, name: str) -> None:
    with pytest.raises(InvalidRequest):
        await client.ask(client.stub.GetRepository, pb.GetRepositoryRequest(name=name))
    with pytest.raises(InvalidRequest):
        await client.operation(name)


async def test_an_unknown_operation_is_not_found(client: Client) -> None:
    with pytest.raises(NotFound) as missing:
        await client.operation(f"operations/{uuid.uuid4()}")
    assert missing.value.reason == "OPERATION_NOT_FOUND"


async def test_waiting_ends_with_the_given_time(client: Client, folder: Path) -> None:
    await client.create("demo", path=str(folder))
    operation = await client.index("demo")
    request = operations_pb2.WaitOperationRequest(name=operation.name, timeout=Duration(nanos=1))
    found = await client.ask(client.operations.WaitOperation, request)
    assert found.name == operation.name
    await client.done(operation)


@pytest.mark.parametrize("ref", ["-x", "a b", "a\nb", "x" * 1025])
async def test_a_wrong_ref_is_refused(client: Client, ref: str) -> None:
    await client.create("demo", upload=True)
    with pytest.raises(InvalidRequest) as refused:
        await client.index("demo", ref=ref)
    assert "ref" in refused.value.fields


async def test_a_deleted_repository_leaves_no_rows(client: Client, folder: Path, processes: Processes) -> None:
    await client.create("demo", path=str(folder))
    operation = await client.done(await client.index("demo"))
    await client.create("kept", path=str(folder))
    await client.indexed("kept")
    await client.delete("demo")
    with pytest.raises(NotFound):
        await client.get("demo")
    with pytest.raises(NotFound):
        await client.operation(operation.name)
    with psycopg.connect(processes.urls.superuser) as conn:
        for table in ("chunk", "symbol", "posting", "chunk_vector", "document", "file", "blob", "snapshot", "ref"):
            rows = conn.execute(
                f"SELECT DISTINCT repository_id FROM {table} WHERE tenant_id = %s", [client.caller.tenant_id]
            ).fetchall()
            assert len(rows) == 1, table
    with pytest.raises(NotFound):
        await client.delete("demo")


async def test_the_operations_service_is_served_and_reflected(client: Client) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(client.channel)
    requests = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol="google.longrunning.Operations"),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol="pampax.v1.IndexingService"),
    ]
    call = stub.ServerReflectionInfo(iter(requests))
    listed, operations, indexing = [await call.read() for _ in requests]
    names = {service.name for service in listed.list_services_response.service}
    assert {"google.longrunning.Operations", "pampax.v1.IndexingService"} <= names
    assert operations.file_descriptor_response.file_descriptor_proto
    assert indexing.file_descriptor_response.file_descriptor_proto
    call.cancel()
