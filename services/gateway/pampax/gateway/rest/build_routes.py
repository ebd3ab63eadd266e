"""Care of what is derived: check it, list its builds, prune them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from pampax.core.names import repository_resource
from pampax.gateway.rest.models.build import BuildPage, Pruned, PruneRequest
from pampax.gateway.rest.models.check import Check, CheckRequest
from pampax.gateway.rest.models.fields import RepositoryName
from pampax.gateway.rest.repository_answers import build_page_json, check_json, pruned_json
from pampax.gateway.rest.routing import FIRST_PAGE_SIZE, Cases, Name, Size, Token, json_response
from pampax.v1.indexing_service_pb2 import CheckIndexRequest, ListBuildsRequest, PruneBuildsRequest

router = APIRouter(tags=["repositories"])

Repo = Annotated[RepositoryName | None, Query(description="A repository; all that the key may read when absent.")]


@router.post("/v1/repositories/{name:segment}:check", response_model=Check, summary="Check an index")
async def check_index(name: Name, cases: Cases, request: CheckRequest | None = None) -> Response:
    """Derives a sample of documents anew and compares it with what is stored; may take a minute.

    Beside it the snapshot as a whole, and how many of the exact neighbours the vector index finds. Nothing is changed.
    Needs the role writer.
    """
    asked = request or CheckRequest()
    message = CheckIndexRequest(name=repository_resource(name), ref=asked.ref or "", documents=asked.documents)
    return json_response(check_json(await cases.repositories.check(message)))


@router.get("/v1/builds", response_model=BuildPage, summary="List builds")
async def list_builds(
    cases: Cases, repo: Repo = None, page_size: Size = FIRST_PAGE_SIZE, page_token: Token = ""
) -> Response:
    """What is derived of the readable repositories, by the version of what derived it: who uses it, and its size."""
    request = ListBuildsRequest(name=_resource(repo), page_size=page_size, page_token=page_token)
    return json_response(build_page_json(await cases.repositories.builds_page(request)))


@router.post("/v1/builds:prune", response_model=Pruned, summary="Remove unused builds")
async def prune_builds(cases: Cases, request: PruneRequest | None = None) -> Response:
    """Removes the builds that nothing uses: no ref, no search under way, no open operation. Needs the role writer."""
    asked = request or PruneRequest()
    message = PruneBuildsRequest(name=_resource(asked.repo), dry_run=asked.dry_run)
    return json_response(pruned_json(await cases.repositories.prune_builds(message)))


def _resource(repo: str | None) -> str:
    return "" if repo is None else repository_resource(repo)
