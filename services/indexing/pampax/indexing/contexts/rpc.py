"""The ContextService servicer: decode, call, encode."""

from __future__ import annotations

from typing import Any, TypeAlias

from google.protobuf.empty_pb2 import Empty
from grpc import aio

from pampax.indexing import names
from pampax.indexing.contexts import wire
from pampax.indexing.contexts.service import Contexts
from pampax.v1 import context_service_pb2 as pb
from pampax.v1 import context_service_pb2_grpc

Context: TypeAlias = aio.ServicerContext[Any, Any]

SERVICE = pb.DESCRIPTOR.services_by_name["ContextService"].full_name
# In the place of a page token that stands for a pack: whose it is.
_FOREIGN = "foreign"


class ContextServicer(context_service_pb2_grpc.ContextServiceServicer):
    """pampax.v1.ContextService."""

    def __init__(self, contexts: Contexts) -> None:
        self._contexts = contexts

    async def SaveContextPack(self, request: pb.SaveContextPackRequest, context: Context) -> pb.ContextPack:
        return wire.pack_message(await self._contexts.save(wire.new_pack(request.pack)))

    async def GetContextPack(self, request: pb.GetContextPackRequest, context: Context) -> pb.ContextPack:
        return wire.pack_message(await self._contexts.get(wire.pack_name(request.name)))

    async def ListContextPacks(
        self, request: pb.ListContextPacksRequest, context: Context
    ) -> pb.ListContextPacksResponse:
        size = names.page_size(request.page_size)
        name, whose = names.decode_page_token(request.page_token, 2) or ("", "")
        found = await self._contexts.list(size + 1, (name, whose == _FOREIGN))
        page = found[:size]
        following = ""
        if len(found) > size:
            last = page[-1].pack
            following = names.encode_page_token(last.name, "" if last.mine else _FOREIGN)
        return pb.ListContextPacksResponse(packs=map(wire.pack_message, page), next_page_token=following)

    async def DeleteContextPack(self, request: pb.DeleteContextPackRequest, context: Context) -> Empty:
        await self._contexts.delete(wire.pack_name(request.name))
        return Empty()
