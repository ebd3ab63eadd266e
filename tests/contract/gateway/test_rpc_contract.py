"""Every rpc of the gateway, called against the real system."""

import hashlib
from typing import Any

import grpc
import pytest
from google.longrunning import operations_pb2, operations_pb2_grpc
from google.protobuf.duration_pb2 import Duration
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from pampax.v1 import (
    assembly_service_pb2,
    context_service_pb2,
    gateway_service_pb2,
    gateway_service_pb2_grpc,
    graph_service_pb2,
    indexing_service_pb2,
    repository_pb2,
    search_service_pb2,
)

SERVICES = {"gateway", "search", "assembly", "indexing"}
PATIENT_ASKS = 20
TREE = {"main.go": b'package main\n\nfunc Greet() string {\n\treturn "hello"\n}\n'}


class Rpc:
    """The stubs of one server with one key."""

    def __init__(self, channel: grpc.aio.Channel, key: str) -> None:
        self._gateway = gateway_service_pb2_grpc.GatewayServiceStub(channel)
        self._operations = operations_pb2_grpc.OperationsStub(channel)
        self._metadata = (("authorization", f"Bearer {key}"),)

    async def __call__(self, method: str, request: Any) -> Any:
        stub = self._gateway if hasattr(self._gateway, method) else self._operations
        return await getattr(stub, method)(request, metadata=self._metadata, timeout=60)

    def stream(self, method: str, request: Any) -> Any:
        return getattr(self._gateway, method)(request, metadata=self._metadata, timeout=60)


@pytest.fixture(scope="module")
async def rpc(gateway, admin):
    async with gateway.channel() as channel:
        yield Rpc(channel, admin.headers["authorization"].removeprefix("Bearer "))


async def messages(*all_of_them):
    for message in all_of_them:
        yield message


async def search_chunks(rpc, name):
    request = search_service_pb2.SearchChunksRequest(query="retry_with_backoff", repositories=[name])
    answer = await rpc("SearchChunks", request)
    assert answer.results[0].path == "src/retry.py"
    assert answer.cache == search_service_pb2.CACHE_STATUS_MISS


async def find_symbols(rpc, name):
    request = graph_service_pb2.FindSymbolsRequest(name="retry_with_backoff", repositories=[name])
    answer = await rpc("FindSymbols", request)
    assert [each.path for each in answer.symbols] == ["src/retry.py"]


async def traverse_graph(rpc, name):
    request = graph_service_pb2.TraverseGraphRequest(start="retry_with_backoff", repositories=[name], direction="both")
    answer = await rpc("TraverseGraph", request)
    assert answer.nodes[0].symbol == "retry_with_backoff"


async def map_repositories(rpc, name):
    answer = await rpc("MapRepositories", graph_service_pb2.MapRepositoriesRequest(repositories=[name]))
    assert [each.repository for each in answer.repositories] == [name]
    assert not answer.links


async def read_file(rpc, name):
    answer = await rpc("ReadFile", search_service_pb2.ReadFileRequest(repository=name, path="src/clock.py"))
    assert answer.lines == 5


async def get_chunk(rpc, name):
    search = search_service_pb2.SearchChunksRequest(query="pause", repositories=[name])
    best = (await rpc("SearchChunks", search)).results[0]
    chunk = await rpc("GetChunk", search_service_pb2.GetChunkRequest(id=best.id))
    assert (chunk.path, chunk.content, chunk.snapshot.repository) == (best.path, best.content, name)


async def get_outline(rpc, name):
    answer = await rpc("GetOutline", search_service_pb2.GetOutlineRequest(repository=name))
    assert answer.files == 3


async def assemble_bundle(rpc, name):
    request = assembly_service_pb2.AssembleBundleRequest(task="retry with backoff", repositories=[name])
    bundle = await rpc("AssembleBundle", request)
    assert bundle.budget.limit == 8000
    assert bundle.items


async def stream_a_bundle(rpc, name):
    request = assembly_service_pb2.AssembleBundleRequest(task="retry with backoff, in parts", repositories=[name])
    asked = assembly_service_pb2.StreamBundleRequest(bundle=request, markdown=True)
    first, *pieces, last = [part async for part in rpc.stream("StreamBundle", asked)]
    assert first.header.budget.limit == 8000
    assert [part.piece.item.rank for part in pieces] == list(range(1, len(pieces) + 1))
    bundle = await rpc("AssembleBundle", request)
    assert (last.summary.signature, last.summary.markdown) == (bundle.signature, bundle.markdown)
    assert len(pieces) == len(bundle.items)


