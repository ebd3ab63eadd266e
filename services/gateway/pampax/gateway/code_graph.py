"""Use cases of the code graph: definitions, what is around one or around a file, how repositories hang together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pampax.gateway import bounds
from pampax.gateway.behind import SEARCH, ask_within
from pampax.gateway.checks import check_map, check_symbols, check_traversal
from pampax.v1.graph_service_pb2 import (
    FindSymbolsRequest,
    FindSymbolsResponse,
    MapRepositoriesRequest,
    MapRepositoriesResponse,
    TraverseGraphRequest,
    TraverseGraphResponse,
)

if TYPE_CHECKING:  # the generated code has this class for type checkers only
    from pampax.v1.graph_service_pb2_grpc import GraphServiceAsyncStub


class CodeGraph:
    """Checks, and asks the service behind."""

    def __init__(self, graph: GraphServiceAsyncStub) -> None:
        self._graph = graph

    async def find_symbols(self, request: FindSymbolsRequest) -> FindSymbolsResponse:
        check_symbols(request)
        return await ask_within(bounds.SEARCH_S, SEARCH, self._graph.FindSymbols, request)

    async def traverse(self, request: TraverseGraphRequest) -> TraverseGraphResponse:
        check_traversal(request)
        return await ask_within(bounds.SEARCH_S, SEARCH, self._graph.TraverseGraph, request)

    async def map_repositories(self, request: MapRepositoriesRequest) -> MapRepositoriesResponse:
        check_map(request)
        return await ask_within(bounds.SEARCH_S, SEARCH, self._graph.MapRepositories, request)
