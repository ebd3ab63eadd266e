"""Use cases of long work: the operations of the indexing service, read, watched and cancelled for a caller."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator

from google.longrunning.operations_pb2 import (
    CancelOperationRequest,
    GetOperationRequest,
    ListOperationsRequest,
    ListOperationsResponse,
    Operation,
    WaitOperationRequest,
)
from google.longrunning.operations_pb2_grpc import OperationsStub
from google.protobuf.empty_pb2 import Empty

from pampax.core.errors import DeadlineExceeded, Unavailable
from pampax.gateway import bounds, checks
from pampax.gateway.behind import INDEXING, ask, ask_within
from pampax.v1.indexing_service_pb2 import IndexOperationMetadata


class Operations:
    """Passes the calls on; who may see and cancel what is decided where the operations are kept."""

    def __init__(self, indexing: OperationsStub) -> None:
        self._indexing = indexing

    async def get(self, request: GetOperationRequest) -> Operation:
        checks.check_operation_name(request.name)
        return await ask_within(bounds.OTHER_S, INDEXING, self._indexing.GetOperation, request)

    async def list_page(self, request: ListOperationsRequest) -> ListOperationsResponse:
        checks.check_page(request.page_size, request.page_token)
        return await ask_within(bounds.OTHER_S, INDEXING, self._indexing.ListOperations, request)

    async def cancel(self, request: CancelOperationRequest) -> Empty:
        checks.check_operation_name(request.name)
        return await ask_within(bounds.OTHER_S, INDEXING, self._indexing.CancelOperation, request)

    async def wait(self, request: WaitOperationRequest) -> Operation:
        """The operation when it has ended, or as it stands when the time asked for is over."""
        checks.check_operation_name(request.name)
        return await ask_within(bounds.WAIT_S, INDEXING, self._indexing.WaitOperation, request)

    async def watch(self, request: GetOperationRequest) -> AsyncGenerator[Operation]:
        """The operation as it stands, then at each look, changed or not, until it has ended or `WATCH_S` are over.

        An indexing service that is away is waited for.
        """
        checks.check_operation_name(request.name)
        end = time.monotonic() + bounds.WATCH_S
        found = await self._look(request)
        yield found
        heard = time.monotonic()
        while not found.done and time.monotonic() < end:
            await asyncio.sleep(bounds.WATCH_EVERY_S)
            try:
                found = await self._look(request)
            except (Unavailable, DeadlineExceeded):
                if time.monotonic() - heard > bounds.WATCH_PATIENCE_S:
                    raise
            else:
                heard = time.monotonic()
            yield found

    async def _look(self, request: GetOperationRequest) -> Operation:
        return await ask(INDEXING, self._indexing.GetOperation, request, bounds.OTHER_S)


def index_metadata(operation: Operation) -> IndexOperationMetadata:
    """The typed metadata of an operation; empty when it is of another kind."""
    metadata = IndexOperationMetadata()
    operation.metadata.Unpack(metadata)
    return metadata


def same_state(one: Operation, other: Operation) -> bool:
    """Whether they tell the same, but for when the operation was heard of last."""
    return state_of(one) == state_of(other)


def state_of(operation: Operation) -> bytes:
    """Equal for equal states, in every process."""
    metadata = index_metadata(operation)
    metadata.ClearField("update_time")
    bare = Operation(name=operation.name, done=operation.done)
    bare.metadata.Pack(metadata, deterministic=True)
    state: bytes = bare.SerializeToString(deterministic=True)
    return state
