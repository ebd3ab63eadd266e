"""Operations: long work, read and cancelled."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi import Path as PathParameter
from google.longrunning.operations_pb2 import CancelOperationRequest, GetOperationRequest, ListOperationsRequest
from starlette.responses import Response

from pampax.core.errors import InvalidRequest
from pampax.core.names import operation_resource
from pampax.gateway import bounds, rules
from pampax.gateway.rest.event_stream import MEDIA_TYPE, EventStream, event_stream
from pampax.gateway.rest.models.repository import Operation, OperationPage
from pampax.gateway.rest.repository_answers import operation_json, operation_page_json
from pampax.gateway.rest.routing import FIRST_PAGE_SIZE, Cases, Size, Token, json_response

Id = Annotated[str, PathParameter(description="Id of an operation, a UUID.")]
LastEvent = Annotated[str, Header(max_length=bounds.LABEL_BYTES, description="Id of the last event that was seen.")]
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

router = APIRouter(tags=["operations"])


@router.get("/v1/operations", response_model=OperationPage, summary="List operations")
async def list_operations(cases: Cases, page_size: Size = FIRST_PAGE_SIZE, page_token: Token = "") -> Response:
    """Operations on readable repositories, latest first."""
    request = ListOperationsRequest(name="operations", page_size=page_size, page_token=page_token)
    return json_response(operation_page_json(await cases.operations.list_page(request)))


@router.get("/v1/operations/{id:segment}", response_model=Operation, summary="Read an operation")
async def get_operation(id: Id, cases: Cases) -> Response:  # noqa: A002 - the contract's name
    """State, progress and result of one operation."""
    return json_response(operation_json(await cases.operations.get(GetOperationRequest(name=_resource(id)))))


@router.get(
    "/v1/operations/{id:segment}:watch",
    response_class=EventStream,
    summary="Watch an operation",
    responses={
        200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}}}},
        204: {"description": "The event that `Last-Event-ID` names was the last one."},
    },
)
async def watch_operation(
    id: Id,  # noqa: A002 - the contract's name
    cases: Cases,
    request: Request,
    last_event_id: LastEvent = "",
) -> Response:
    """Server-sent events: the operation as `GET` answers it, now and whenever it changes, a comment every ten seconds
    without a change, and the end after its final state. It also ends after a quarter of an hour, or when the process
    stops: come back with `Last-Event-ID`, as browsers do."""
    looks = cases.operations.watch(GetOperationRequest(name=_resource(id)))
    return await event_stream(looks, last_event_id, lambda: bool(request.app.state.draining))


@router.post("/v1/operations/{id:segment}:cancel", response_model=Operation, summary="Cancel an operation")
async def cancel_operation(id: Id, cases: Cases) -> Response:  # noqa: A002 - the contract's name
    """Asks for the operation to stop and answers with its state; it may still finish. Needs the role writer."""
    name = _resource(id)
    await cases.operations.cancel(CancelOperationRequest(name=name))
    return json_response(operation_json(await cases.operations.get(GetOperationRequest(name=name))))


def _resource(operation: str) -> str:
    """The name of the operation on the wire; a mistake is told in the words of REST."""
    if not _UUID.fullmatch(operation):
        mistake = f"must be a UUID, as `:index` returned it, got {rules.shown(operation)}"
        line = f"an operation id is a UUID, as `:index` returned it, got {rules.shown(operation)}"
        raise InvalidRequest(line, fields={"id": mistake})
    return operation_resource(operation)