async def keep_a_bundle(rpc, name):
    request = assembly_service_pb2.AssembleBundleRequest(task="pace the retries", repositories=[name])
    for _ in range(PATIENT_ASKS):  # what a busy machine cannot keep in time is kept the next time
        given = await rpc("AssembleBundle", request)
        try:
            shown = await rpc("GetBundle", gateway_service_pb2.GetBundleRequest(signature=given.signature))
        except grpc.aio.AioRpcError:
            continue
        break
    assert shown.markdown == given.markdown
    asked = gateway_service_pb2.VerifyBundleRequest(signature=given.signature[:12])
    found = await rpc("VerifyBundle", asked)
    assert (found.state, list(found.changes)) == (gateway_service_pb2.BUNDLE_STATE_SAME, [])


async def get_repository(rpc, name):
    assert (await rpc("GetRepository", indexing_service_pb2.GetRepositoryRequest(name=name))).name == name


async def list_repositories(rpc, name):
    page = await rpc("ListRepositories", indexing_service_pb2.ListRepositoriesRequest())
    assert name in [repository.name for repository in page.repositories]


async def get_health(rpc, _name):
    told = await rpc("GetHealth", gateway_service_pb2.GetHealthRequest())
    assert {"database", "redis", *SERVICES} <= {part.name for part in told.components}


async def keep_a_pack(rpc, name):
    scope = context_service_pb2.ContextScope(repositories=[name], path_globs=["src/clock*"])
    pack = context_service_pb2.ContextPack(name="contexts/clocks", scope=scope)
    saved = await rpc("SaveContextPack", context_service_pb2.SaveContextPackRequest(pack=pack))
    assert (saved.scope, saved.visibility) == (scope, context_service_pb2.PACK_VISIBILITY_PRIVATE)
    named = {"name": "contexts/clocks"}
    assert await rpc("GetContextPack", context_service_pb2.GetContextPackRequest(**named)) == saved
    page = await rpc("ListContextPacks", context_service_pb2.ListContextPacksRequest())
    assert saved in page.packs
    asked = search_service_pb2.SearchChunksRequest(query="pause", pack="contexts/clocks", path_globs=["src/"])
    with pytest.raises(grpc.aio.AioRpcError, match="path_globs must be left away"):
        await rpc("SearchChunks", asked)
    asked.ClearField("path_globs")
    found = await rpc("SearchChunks", asked)
    assert ({each.path for each in found.results}, found.pack) == ({"src/clock.py"}, "contexts/clocks")
    for wrong in (
        context_service_pb2.ContextPack(name="clocks"),
        context_service_pb2.ContextPack(name="contexts/-"),
        context_service_pb2.ContextPack(
            name="contexts/x", defaults=context_service_pb2.ContextDefaults(mode=99, limit=101, token_budget=1)
        ),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await rpc("SaveContextPack", context_service_pb2.SaveContextPackRequest(pack=wrong))
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    await rpc("DeleteContextPack", context_service_pb2.DeleteContextPackRequest(**named))


async def from_upload_to_deletion(rpc, _name):
    name = "repositories/by-rpc"
    source = repository_pb2.Repository(source=repository_pb2.Source(upload=True))
    await rpc(
        "CreateRepository", indexing_service_pb2.CreateRepositoryRequest(repository_id="by-rpc", repository=source)
    )
    ((path, content),) = TREE.items()
    blob = git_blob(content)
    entry = indexing_service_pb2.ManifestEntry(path=path, blob=blob, size=len(content), mode=0o100644)
    opened = await rpc(
        "CreateUpload",
        messages(
            indexing_service_pb2.CreateUploadRequest(name=name, ref="worktree"),
            indexing_service_pb2.CreateUploadRequest(entries=[entry]),
        ),
    )
    assert list(opened.missing) == [blob]
    sent = indexing_service_pb2.Blob(id=blob, content=content)
    progress = await rpc(
        "UploadBlobs", messages(indexing_service_pb2.UploadBlobsRequest(upload=opened.upload, blobs=[sent]))
    )
    assert progress.missing == 0
    request = indexing_service_pb2.IndexRepositoryRequest(name=name, upload=opened.upload)
    operation = await rpc("IndexRepository", request)
    while not operation.done:
        wait = operations_pb2.WaitOperationRequest(name=operation.name, timeout=Duration(seconds=5))
        operation = await rpc("WaitOperation", wait)
    result = indexing_service_pb2.IndexRepositoryResponse()
    assert operation.response.Unpack(result), operation
    assert result.status.files == 1
    asked = indexing_service_pb2.PlannedContent(blob=blob, language="go")
    planned = await rpc("PlanIndex", indexing_service_pb2.PlanIndexRequest(name=name, contents=[asked]))
    assert [known.blob for known in planned.known] == [blob]
    quarantine = await rpc("ListQuarantine", indexing_service_pb2.ListQuarantineRequest(name=name))
    assert (quarantine.total, list(quarantine.files)) == (0, [])
    watched = [
        each
        async for each in rpc.stream("WatchOperation", gateway_service_pb2.WatchOperationRequest(name=operation.name))
    ]
    assert watched == [operation]
    freshness = await rpc("GetFreshness", indexing_service_pb2.GetFreshnessRequest(name=name))
    assert freshness.state == "unknown"
    checked = await rpc("CheckIndex", indexing_service_pb2.CheckIndexRequest(name=name))
    assert (checked.documents, checked.differing) == (1, 0)
    listed = await rpc("ListBuilds", indexing_service_pb2.ListBuildsRequest(name=name))
    assert [build.state for build in listed.builds] == ["active"]
    pruned = await rpc("PruneBuilds", indexing_service_pb2.PruneBuildsRequest(name=name))
    assert (list(pruned.removed), pruned.left) == ([], 0)
    same = await rpc("GetOperation", operations_pb2.GetOperationRequest(name=operation.name))
    assert same == operation
    page = await rpc("ListOperations", operations_pb2.ListOperationsRequest(name="operations", page_size=1))
    assert page.operations[0] == operation
    await rpc("CancelOperation", operations_pb2.CancelOperationRequest(name=operation.name))
    credential = repository_pb2.GitCredential(token=repository_pb2.GitToken(token="secret"))
    for method, request in (
        ("SetCredential", indexing_service_pb2.SetCredentialRequest(name=name, credential=credential)),
        ("SetCredential", indexing_service_pb2.SetCredentialRequest(name=name)),
        ("DeleteCredential", indexing_service_pb2.DeleteCredentialRequest(name=name)),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await rpc(method, request)
        assert refused.value.code() in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND)
        assert "secret" not in (refused.value.details() or "")
    unchanged = await rpc("SetRefresh", indexing_service_pb2.SetRefreshRequest(name=name))
    assert not unchanged.HasField("refresh")
    await rpc("DeleteRef", indexing_service_pb2.DeleteRefRequest(name=name, ref="worktree"))
    left = await rpc("GetRepository", indexing_service_pb2.GetRepositoryRequest(name=name))
    assert not left.refs
    await rpc("DeleteRepository", indexing_service_pb2.DeleteRepositoryRequest(name=name))


def git_blob(content: bytes) -> bytes:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).digest()


