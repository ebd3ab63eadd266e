"""The same over gRPC: one set of use cases, one cache, the same bounds."""

import asyncio

import grpc
import pytest
from google.longrunning import operations_pb2, operations_pb2_grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from pampax.v1 import (
    assembly_service_pb2,
    gateway_service_pb2,
    gateway_service_pb2_grpc,
    indexing_service_pb2,
    repository_pb2,
    search_service_pb2,
)


@pytest.fixture
async def channel(gateway):
    async with gateway.channel() as opened:
        yield opened


@pytest.fixture
def stub(channel):
    return gateway_service_pb2_grpc.GatewayServiceStub(channel)


@pytest.fixture
def key(published):
    return (("authorization", f"Bearer {published.key}"),)


def details_of(error: grpc.aio.AioRpcError):
    """ErrorInfo and the wrong fields of an error."""
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in rpc_status.from_call(error).details:
        detail.Unpack(info), detail.Unpack(bad)
    return info, {violation.field: violation.description for violation in bad.field_violations}


async def test_rest_and_grpc_share_answers(client, stub, key, behaviour):
    await client.post("/v1/search", json={"query": "shared"})
    answer = await stub.SearchChunks(search_service_pb2.SearchChunksRequest(query="shared"), metadata=key)
    assert answer.cache == search_service_pb2.CACHE_STATUS_HIT
    assert behaviour.calls == ["SearchChunks"]


@pytest.mark.parametrize("metadata", [(), (("authorization", "Bearer pampax_wrong"),), (("authorization", "x"),)])
async def test_a_call_without_a_valid_key_is_unauthenticated(stub, metadata):
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.GetHealth(gateway_service_pb2.GetHealthRequest(), metadata=metadata)
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_a_caller_token_is_no_key(stub):
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.GetHealth(gateway_service_pb2.GetHealthRequest(), metadata=(("pampax-caller", "x.y.z"),))
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize(
    ("method", "request_message", "fields"),
    [
        ("SearchChunks", search_service_pb2.SearchChunksRequest(limit=101, repositories=["code"]), {
            "query": "must not be empty",
            "repositories[0]": "must be repositories/ and a name, got 'code'",
            "limit": "must be between 1 and 100, got 101",
        }),
        ("SearchChunks", search_service_pb2.SearchChunksRequest(query="x", mode=77), {
            "mode": "must be a known value, got 77"
        }),
        ("AssembleBundle", assembly_service_pb2.AssembleBundleRequest(task="x", token_budget=255), {
            "token_budget": "must be between 256 and 200000, got 255"
        }),
        ("ReadFile", search_service_pb2.ReadFileRequest(repository="repositories/code", path="../a"), {
            "path": "must be a path relative to the repository's root, got '../a'"
        }),
        ("CreateRepository", indexing_service_pb2.CreateRepositoryRequest(repository_id="x"), {
            "repository.source": "must have exactly one of git_url, path and upload (true)"
        }),
        ("GetRepository", indexing_service_pb2.GetRepositoryRequest(name="x"), {
            "name": "must be repositories/ and a name, got 'x'"
        }),
        ("ListRepositories", indexing_service_pb2.ListRepositoriesRequest(page_size=1001), {
            "page_size": "must be between 1 and 1000, got 1001"
        }),
        ("IndexRepository", indexing_service_pb2.IndexRepositoryRequest(name="repositories/x", ref="a..b"), {
            "ref": "must be a branch, a tag or worktree, at most 255 characters, got 'a..b'"
        }),
    ],
)  # fmt: skip
async def test_bounds_hold_and_every_wrong_field_is_named(stub, key, behaviour, method, request_message, fields):
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await getattr(stub, method)(request_message, metadata=key)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    info, found = details_of(refused.value)
    assert (info.domain, info.reason, found) == ("pampax", "INVALID_REQUEST", fields)
    assert behaviour.calls == []


async def test_zero_stands_for_the_default(stub, key, behaviour):
    await stub.SearchChunks(search_service_pb2.SearchChunksRequest(query="zero"), metadata=key)
    await stub.AssembleBundle(assembly_service_pb2.AssembleBundleRequest(task="zero"), metadata=key)
    search, bundle = behaviour.requests
    assert (search.limit, search.mode, search.group_by) == (10, 1, 1)
    assert (bundle.token_budget, bundle.tokenizer) == (8000, "o200k_base")


async def test_the_clients_deadline_is_passed_on(stub, key, behaviour):
    behaviour.delay_s = 30
    with pytest.raises(grpc.aio.AioRpcError) as late:
        await stub.SearchChunks(search_service_pb2.SearchChunksRequest(query="soon"), metadata=key, timeout=2)
    assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    await asyncio.wait_for(behaviour.cancelled.wait(), 10)


async def test_a_manifest_in_several_messages_arrives_whole(stub, key, behaviour):
    async def messages():
        yield indexing_service_pb2.CreateUploadRequest(name="repositories/code", ref="worktree")
        for number in range(3):
            yield indexing_service_pb2.CreateUploadRequest(entries=[entry(f"{number}.py")])

    answer = await stub.CreateUpload(messages(), metadata=key)
    assert len(answer.missing) == 3
    (received,) = behaviour.requests
    assert [each.path for message in received for each in message.entries] == ["0.py", "1.py", "2.py"]


async def test_a_wrong_entry_in_the_middle_of_a_manifest_is_named(stub, key, behaviour):
    async def messages():
        yield indexing_service_pb2.CreateUploadRequest(name="repositories/code", entries=[entry("a.py")])
        yield indexing_service_pb2.CreateUploadRequest(entries=[entry("b.py"), entry("/etc/passwd")])

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.CreateUpload(messages(), metadata=key)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    _, fields = details_of(refused.value)
    assert list(fields) == ["manifest[2].path"]


async def test_an_empty_stream_is_refused(stub, key, behaviour):
    async def nothing():
        for message in ():
            yield message

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.UploadBlobs(nothing(), metadata=key)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_blob_above_its_bound_is_refused(stub, key, behaviour):
    async def messages():
        blob = indexing_service_pb2.Blob(id=b"1" * 20, content=bytes((1 << 20) + 1))
        yield indexing_service_pb2.UploadBlobsRequest(upload="u", blobs=[blob])

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.UploadBlobs(messages(), metadata=key)
    assert list(details_of(refused.value)[1]) == ["blobs[0].content"]
    assert behaviour.calls == []


async def test_a_reader_creates_nothing(stub, behaviour, tenant):
    reader = (("authorization", f"Bearer {tenant(role='reader').key}"),)
    repository = repository_pb2.Repository(source=repository_pb2.Source(upload=True))
    request = indexing_service_pb2.CreateRepositoryRequest(repository_id="x", repository=repository)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.CreateRepository(request, metadata=reader)
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert details_of(refused.value)[0].reason == "ROLE_REQUIRED"


async def test_operations_are_not_deleted(channel, key):
    operations = operations_pb2_grpc.OperationsStub(channel)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await operations.DeleteOperation(operations_pb2.DeleteOperationRequest(name="operations/x"), metadata=key)
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


def entry(path: str) -> indexing_service_pb2.ManifestEntry:
    return indexing_service_pb2.ManifestEntry(path=path, blob=b"1" * 20, size=1, mode=0o100644)
