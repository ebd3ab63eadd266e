"""Use cases that keep context packs: everything that the indexing service does with them for a caller."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from pampax.gateway import bounds, checks
from pampax.gateway.behind import INDEXING, ask_within
from pampax.gateway.context_checks import check_pack, check_pack_name
from pampax.v1.context_service_pb2 import (
    ContextPack,
    DeleteContextPackRequest,
    GetContextPackRequest,
    ListContextPacksRequest,
    ListContextPacksResponse,
    SaveContextPackRequest,
)

if TYPE_CHECKING:  # the generated code has this class for type checkers only
    from pampax.v1.context_service_pb2_grpc import ContextServiceAsyncStub


class Contexts:
    """Checks bounds, then passes the call on. Who may share, replace and delete is decided where packs are kept."""

    def __init__(self, indexing: ContextServiceAsyncStub) -> None:
        self._indexing = indexing

    async def save(self, request: SaveContextPackRequest) -> ContextPack:
        check_pack(request.pack)
        return await ask_within(bounds.OTHER_S, INDEXING, self._indexing.SaveContextPack, request)

    async def get(self, request: GetContextPackRequest) -> ContextPack:
        check_pack_name(request.name)
        return await ask_within(bounds.OTHER_S, INDEXING, self._indexing.GetContextPack, request)

    async def list_page(self, request: ListContextPacksRequest) -> ListContextPacksResponse:
        checks.check_page(request.page_size, request.page_token)
        return await ask_within(bounds.OTHER_S, INDEXING, self._indexing.ListContextPacks, request)

    async def delete(self, request: DeleteContextPackRequest) -> Empty:
        check_pack_name(request.name)
        return await ask_within(bounds.OTHER_S, INDEXING, self._indexing.DeleteContextPack, request, retries=0)
