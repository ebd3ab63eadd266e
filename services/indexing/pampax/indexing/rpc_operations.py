"""The google.longrunning.Operations servicer over indexing operations."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from google.longrunning import operations_pb2, operations_pb2_grpc
from google.protobuf import empty_pb2
from grpc import aio

from pampax.core.errors import InvalidRequest
from pampax.indexing import names, wire
from pampax.indexing.operations import MAX_WAIT_S, Operations

Context: TypeAlias = aio.ServicerContext[Any, Any]

SERVICE = "google.longrunning.Operations"
COLLECTION = "operations"


class OperationsServicer(operations_pb2_grpc.OperationsServicer):  # type: ignore[misc]  # the package has no type stubs
    """DeleteOperation is not offered: operations are the record of what was done to a repository."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    async def GetOperation(  # noqa: N802 - the name is the contract's
        self, request: operations_pb2.GetOperationRequest, _context: Context
    ) -> operations_pb2.Operation:
        return wire.operation_message(await self._operations.get(names.operation_of(request.name)))

    async def ListOperations(  # noqa: N802 - the name is the contract's
        self, request: operations_pb2.ListOperationsRequest, _context: Context
    ) -> operations_pb2.ListOperationsResponse:
        if request.name not in ("", COLLECTION):
            raise InvalidRequest(f"operations are listed under {COLLECTION!r}", fields={"name": COLLECTION})
        if request.filter:
            raise InvalidRequest("operations cannot be filtered: leave the filter empty", fields={"filter": "empty"})
        size = names.page_size(request.page_size)
        found = await self._operations.list(size + 1, _position(request.page_token))
        page = found[:size]
        following = ""
        if len(found) > size:
            following = names.encode_page_token(page[-1].created_at.isoformat(), str(page[-1].operation_id))
        return operations_pb2.ListOperationsResponse(
            operations=[wire.operation_message(operation) for operation in page], next_page_token=following
        )

    async def CancelOperation(  # noqa: N802 - the name is the contract's
        self, request: operations_pb2.CancelOperationRequest, _context: Context
    ) -> empty_pb2.Empty:
        await self._operations.cancel(names.operation_of(request.name))
        return empty_pb2.Empty()

    async def WaitOperation(  # noqa: N802 - the name is the contract's
        self, request: operations_pb2.WaitOperationRequest, _context: Context
    ) -> operations_pb2.Operation:
        timeout_s = request.timeout.ToTimedelta().total_seconds() if request.HasField("timeout") else MAX_WAIT_S
        return wire.operation_message(await self._operations.wait(names.operation_of(request.name), timeout_s))


def _position(token: str) -> tuple[datetime, UUID] | None:
    parts = names.decode_page_token(token, 2)
    if parts is None:
        return None
    try:
        return datetime.fromisoformat(parts[0]), UUID(parts[1])
    except ValueError as error:
        message = "the page token is not one of this list: start again without it"
        raise InvalidRequest(message, fields={"page_token": message}) from error
