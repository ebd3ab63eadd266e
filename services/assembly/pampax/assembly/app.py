"""Composition root: the only place that names the concrete parts of the assembly service."""

from __future__ import annotations

from grpc import aio

from pampax.assembly.rpc import SERVICE, AssemblyServicer
from pampax.assembly.searching import Search
from pampax.assembly.service import AssemblyService
from pampax.core.errors import PampaxError
from pampax.runtime.channel import connect
from pampax.runtime.server import serve
from pampax.runtime.settings import Settings
from pampax.storage.database import Database
from pampax.v1 import assembly_service_pb2_grpc as pb_grpc


async def run(settings: Settings) -> None:
    """Serves until it is told to stop."""
    settings.require("database.url", "auth.caller_secret")
    database = Database(settings.database.url, pool_max=settings.database.pool_max, component="assembly")
    channel = connect(settings.search.address)
    service = AssemblyService(database, Search(channel))

    def register(server: aio.Server) -> list[str]:
        pb_grpc.add_AssemblyServiceServicer_to_server(AssemblyServicer(service), server)
        return [SERVICE]

    async def ready() -> bool:
        try:
            await database.open()
            async with database.untenanted(timeout_s=1.0, read_only=True) as conn:
                await conn.execute("SELECT 1")
        except PampaxError:
            return False
        return True

    close = [database.close, channel.close, service.close]
    await serve("assembly", settings.assembly.address, register, settings, close=close, ready=ready)
