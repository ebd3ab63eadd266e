"""Real servers on loopback, with servicers whose answers each test chooses."""

from __future__ import annotations

import asyncio
import contextvars
import json
import socket
from contextlib import asynccontextmanager
from uuid import UUID

import grpc
import pytest

from pampax.core.identity import Caller, Role
from pampax.runtime import context
from pampax.runtime.caller import enter_caller
from pampax.runtime.channel import connect
from pampax.runtime.logging import configure_logging
from pampax.runtime.server import start
from pampax.runtime.settings import AuthSettings, Settings
from pampax.v1 import search_service_pb2 as pb
from pampax.v1 import search_service_pb2_grpc as rpc

SEARCH = "pampax.v1.SearchService"
STREAMS = "pampax.test.StreamService"


@pytest.fixture
def secret():
    return "5e" * 32


@pytest.fixture
def caller():
    return Caller(UUID(int=1), UUID(int=2), Role.WRITER)


@pytest.fixture
def settings(secret):
    return Settings(mode="embedded", auth=AuthSettings(caller_secret=secret))


@pytest.fixture
def search_service():
    """`search_service(answer)` registers a SearchService whose SearchChunks is `answer`; it has no ReadFile."""

    def build(answer):
        class Servicer(rpc.SearchServiceServicer):
            async def SearchChunks(self, request, context):  # noqa: N802 - the name is the protocol's
                return await answer(request, context)

        def register(server):
            rpc.add_SearchServiceServicer_to_server(Servicer(), server)
            return [SEARCH]

        return register

    return build


@pytest.fixture
def stream_service():
    """`stream_service(unary_stream=..., stream_unary=..., stream_stream=...)`: plain bytes under their own names."""

    def build(**behaviours):
        handlers = {kind: getattr(grpc, f"{kind}_rpc_method_handler")(do) for kind, do in behaviours.items()}

        def register(server):
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(STREAMS, handlers),))
            return [STREAMS]

        return register

    return build


@pytest.fixture
def serving(settings):
    """`async with serving(register) as channel`: a channel to a server that lives as long."""

    @asynccontextmanager
    async def serve(register, **options):
        server = await start("test", "127.0.0.1:0", register, settings, **options)
        try:
            async with connect(f"127.0.0.1:{server.port}") as channel:
                yield channel
        finally:
            await server.drain()

    return serve


@pytest.fixture
def searching(serving, search_service):
    """`async with searching(answer) as stub`: a SearchService that answers so."""

    @asynccontextmanager
    async def search(answer, **options):
        async with serving(search_service(answer), **options) as channel:
            yield rpc.SearchServiceStub(channel)

    return search


@pytest.fixture
def acting(caller, secret):
    """`await acting(work)`: runs it as one request with caller, ids and deadline that hold inside and nowhere else."""

    async def act(work, *, within_s=None, anonymous=False, **metadata):
        async def request():
            context.enter_request({name.replace("_", "-"): value for name, value in metadata.items()})
            if not anonymous:
                enter_caller(caller, secret)
            if within_s is not None:
                context.enter_deadline(within_s)
            return await work()

        return await asyncio.create_task(request(), context=contextvars.Context())

    return act


@pytest.fixture(autouse=True)
def _logging(capfd):
    """Log lines go to the stderr of this test."""
    configure_logging("test", "info", "json")


@pytest.fixture
def json_logs():
    """`json_logs(capfd)`: the log lines so far; anything on stderr that is none fails the test."""

    def read(capfd):
        return [json.loads(line) for line in capfd.readouterr().err.splitlines()]

    return read


@pytest.fixture
def connected():
    """`async with connected(port) as channel`."""
    return lambda port: connect(f"127.0.0.1:{port}")


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def nothing_found():
    async def answer(request, context):
        return pb.SearchChunksResponse()

    return answer
