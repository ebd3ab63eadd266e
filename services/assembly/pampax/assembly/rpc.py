"""The gRPC servicer: decode, call, encode."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from grpc import aio

from pampax.assembly import wire
from pampax.assembly.bundle import Header
from pampax.assembly.progressive import in_parts
from pampax.assembly.service import AssemblyService
from pampax.core.identity import Role
from pampax.runtime.caller import require_role
from pampax.v1 import assembly_service_pb2 as pb
from pampax.v1 import assembly_service_pb2_grpc as pb_grpc

SERVICE = "pampax.v1.AssemblyService"


class AssemblyServicer(pb_grpc.AssemblyServiceServicer):
    """pampax.v1.AssemblyService."""

    def __init__(self, service: AssemblyService) -> None:
        self._service = service

    async def AssembleBundle(
        self, request: pb.AssembleBundleRequest, context: aio.ServicerContext[pb.AssembleBundleRequest, pb.Bundle]
    ) -> pb.Bundle:
        bundle = await self._service.assemble(require_role(Role.READER), wire.bundle_request(request))
        return wire.bundle_message(bundle, timings=request.timings)

    async def StreamBundle(
        self, request: pb.StreamBundleRequest, context: aio.ServicerContext[pb.StreamBundleRequest, pb.BundlePart]
    ) -> AsyncGenerator[pb.BundlePart]:
        caller, asked = require_role(Role.READER), wire.bundle_request(request.bundle)
        parts = in_parts(lambda begun: self._service.assemble(caller, asked, begun))
        async with aclosing(parts):
            async for part in parts:
                if isinstance(part, Header):
                    yield wire.header_part(part)
                    continue
                bundle = wire.bundle_message(part, timings=request.bundle.timings)
                for message in wire.bundle_parts(bundle, markdown=request.markdown):
                    yield message
