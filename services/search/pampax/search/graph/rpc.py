"""The gRPC servicer: decode, call, encode."""

from __future__ import annotations

from grpc import aio

from pampax.core.identity import Role
from pampax.runtime.caller import require_role
from pampax.search.graph import wire
from pampax.search.graph.service import GraphService
from pampax.v1 import graph_service_pb2 as pb
from pampax.v1 import graph_service_pb2_grpc as pb_grpc

SERVICE = "pampax.v1.GraphService"


class GraphServicer(pb_grpc.GraphServiceServicer):
    """pampax.v1.GraphService."""

    def __init__(self, service: GraphService) -> None:
        self._service = service

    async def FindSymbols(
        self,
        request: pb.FindSymbolsRequest,
        context: aio.ServicerContext[pb.FindSymbolsRequest, pb.FindSymbolsResponse],
    ) -> pb.FindSymbolsResponse:
        caller = require_role(Role.READER)
        return wire.symbols_response(await self._service.symbols(caller, wire.name_question(request)))

    async def TraverseGraph(
        self,
        request: pb.TraverseGraphRequest,
        context: aio.ServicerContext[pb.TraverseGraphRequest, pb.TraverseGraphResponse],
    ) -> pb.TraverseGraphResponse:
        caller = require_role(Role.READER)
        return wire.traversal_response(await self._service.traverse(caller, wire.traversal(request)))

    async def MapRepositories(
        self,
        request: pb.MapRepositoriesRequest,
        context: aio.ServicerContext[pb.MapRepositoriesRequest, pb.MapRepositoriesResponse],
    ) -> pb.MapRepositoriesResponse:
        caller = require_role(Role.READER)
        names = wire.repository_names(request.repositories)
        return wire.map_response(await self._service.relate(caller, names, request.ref or None))
