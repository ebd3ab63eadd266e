"""Context packs: named scopes of searches and bundles."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from pampax.core.names import context_resource
from pampax.gateway.rest.context_answers import pack_json, pack_page_json
from pampax.gateway.rest.models.context import Pack, PackPage, PackRequest
from pampax.gateway.rest.models.fields import ContextName
from pampax.gateway.rest.requests import pack_message
from pampax.gateway.rest.routing import FIRST_PAGE_SIZE, Cases, Size, Token, json_response
from pampax.v1.context_service_pb2 import DeleteContextPackRequest, GetContextPackRequest, ListContextPacksRequest

router = APIRouter(tags=["contexts"])

PackName = Annotated[ContextName, Path(description="Name of a context pack.")]


@router.get("/v1/contexts", response_model=PackPage, summary="List context packs")
async def list_contexts(cases: Cases, page_size: Size = FIRST_PAGE_SIZE, page_token: Token = "") -> Response:
    """The caller's own packs and those that others share, by name.

    Of two with one name the caller's own comes first, and is what the name stands for.
    """
    request = ListContextPacksRequest(page_size=page_size, page_token=page_token)
    return json_response(pack_page_json(await cases.contexts.list_page(request)))


@router.get("/v1/contexts/{name:segment}", response_model=Pack, summary="Read a context pack")
async def get_context(name: PackName, cases: Cases) -> Response:
    """The caller's own pack of this name, or else the shared one."""
    request = GetContextPackRequest(name=context_resource(name))
    return json_response(pack_json(await cases.contexts.get(request)))


@router.put("/v1/contexts/{name:segment}", response_model=Pack, summary="Save a context pack")
async def save_context(name: PackName, cases: Cases, request: PackRequest) -> Response:
    """Creates the caller's pack of this name, or replaces it whole; the next request under it follows the new one.

    An admin who shares a pack replaces the shared one of that name, whoever made it.
    """
    return json_response(pack_json(await cases.contexts.save(pack_message(name, request))))


@router.delete("/v1/contexts/{name:segment}", status_code=204, summary="Delete a context pack")
async def delete_context(name: PackName, cases: Cases) -> Response:
    """Deletes the caller's own pack of this name, or else the shared one, which needs its owner or the role admin."""
    await cases.contexts.delete(DeleteContextPackRequest(name=context_resource(name)))
    return Response(status_code=204)
