"""The IndexingService servicer: decode, call, encode."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, TypeAlias

from google.longrunning import operations_pb2
from google.protobuf import empty_pb2
from grpc import aio

from pampax.core.errors import InvalidRequest
from pampax.indexing import names, wire
from pampax.indexing.builds.service import Builds
from pampax.indexing.checking.service import Checks
from pampax.indexing.freshness import Freshnesses
from pampax.indexing.manifest import Entry
from pampax.indexing.model import IndexRequest
from pampax.indexing.operations import Operations
from pampax.indexing.planning.service import Plans
from pampax.indexing.repositories import Repositories
from pampax.indexing.scip.matching import ScipFile
from pampax.indexing.scip.service import ScipIndexes
from pampax.indexing.uploads import Blobs, UploadHeader, Uploads
from pampax.v1 import indexing_service_pb2 as pb
from pampax.v1 import indexing_service_pb2_grpc, repository_pb2

Context: TypeAlias = aio.ServicerContext[Any, Any]

SERVICE = pb.DESCRIPTOR.services_by_name["IndexingService"].full_name


class IndexingServicer(indexing_service_pb2_grpc.IndexingServiceServicer):
    """Errors leave as they were raised; the server's interceptors put them on the wire."""

    def __init__(
        self,
        repositories: Repositories,
        operations: Operations,
        uploads: Uploads,
        plans: Plans,
        freshness: Freshnesses,
        builds: Builds,
        checks: Checks,
        scip: ScipIndexes,
    ) -> None:
        self._repositories = repositories
        self._operations = operations
        self._uploads = uploads
        self._plans = plans
        self._freshness = freshness
        self._builds = builds
        self._checks = checks
        self._scip = scip

    async def CreateRepository(
        self, request: pb.CreateRepositoryRequest, context: Context
    ) -> repository_pb2.Repository:
        asked = request.repository
        source = wire.source_of(asked.source)
        credential = wire.credential_of(request.credential) if request.HasField("credential") else None
        made = await self._repositories.create(request.repository_id, source, asked.include, asked.exclude, credential)
        return wire.repository_message(made)

    async def GetRepository(self, request: pb.GetRepositoryRequest, context: Context) -> repository_pb2.Repository:
        return wire.repository_message(await self._repositories.get(names.repository_of(request.name)))

    async def ListRepositories(
        self, request: pb.ListRepositoriesRequest, context: Context
    ) -> pb.ListRepositoriesResponse:
        size = names.page_size(request.page_size)
        (after,) = names.decode_page_token(request.page_token, 1) or ("",)
        found = await self._repositories.list(size + 1, after)
        page = found[:size]
        following = names.encode_page_token(page[-1].name) if len(found) > size else ""
        return pb.ListRepositoriesResponse(
            repositories=[wire.repository_message(repository) for repository in page], next_page_token=following
        )

    async def DeleteRepository(self, request: pb.DeleteRepositoryRequest, context: Context) -> empty_pb2.Empty:
        await self._repositories.delete(names.repository_of(request.name))
        return empty_pb2.Empty()

    async def DeleteRef(self, request: pb.DeleteRefRequest, context: Context) -> empty_pb2.Empty:
        await self._repositories.delete_ref(names.repository_of(request.name), request.ref)
        return empty_pb2.Empty()

    async def SetCredential(self, request: pb.SetCredentialRequest, context: Context) -> repository_pb2.Repository:
        credential = wire.credential_of(request.credential)
        return wire.repository_message(
            await self._repositories.set_credential(names.repository_of(request.name), credential)
        )

    async def DeleteCredential(self, request: pb.DeleteCredentialRequest, context: Context) -> empty_pb2.Empty:
        await self._repositories.delete_credential(names.repository_of(request.name))
        return empty_pb2.Empty()

    async def SetRefresh(self, request: pb.SetRefreshRequest, context: Context) -> repository_pb2.Repository:
        name = names.repository_of(request.name)
        return wire.repository_message(await self._repositories.set_refresh(name, request.interval_s))

    async def IndexRepository(self, request: pb.IndexRepositoryRequest, context: Context) -> operations_pb2.Operation:
        asked = IndexRequest(request.ref, request.full, request.upload, request.retry_quarantined)
        priority = wire.priority_of(request.priority)
        return wire.operation_message(await self._operations.index(names.repository_of(request.name), asked, priority))

    async def PlanIndex(self, request: pb.PlanIndexRequest, context: Context) -> pb.IndexPlan:
        name = names.repository_of(request.name)
        return await self._plans.plan(name, request.ref, full=request.full, contents=request.contents)

    async def GetFreshness(self, request: pb.GetFreshnessRequest, context: Context) -> pb.Freshness:
        return await self._freshness.get(names.repository_of(request.name), request.ref)

    async def ListQuarantine(self, request: pb.ListQuarantineRequest, context: Context) -> pb.ListQuarantineResponse:
        found, total = await self._repositories.quarantine(names.repository_of(request.name))
        return wire.quarantine_message(found, total)

    async def CheckIndex(self, request: pb.CheckIndexRequest, context: Context) -> pb.IndexCheck:
        return await self._checks.check(names.repository_of(request.name), request.ref, request.documents)

    async def ListBuilds(self, request: pb.ListBuildsRequest, context: Context) -> pb.ListBuildsResponse:
        name = names.repository_of(request.name) if request.name else ""
        return await self._builds.list(name, names.page_size(request.page_size), request.page_token)

    async def PruneBuilds(self, request: pb.PruneBuildsRequest, context: Context) -> pb.PruneBuildsResponse:
        name = names.repository_of(request.name) if request.name else ""
        return await self._builds.prune(name, dry_run=request.dry_run)

    async def CreateUpload(
        self, request_iterator: AsyncIterator[pb.CreateUploadRequest], context: Context
    ) -> pb.CreateUploadResponse:
        first = await anext(request_iterator, None)
        if first is None:
            raise _invalid("name", "the first message names the repository")
        header = UploadHeader(
            names.repository_of(first.name), first.ref, first.commit, first.dirty, dict(first.skipped),
            wire.history_of(first.history) if first.HasField("history") else None,
        )  # fmt: skip
        opened = await self._uploads.create(header, _entries(first, request_iterator))
        response = pb.CreateUploadResponse(upload=str(opened.upload_id), missing=opened.missing)
        response.expire_time.FromDatetime(opened.expires_at)
        return response

    async def UploadBlobs(
        self, request_iterator: AsyncIterator[pb.UploadBlobsRequest], context: Context
    ) -> pb.UploadBlobsResponse:
        first = await anext(request_iterator, None)
        if first is None:
            raise _invalid("upload", "the first message names the upload")
        missing = await self._uploads.add_blobs(first.upload, _blobs(first, request_iterator))
        return pb.UploadBlobsResponse(missing=missing)

    async def UploadScip(
        self, request_iterator: AsyncIterator[pb.UploadScipRequest], context: Context
    ) -> pb.UploadScipResponse:
        first = await anext(request_iterator, None)
        if first is None:
            raise _invalid("name", "the first message names the repository")
        files = _scip_files(first, request_iterator)
        return wire.scip_message(await self._scip.take(names.repository_of(first.name), first.ref, files))


async def _entries(
    first: pb.CreateUploadRequest, following: AsyncIterator[pb.CreateUploadRequest]
) -> AsyncIterator[list[Entry]]:
    yield wire.entries_of(first.entries)
    async for message in following:
        if message.name and message.name != first.name:
            raise _invalid("name", "only the first message names the repository")
        yield wire.entries_of(message.entries)


async def _scip_files(
    first: pb.UploadScipRequest, following: AsyncIterator[pb.UploadScipRequest]
) -> AsyncIterator[list[ScipFile]]:
    yield wire.scip_files_of(first.files)
    async for message in following:
        if message.name and message.name != first.name:
            raise _invalid("name", "only the first message names the repository")
        yield wire.scip_files_of(message.files)


async def _blobs(first: pb.UploadBlobsRequest, following: AsyncIterator[pb.UploadBlobsRequest]) -> AsyncIterator[Blobs]:
    yield [(blob.id, blob.content) for blob in first.blobs]
    async for message in following:
        if message.upload and message.upload != first.upload:
            raise _invalid("upload", "only the first message names the upload")
        yield [(blob.id, blob.content) for blob in message.blobs]


def _invalid(field: str, message: str) -> InvalidRequest:
    return InvalidRequest(message, fields={field: message})
