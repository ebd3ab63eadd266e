"""Composition root: the only place that names the concrete parts of the assembly service."""

from __future__ import annotations

from grpc import aio

from pampax.assembly.linked import Links
from pampax.assembly.rpc import SERVICE, AssemblyServicer
from pampax.assembly.searching import Search
from pampax.assembly.service import AssemblyService
from pampax.runtime.channel import connect
from pampax.runtime.server import serve
from pampax.runtime.settings import Settings
from pampax.storage.database import Database
from pampax.storage.readiness import Readiness, open_patiently
from pampax.v1 import assembly_service_pb2_grpc as pb_grpc


async def run(settings: Settings) -> None:
    """Serves until it is told to stop."""
    settings.require("database.url", "auth.caller_secret")
    database = Database(settings.database.url, pool_max=settings.database.pool_max, component="assembly")
    channel = connect(settings.search.address)
    service = AssemblyService(database, Search(channel), Links(channel))

    def register(server: aio.Server) -> list[str]:
        pb_grpc.add_AssemblyServiceServicer_to_server(AssemblyServicer(service), server)
        return [SERVICE]

    await open_patiently(database)
    close = [database.close, channel.close, service.close]
    readiness = Readiness(database)
    await serve(
        "assembly",
        settings.assembly.address,
        register,
        settings,
        close=close,
        ready=readiness.ready,
        tell=readiness.tell,
    )
