"""The code graph: definitions of a name, what is around a definition or a file, and how repositories hang together."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from pampax.core.names import repository_resource
from pampax.gateway import bounds
from pampax.gateway.rest.graph_answers import map_json, symbols_json, traversal_json
from pampax.gateway.rest.models.fields import Ref, SearchedRepositories, SymbolLimit, SymbolName
from pampax.gateway.rest.models.graph import RepositoryMap, SymbolsResponse, TraverseRequest, TraverseResponse
from pampax.gateway.rest.requests import traversal_message
from pampax.gateway.rest.routing import Cases, json_response
from pampax.v1.graph_service_pb2 import FindSymbolsRequest, MapRepositoriesRequest

router = APIRouter()


@router.get("/v1/graph/symbols", tags=["graph"], response_model=SymbolsResponse, summary="Find definitions")
async def find_symbols(
    name: Annotated[SymbolName, Query(description="A name, or the end of a qualified one; whatever the case.")],
    cases: Cases,
    repos: Annotated[SearchedRepositories, Query(description="Repositories; every readable one when absent.")] = [],  # noqa: B006 - FastAPI copies it
    ref: Annotated[Ref, Query(description="Branch, tag or `worktree`; the latest publish when absent.")] = "",
    limit: Annotated[SymbolLimit, Query(description="Definitions that are listed.")] = bounds.DEFAULT_SYMBOLS,
) -> Response:
    """Definitions of a name with their places."""
    message = FindSymbolsRequest(name=name, repositories=map(repository_resource, repos), ref=ref, limit=limit)
    return json_response(symbols_json(await cases.graph.find_symbols(message)))


@router.post("/v1/graph:traverse", tags=["graph"], response_model=TraverseResponse, summary="Traverse the graph")
async def traverse(request: TraverseRequest, cases: Cases) -> Response:
    """What a definition or a file uses, what uses it, or a shortest way between two."""
    return json_response(traversal_json(await cases.graph.traverse(traversal_message(request))))


@router.get("/v1/graph/repositories", tags=["graph"], response_model=RepositoryMap, summary="Map repositories")
async def map_repositories(
    cases: Cases,
    repos: Annotated[SearchedRepositories, Query(description="Repositories; every readable one when absent.")] = [],  # noqa: B006 - FastAPI copies it
    ref: Annotated[Ref, Query(description="Branch, tag or `worktree`; the latest publish when absent.")] = "",
) -> Response:
    """Packages and modules that each repository provides, and what each needs of each other one, by its manifests and
    by its imports."""
    message = MapRepositoriesRequest(repositories=map(repository_resource, repos), ref=ref)
    return json_response(map_json(await cases.graph.map_repositories(message)))
