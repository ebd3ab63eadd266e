"""Repositories: create, read, list, delete, index."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from pampax.core.names import repository_resource
from pampax.gateway.rest.models.fields import Ref
from pampax.gateway.rest.models.repository import (
    CredentialRequest,
    Freshness,
    IndexRequest,
    Operation,
    Plan,
    PlanRequest,
    Quarantine,
    RefreshRequest,
    Repository,
    RepositoryPage,
    RepositoryRequest,
)
from pampax.gateway.rest.repository_answers import (
    freshness_json,
    operation_json,
    plan_json,
    quarantine_json,
    repository_json,
    repository_page_json,
)
from pampax.gateway.rest.requests import credential_message, index_message, plan_message, repository_message
from pampax.gateway.rest.routing import FIRST_PAGE_SIZE, Cases, Name, Size, Token, json_response
from pampax.v1.indexing_service_pb2 import (
    DeleteCredentialRequest,
    DeleteRefRequest,
    DeleteRepositoryRequest,
    GetFreshnessRequest,
    GetRepositoryRequest,
    ListQuarantineRequest,
    ListRepositoriesRequest,
    SetRefreshRequest,
)

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


@router.delete("/v1/repositories/{name:segment}/refs/{ref:rest}", status_code=204, summary="Delete a ref")
async def delete_ref(
    name: Name, ref: Annotated[Ref, Path(description="Branch, tag or `worktree`; slashes as they are.")], cases: Cases
) -> Response:
    """Deletes what is published of a branch, a tag or a working tree; nothing shows it from here on.

    What only it had goes with the repository's next index run, and at once when it was the last ref. Needs the role
    writer.
    """
    await cases.repositories.delete_ref(DeleteRefRequest(name=repository_resource(name), ref=ref))
    return Response(status_code=204)


@router.put(
    "/v1/repositories/{name:segment}/credential", response_model=Repository, summary="Store a git server's credential"
)
async def set_credential(name: Name, cases: Cases, request: CredentialRequest) -> Response:
    """Takes the place of the one that was stored. It is encrypted, used from the next run on and never shown again.

    Needs the role writer.
    """
    return json_response(repository_json(await cases.repositories.set_credential(credential_message(name, request))))


@router.delete(
    "/v1/repositories/{name:segment}/credential", status_code=204, summary="Remove a git server's credential"
)
async def delete_credential(name: Name, cases: Cases) -> Response:
    """The server is asked without it from here on. What is indexed stays. Needs the role writer."""
    await cases.repositories.delete_credential(DeleteCredentialRequest(name=repository_resource(name)))
    return Response(status_code=204)


@router.put("/v1/repositories/{name:segment}/refresh", response_model=Repository, summary="Refresh regularly")
async def set_refresh(name: Name, cases: Cases, request: RefreshRequest) -> Response:
    """Has the source looked at regularly: a published ref that has moved there is indexed, as background work.

    Not for upload sources, whose content only clients have. Needs the role writer.
    """
    message = SetRefreshRequest(name=repository_resource(name), interval_s=request.interval_s)
    return json_response(repository_json(await cases.repositories.set_refresh(message)))


@router.post(
    "/v1/repositories/{name:segment}:index", status_code=202, response_model=Operation, summary="Index a repository"
)
async def index_repository(name: Name, cases: Cases, request: IndexRequest | None = None) -> Response:
    """Starts indexing a ref and answers with the operation; the equal one that waits already, when there is one."""
    operation = operation_json(await cases.repositories.index(index_message(name, request or IndexRequest())))
    return json_response(operation, 202, {"Location": f"/v1/operations/{operation['id']}"})


@router.post("/v1/repositories/{name:segment}:plan", response_model=Plan, summary="Plan an index run")
async def plan_index(name: Name, cases: Cases, request: PlanRequest | None = None) -> Response:
    """What `:index` would index, keep and skip now, and why; nothing is written. May take two minutes.

    The files of an upload source are with the client: it plans itself, and asks here what is derived already.
    Needs the role writer.
    """
    return json_response(plan_json(await cases.repositories.plan(plan_message(name, request or PlanRequest()))))


@router.get("/v1/repositories/{name:segment}:quarantine", response_model=Quarantine, summary="List what broke a parser")
async def list_quarantine(name: Name, cases: Cases) -> Response:
    """Content that broke a parser: it is not tried again until `:index` is told to, or a new build is made."""
    request = ListQuarantineRequest(name=repository_resource(name))
    return json_response(quarantine_json(await cases.repositories.quarantine(request)))


@router.get("/v1/repositories/{name:segment}:freshness", response_model=Freshness, summary="Compare with the source")
async def get_freshness(
    name: Name,
    cases: Cases,
    ref: Annotated[Ref, Query(description="A published ref; the one published last when absent.")] = "",
) -> Response:
    """Whether what is published is what the source has now; asks the source, for ten seconds at most."""
    request = GetFreshnessRequest(name=repository_resource(name), ref=ref)
    return json_response(freshness_json(await cases.repositories.freshness(request)))
