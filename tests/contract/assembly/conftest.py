"""The real service on a port, with nothing behind it: what it answers before it has asked anybody."""

from __future__ import annotations

import socket
from uuid import UUID

import pytest

from pampax.assembly.linked import Links
from pampax.assembly.rpc import SERVICE, AssemblyServicer
from pampax.assembly.searching import Search
from pampax.assembly.service import AssemblyService
from pampax.core.identity import Caller, Role
from pampax.runtime.caller import CALLER_KEY, sign_caller
from pampax.runtime.channel import connect
from pampax.runtime.server import start
from pampax.runtime.settings import AuthSettings, Settings
from pampax.storage.database import Database
from pampax.v1 import assembly_service_pb2_grpc as pb_grpc

SECRET = "5e" * 32


@pytest.fixture(scope="module")
def nowhere():
    """An address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture(scope="module")
async def channel(nowhere):
    database = Database(f"postgresql://pampax_service@{nowhere}/pampax", pool_max=1, component="test")
    settings = Settings(mode="embedded", auth=AuthSettings(caller_secret=SECRET))
    async with connect(nowhere) as search:
        service = AssemblyService(database, Search(search), Links(search))

        def register(server):
            pb_grpc.add_AssemblyServiceServicer_to_server(AssemblyServicer(service), server)
            return [SERVICE]

        running = await start("assembly", "127.0.0.1:0", register, settings)
        async with connect(f"127.0.0.1:{running.port}") as opened:
            yield opened
        await running.drain()
        await service.close()
    await database.close()


@pytest.fixture
def identity():
    caller = Caller(UUID(int=1), UUID(int=2), Role.READER)
    return {"metadata": ((CALLER_KEY, sign_caller(caller, SECRET)),), "timeout": 10}