CALLS = {
    "SearchChunks": search_chunks,
    "ReadFile": read_file,
    "GetChunk": get_chunk,
    "GetOutline": get_outline,
    "AssembleBundle": assemble_bundle,
    "StreamBundle": stream_a_bundle,
    **dict.fromkeys(["GetBundle", "VerifyBundle"], keep_a_bundle),
    "FindSymbols": find_symbols,
    "TraverseGraph": traverse_graph,
    "MapRepositories": map_repositories,
    "GetRepository": get_repository,
    "ListRepositories": list_repositories,
    "GetHealth": get_health,
    **dict.fromkeys(
        ["SaveContextPack", "GetContextPack", "ListContextPacks", "DeleteContextPack"],
        keep_a_pack,
    ),
    **dict.fromkeys(
        [
            "CreateRepository",
            "CreateUpload",
            "UploadBlobs",
            "IndexRepository",
            "PlanIndex",
            "ListQuarantine",
            "WatchOperation",
            "GetFreshness",
            "CheckIndex",
            "ListBuilds",
            "PruneBuilds",
            "DeleteRepository",
            "DeleteRef",
            "SetCredential",
            "DeleteCredential",
            "SetRefresh",
            "GetOperation",
            "ListOperations",
            "CancelOperation",
            "WaitOperation",
        ],
        from_upload_to_deletion,
    ),
}


@pytest.mark.parametrize("call", dict.fromkeys(CALLS.values()), ids=lambda call: call.__name__)
async def test_the_rpc_answers(rpc, indexed, call):
    await call(rpc, f"repositories/{indexed}")


def test_every_rpc_has_a_test():
    gateway = gateway_service_pb2.DESCRIPTOR.services_by_name["GatewayService"]
    operations = operations_pb2.DESCRIPTOR.services_by_name["Operations"]
    offered = [method.name for service in (gateway, operations) for method in service.methods]
    assert sorted(offered) == sorted([*CALLS, "DeleteOperation"])  # which answers UNIMPLEMENTED


async def test_health_and_reflection_need_no_key(gateway):
    async with gateway.channel() as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for service in ("", "pampax.v1.GatewayService", "google.longrunning.Operations"):
            answer = await stub.Check(health_pb2.HealthCheckRequest(service=service))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        stream = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(messages(asked))
        listed = [service.name async for answer in stream for service in answer.list_services_response.service]
    assert {"pampax.v1.GatewayService", "google.longrunning.Operations"} <= set(listed)
