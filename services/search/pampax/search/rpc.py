"""The gRPC servicer: decode, call, encode."""

from __future__ import annotations

from grpc import aio

from pampax.core.identity import Role
from pampax.runtime.caller import require_role
from pampax.search import wire
from pampax.search.service import SearchService
from pampax.v1 import search_service_pb2 as pb
from pampax.v1 import search_service_pb2_grpc as pb_grpc

SERVICE = "pampax.v1.SearchService"


class SearchServicer(pb_grpc.SearchServiceServicer):
    """pampax.v1.SearchService."""

    def __init__(self, service: SearchService) -> None:
        self._service = service

    async def SearchChunks(
        self,
        request: pb.SearchChunksRequest,
        context: aio.ServicerContext[pb.SearchChunksRequest, pb.SearchChunksResponse],
    ) -> pb.SearchChunksResponse:
        answer = await self._service.search(require_role(Role.READER), wire.search_request(request))
        return wire.search_response(answer)

    async def ReadFile(
        self, request: pb.ReadFileRequest, context: aio.ServicerContext[pb.ReadFileRequest, pb.ReadFileResponse]
    ) -> pb.ReadFileResponse:
        name = wire.repository_id(request.repository, "repository")
        text = await self._service.read_file(
            require_role(Role.READER), name, request.path, request.ref or None, request.start_line, request.end_line
        )
        return wire.file_response(text)

    async def GetChunk(
        self, request: pb.GetChunkRequest, context: aio.ServicerContext[pb.GetChunkRequest, pb.Chunk]
    ) -> pb.Chunk:
        names = [wire.repository_id(name, "repositories") for name in request.repositories]
        caller = require_role(Role.READER)
        return wire.chunk(await self._service.browsing.chunk(caller, request.id, names, request.ref or None))

    async def GetOutline(
        self, request: pb.GetOutlineRequest, context: aio.ServicerContext[pb.GetOutlineRequest, pb.Outline]
    ) -> pb.Outline:
        name = wire.repository_id(request.repository, "repository")
        outline = await self._service.browsing.outline(
            require_role(Role.READER), name, request.ref or None, request.folder, request.files
        )
        return wire.outline(outline)
