"""The gRPC spelling of the use cases: GatewayService and google.longrunning.Operations."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

from google.longrunning import operations_pb2, operations_pb2_grpc
from google.protobuf.empty_pb2 import Empty
from grpc import aio

from pampax.core.identity import Caller
from pampax.gateway.auth import Keys
from pampax.gateway.operations import same_state
from pampax.gateway.use_cases import UseCases
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

_AUTHORIZATION = "authorization"
_GATEWAY = gateway_service_pb2.DESCRIPTOR.services_by_name["GatewayService"].full_name
_OPERATIONS: str = operations_pb2.DESCRIPTOR.services_by_name["Operations"].full_name


def register(server: aio.Server, use_cases: UseCases) -> tuple[str, ...]:
    """Adds both services to a server and returns their full names."""
    gateway_service_pb2_grpc.add_GatewayServiceServicer_to_server(GatewayServicer(use_cases), server)
    operations_pb2_grpc.add_OperationsServicer_to_server(OperationsServicer(use_cases), server)
    return _GATEWAY, _OPERATIONS


class KeyAuthenticator:
    """How the runtime's server learns who calls: by the API key in the metadata."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    async def __call__(self, metadata: Mapping[str, str]) -> Caller:
        return await self._keys.authenticate(metadata.get(_AUTHORIZATION, ""))


