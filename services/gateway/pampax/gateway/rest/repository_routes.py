"""Repositories: create, read, list, delete, index."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from pampax.core.names import repository_resource
from pampax.gateway.rest.models.repository import (
    IndexRequest,
    Operation,
    Repository,
    RepositoryPage,
    RepositoryRequest,
)
from pampax.gateway.rest.repository_answers import operation_json, repository_json, repository_page_json
from pampax.gateway.rest.requests import index_message, repository_message
from pampax.gateway.rest.routing import FIRST_PAGE_SIZE, Cases, Name, Size, Token, json_response
from pampax.v1.indexing_service_pb2 import DeleteRepositoryRequest, GetRepositoryRequest, ListRepositoriesRequest

router = APIRouter(tags=["repositories"])


@router.post("/v1/repositories", status_code=201, response_model=Repository, summary="Create a repository")
async def create_repository(request: RepositoryRequest, cases: Cases) -> Response:
    """Names a source of code. Nothing is indexed yet: `:index` does that. Needs the role writer."""
    created = repository_json(await cases.repositories.create(repository_message(request)))
    return json_response(created, 201, {"Location": f"/v1/repositories/{created['name']}"})


@router.get("/v1/repositories", response_model=RepositoryPage, summary="List repositories")
async def list_repositories(cases: Cases, page_size: Size = FIRST_PAGE_SIZE, page_token: Token = "") -> Response:
    """The readable repositories, by name, with what is published of each."""
    request = ListRepositoriesRequest(page_size=page_size, page_token=page_token)
    return json_response(repository_page_json(await cases.repositories.list_page(request)))


@router.get("/v1/repositories/{name:segment}", response_model=Repository, summary="Read a repository")
async def get_repository(name: Name, cases: Cases) -> Response:
    """Source, patterns and what is published of one repository."""
    return json_response(
        repository_json(await cases.repositories.get(GetRepositoryRequest(name=repository_resource(name))))
    )


@router.delete("/v1/repositories/{name:segment}", status_code=204, summary="Delete a repository")
async def delete_repository(name: Name, cases: Cases) -> Response:
    """Deletes a repository and everything that only it had. Needs the role writer."""
    await cases.repositories.delete(DeleteRepositoryRequest(name=repository_resource(name)))
    return Response(status_code=204)


@router.post(
    "/v1/repositories/{name:segment}:index", status_code=202, response_model=Operation, summary="Index a repository"
)
async def index_repository(name: Name, cases: Cases, request: IndexRequest | None = None) -> Response:
    """Starts indexing a ref and answers with the operation; the one that waits already, when there is one."""
    operation = operation_json(await cases.repositories.index(index_message(name, request or IndexRequest())))
    return json_response(operation, 202, {"Location": f"/v1/operations/{operation['id']}"})
