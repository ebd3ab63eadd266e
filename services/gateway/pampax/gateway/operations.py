"""Use cases of long work: the operations of the indexing service, read and cancelled for a caller."""

from __future__ import annotations

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

from pampax.gateway import bounds, checks
from pampax.gateway.behind import INDEXING, ask
from pampax.gateway.deadline import within
from pampax.v1.indexing_service_pb2 import IndexOperationMetadata


class Operations:
    """Passes the calls on; who may see and cancel what is decided where the operations are kept."""

    def __init__(self, indexing: OperationsStub) -> None:
        self._indexing = indexing

    async def get(self, request: GetOperationRequest) -> Operation:
        checks.check_operation_name(request.name)
        async with within(bounds.OTHER_S):
            return await ask(INDEXING, self._indexing.GetOperation, request, bounds.OTHER_S)

    async def list_page(self, request: ListOperationsRequest) -> ListOperationsResponse:
        checks.check_page(request.page_size, request.page_token)
        async with within(bounds.OTHER_S):
            return await ask(INDEXING, self._indexing.ListOperations, request, bounds.OTHER_S)

    async def cancel(self, request: CancelOperationRequest) -> Empty:
        checks.check_operation_name(request.name)
        async with within(bounds.OTHER_S):
            return await ask(INDEXING, self._indexing.CancelOperation, request, bounds.OTHER_S)

    async def wait(self, request: WaitOperationRequest) -> Operation:
        """The operation when it has ended, or as it stands when the time asked for is over."""
        checks.check_operation_name(request.name)
        async with within(bounds.WAIT_S):
            return await ask(INDEXING, self._indexing.WaitOperation, request, bounds.WAIT_S)


def index_metadata(operation: Operation) -> IndexOperationMetadata:
    """The typed metadata of an operation; empty when it is of another kind."""
    metadata = IndexOperationMetadata()
    operation.metadata.Unpack(metadata)
    return metadata