class GatewayServicer(gateway_service_pb2_grpc.GatewayServiceServicer):
    """One line per rpc: what they do is in the use cases."""

    def __init__(self, use_cases: UseCases) -> None:
        self._use_cases = use_cases

    async def SearchChunks(
        self, request: search_service_pb2.SearchChunksRequest, context: aio.ServicerContext[Any, Any]
    ) -> search_service_pb2.SearchChunksResponse:
        return await self._use_cases.retrieval.search_chunks(request)

    async def ReadFile(
        self, request: search_service_pb2.ReadFileRequest, context: aio.ServicerContext[Any, Any]
    ) -> search_service_pb2.ReadFileResponse:
        return await self._use_cases.retrieval.read_file(request)

    async def GetChunk(
        self, request: search_service_pb2.GetChunkRequest, context: aio.ServicerContext[Any, Any]
    ) -> search_service_pb2.Chunk:
        return await self._use_cases.retrieval.chunk(request)

    async def GetOutline(
        self, request: search_service_pb2.GetOutlineRequest, context: aio.ServicerContext[Any, Any]
    ) -> search_service_pb2.Outline:
        return await self._use_cases.retrieval.outline(request)

    async def AssembleBundle(
        self, request: assembly_service_pb2.AssembleBundleRequest, context: aio.ServicerContext[Any, Any]
    ) -> assembly_service_pb2.Bundle:
        return await self._use_cases.retrieval.assemble_bundle(request)

    async def StreamBundle(
        self, request: assembly_service_pb2.StreamBundleRequest, context: aio.ServicerContext[Any, Any]
    ) -> AsyncGenerator[assembly_service_pb2.BundlePart]:
        parts = self._use_cases.retrieval.stream_bundle(request)
        async with aclosing(parts):
            async for part in parts:
                yield part

    async def GetBundle(
        self, request: gateway_service_pb2.GetBundleRequest, context: aio.ServicerContext[Any, Any]
    ) -> assembly_service_pb2.Bundle:
        return await self._use_cases.bundles.get(request.signature)

    async def VerifyBundle(
        self, request: gateway_service_pb2.VerifyBundleRequest, context: aio.ServicerContext[Any, Any]
    ) -> gateway_service_pb2.VerifyBundleResponse:
        return await self._use_cases.bundles.verify(request.signature)

    async def FindSymbols(
        self, request: graph_service_pb2.FindSymbolsRequest, context: aio.ServicerContext[Any, Any]
    ) -> graph_service_pb2.FindSymbolsResponse:
        return await self._use_cases.graph.find_symbols(request)

    async def TraverseGraph(
        self, request: graph_service_pb2.TraverseGraphRequest, context: aio.ServicerContext[Any, Any]
    ) -> graph_service_pb2.TraverseGraphResponse:
        return await self._use_cases.graph.traverse(request)

    async def MapRepositories(
        self, request: graph_service_pb2.MapRepositoriesRequest, context: aio.ServicerContext[Any, Any]
    ) -> graph_service_pb2.MapRepositoriesResponse:
        return await self._use_cases.graph.map_repositories(request)

    async def CreateRepository(
        self, request: indexing_service_pb2.CreateRepositoryRequest, context: aio.ServicerContext[Any, Any]
    ) -> repository_pb2.Repository:
        return await self._use_cases.repositories.create(request)

    async def GetRepository(
        self, request: indexing_service_pb2.GetRepositoryRequest, context: aio.ServicerContext[Any, Any]
    ) -> repository_pb2.Repository:
        return await self._use_cases.repositories.get(request)

    async def ListRepositories(
        self, request: indexing_service_pb2.ListRepositoriesRequest, context: aio.ServicerContext[Any, Any]
    ) -> indexing_service_pb2.ListRepositoriesResponse:
        return await self._use_cases.repositories.list_page(request)

    async def DeleteRepository(
        self, request: indexing_service_pb2.DeleteRepositoryRequest, context: aio.ServicerContext[Any, Any]
    ) -> Empty:
        return await self._use_cases.repositories.delete(request)

    async def DeleteRef(
        self, request: indexing_service_pb2.DeleteRefRequest, context: aio.ServicerContext[Any, Any]
    ) -> Empty:
        return await self._use_cases.repositories.delete_ref(request)

    async def SetCredential(
        self, request: indexing_service_pb2.SetCredentialRequest, context: aio.ServicerContext[Any, Any]
    ) -> repository_pb2.Repository:
        return await self._use_cases.repositories.set_credential(request)

    async def DeleteCredential(
        self, request: indexing_service_pb2.DeleteCredentialRequest, context: aio.ServicerContext[Any, Any]
    ) -> Empty:
        return await self._use_cases.repositories.delete_credential(request)

    async def SetRefresh(
        self, request: indexing_service_pb2.SetRefreshRequest, context: aio.ServicerContext[Any, Any]
    ) -> repository_pb2.Repository:
        return await self._use_cases.repositories.set_refresh(request)

    async def IndexRepository(
        self, request: indexing_service_pb2.IndexRepositoryRequest, context: aio.ServicerContext[Any, Any]
    ) -> operations_pb2.Operation:
        return await self._use_cases.repositories.index(request)

    async def PlanIndex(
        self, request: indexing_service_pb2.PlanIndexRequest, context: aio.ServicerContext[Any, Any]
    ) -> indexing_service_pb2.IndexPlan:
        return await self._use_cases.repositories.plan(request)

    async def GetFreshness(
        self, request: indexing_service_pb2.GetFreshnessRequest, context: aio.ServicerContext[Any, Any]
    ) -> indexing_service_pb2.Freshness:
        return await self._use_cases.repositories.freshness(request)

    async def ListQuarantine(
        self, request: indexing_service_pb2.ListQuarantineRequest, context: aio.ServicerContext[Any, Any]
    ) -> indexing_service_pb2.ListQuarantineResponse:
        return await self._use_cases.repositories.quarantine(request)

    async def WatchOperation(
        self, request: gateway_service_pb2.WatchOperationRequest, context: aio.ServicerContext[Any, Any]
    ) -> AsyncGenerator[operations_pb2.Operation]:
        """What has not changed is not told again; the call's deadline ends it."""
        told: operations_pb2.Operation | None = None
        looks = self._use_cases.operations.watch(operations_pb2.GetOperationRequest(name=request.name))
        async with aclosing(looks):
            async for found in looks:
                if told is None or not same_state(told, found):
                    told = found
                    yield found

    async def CheckIndex(
        self, request: indexing_service_pb2.CheckIndexRequest, context: aio.ServicerContext[Any, Any]
    ) -> indexing_service_pb2.IndexCheck:
        return await self._use_cases.repositories.check(request)

    async def ListBuilds(
        self, request: indexing_service_pb2.ListBuildsRequest, context: aio.ServicerContext[Any, Any]
    ) -> indexing_service_pb2.ListBuildsResponse:
        return await self._use_cases.repositories.builds_page(request)

    async def PruneBuilds(
        self, request: indexing_service_pb2.PruneBuildsRequest, context: aio.ServicerContext[Any, Any]
    ) -> indexing_service_pb2.PruneBuildsResponse:
        return await self._use_cases.repositories.prune_builds(request)

    async def SaveContextPack(
        self, request: context_service_pb2.SaveContextPackRequest, context: aio.ServicerContext[Any, Any]
    ) -> context_service_pb2.ContextPack:
        return await self._use_cases.contexts.save(request)

    async def GetContextPack(
        self, request: context_service_pb2.GetContextPackRequest, context: aio.ServicerContext[Any, Any]
    ) -> context_service_pb2.ContextPack:
        return await self._use_cases.contexts.get(request)

    async def ListContextPacks(
        self, request: context_service_pb2.ListContextPacksRequest, context: aio.ServicerContext[Any, Any]
    ) -> context_service_pb2.ListContextPacksResponse:
        return await self._use_cases.contexts.list_page(request)

    async def DeleteContextPack(
        self, request: context_service_pb2.DeleteContextPackRequest, context: aio.ServicerContext[Any, Any]
    ) -> Empty:
        return await self._use_cases.contexts.delete(request)

    async def CreateUpload(
        self,
        request_iterator: AsyncIterator[indexing_service_pb2.CreateUploadRequest],
        context: aio.ServicerContext[Any, Any],
    ) -> indexing_service_pb2.CreateUploadResponse:
        return await self._use_cases.uploads.create(request_iterator)

    async def UploadBlobs(
        self,
        request_iterator: AsyncIterator[indexing_service_pb2.UploadBlobsRequest],
        context: aio.ServicerContext[Any, Any],
    ) -> indexing_service_pb2.UploadBlobsResponse:
        return await self._use_cases.uploads.send_blobs(request_iterator)

    async def UploadScip(
        self,
        request_iterator: AsyncIterator[indexing_service_pb2.UploadScipRequest],
        context: aio.ServicerContext[Any, Any],
    ) -> indexing_service_pb2.UploadScipResponse:
        return await self._use_cases.uploads.send_scip(request_iterator)

    async def GetHealth(
        self, request: gateway_service_pb2.GetHealthRequest, context: aio.ServicerContext[Any, Any]
    ) -> gateway_service_pb2.GetHealthResponse:
        return await self._use_cases.health.report(request.service)


class OperationsServicer(operations_pb2_grpc.OperationsServicer):  # type: ignore[misc]  # the package has no type stubs
    """Reads and cancels; deleting is not offered: operations are the record of what was done."""

    def __init__(self, use_cases: UseCases) -> None:
        self._use_cases = use_cases

    async def GetOperation(
        self, request: operations_pb2.GetOperationRequest, context: aio.ServicerContext[Any, Any]
    ) -> operations_pb2.Operation:
        return await self._use_cases.operations.get(request)

    async def ListOperations(
        self, request: operations_pb2.ListOperationsRequest, context: aio.ServicerContext[Any, Any]
    ) -> operations_pb2.ListOperationsResponse:
        return await self._use_cases.operations.list_page(request)

    async def CancelOperation(
        self, request: operations_pb2.CancelOperationRequest, context: aio.ServicerContext[Any, Any]
    ) -> Empty:
        return await self._use_cases.operations.cancel(request)

    async def WaitOperation(
        self, request: operations_pb2.WaitOperationRequest, context: aio.ServicerContext[Any, Any]
    ) -> operations_pb2.Operation:
        return await self._use_cases.operations.wait(request)
