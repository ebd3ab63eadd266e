"""What is counted and told of every call."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from pampax.core.errors import NotFound, Unavailable
from pampax.runtime.channel import connect
from pampax.runtime.server import start
from pampax.runtime.settings import AuthSettings, SearchSettings, Settings, TelemetrySettings
from pampax.runtime.telemetry.metrics import REGISTRY
from pampax.v1 import search_service_pb2 as pb
from pampax.v1 import search_service_pb2_grpc as rpc

METHOD = "pampax.v1.SearchService/SearchChunks"
REQUEST = pb.SearchChunksRequest(query="q")


def value(name, **labels):
    return REGISTRY.get_sample_value(name, labels) or 0.0


def answered(status):
    return value("pampax_rpc_requests_total", method=METHOD, status=status)


async def test_an_answer_is_counted_by_its_status_and_timed(searching):
    async def answer(request, servicer_context):
        assert value("pampax_rpc_in_flight", method=METHOD) == 1
        return pb.SearchChunksResponse()

    before = answered("OK"), value("pampax_rpc_seconds_count", method=METHOD)
    async with searching(answer, authenticate=False) as stub:
        await stub.SearchChunks(REQUEST, timeout=5)
    assert (answered("OK"), value("pampax_rpc_seconds_count", method=METHOD)) == (before[0] + 1, before[1] + 1)
    assert value("pampax_rpc_in_flight", method=METHOD) == 0


@pytest.mark.parametrize(
    ("failure", "kind"),
    [(NotFound("no"), "NotFound"), (Unavailable("no"), "Unavailable"), (ValueError("no"), "Internal")],
)
async def test_a_failure_is_counted_by_its_kind(searching, failure, kind):
    async def fail(request, servicer_context):
        raise failure

    before = value("errors_total", kind=kind)
    async with searching(fail, authenticate=False) as stub:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.SearchChunks(REQUEST, timeout=5)
    assert value("errors_total", kind=kind) == before + 1
    assert answered(caught.value.code().name) >= 1


async def test_a_call_that_its_client_gave_up_is_no_longer_in_flight(searching):
    begun, ended = asyncio.Event(), asyncio.Event()

    async def wait(request, servicer_context):
        begun.set()
        try:
            await asyncio.sleep(30)
        finally:
            ended.set()

    before = answered("CANCELLED")
    async with searching(wait, authenticate=False) as stub:
        pending = stub.SearchChunks(REQUEST, timeout=20)
        await asyncio.wait_for(begun.wait(), 5)
        pending.cancel()
        await asyncio.wait_for(ended.wait(), 5)
        await asyncio.sleep(0.05)
    assert answered("CANCELLED") == before + 1
    assert value("pampax_rpc_in_flight", method=METHOD) == 0


def settings(secret, *, on):
    return Settings(
        mode="embedded",
        auth=AuthSettings(caller_secret=secret),
        search=SearchSettings(metrics_address="127.0.0.1:0"),
        telemetry=TelemetrySettings(metrics=on),
    )


async def test_a_service_shows_its_metrics_until_it_has_drained(search_service, secret):
    server = await start("search", "127.0.0.1:0", search_service(None), settings(secret, on=True))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.metrics_port)
    writer.write(b"GET /metrics HTTP/1.0\r\n\r\n")
    assert b"pampax_rpc_seconds" in await asyncio.wait_for(reader.read(), 5)
    writer.close()
    await writer.wait_closed()
    await server.drain()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", server.metrics_port)


async def test_with_metrics_off_nothing_is_counted_and_nothing_listens(search_service, secret):

    async def answer(request, servicer_context):
        return pb.SearchChunksResponse()

    before = answered("OK")
    server = await start(
        "search", "127.0.0.1:0", search_service(answer), settings(secret, on=False), authenticate=False
    )
    async with connect(f"127.0.0.1:{server.port}") as channel:
        await rpc.SearchServiceStub(channel).SearchChunks(REQUEST, timeout=5)
    assert server.metrics_port is None
    assert answered("OK") == before
    await server.drain()
