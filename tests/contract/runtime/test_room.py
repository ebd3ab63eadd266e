"""A server that has too much to do says so, and still tells how it is."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from pampax.core.errors import ResourceExhausted
from pampax.runtime import steps as steps_module
from pampax.runtime.channel import call
from pampax.runtime.room import Room
from pampax.v1 import search_service_pb2 as pb
from pampax.v1 import search_service_pb2_grpc as rpc

SEARCH = "pampax.v1.SearchService"
REQUEST = pb.SearchChunksRequest(query="q")
MOST = 2


@pytest.fixture(autouse=True)
def _little_room(monkeypatch):
    monkeypatch.setattr(steps_module, "Room", lambda: Room(MOST))


@pytest.fixture
def busy(serving, search_service):
    """A server whose calls wait until they are released."""
    release = asyncio.Event()
    begun = asyncio.Semaphore(0)

    async def wait(request, servicer_context):
        begun.release()
        await release.wait()
        return pb.SearchChunksResponse()

    return serving(search_service(wait), authenticate=False), begun, release


async def test_calls_beyond_the_most_are_refused_with_advice(busy):
    server, begun, release = busy
    async with server as channel:
        stub = rpc.SearchServiceStub(channel)
        waiting = [stub.SearchChunks(REQUEST, timeout=30) for _ in range(MOST)]
        for _ in range(MOST):
            await begun.acquire()
        refused = stub.SearchChunks(REQUEST, timeout=30)
        assert await refused.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        with pytest.raises(ResourceExhausted) as caught:
            await call(stub.SearchChunks, REQUEST, timeout_s=5)
        assert (caught.value.reason, caught.value.retry_after_s) == ("SERVER_BUSY", 1.0)

        release.set()
        assert [await each.code() for each in waiting] == [grpc.StatusCode.OK] * MOST
        await stub.SearchChunks(REQUEST, timeout=30)  # there is room again


async def test_the_refusal_carries_retry_info(busy):
    server, begun, release = busy
    async with server as channel:
        stub = rpc.SearchServiceStub(channel)
        waiting = [stub.SearchChunks(REQUEST, timeout=30) for _ in range(MOST)]
        for _ in range(MOST):
            await begun.acquire()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.SearchChunks(REQUEST, timeout=30)
        retry = error_details_pb2.RetryInfo()
        (packed,) = [each for each in rpc_status.from_call(caught.value).details if each.Is(retry.DESCRIPTOR)]
        packed.Unpack(retry)
        assert retry.retry_delay.ToMilliseconds() == 1_000
        release.set()
        await asyncio.gather(*waiting)


async def test_a_flood_does_not_make_a_healthy_service_look_dead(busy):
    server, _begun, release = busy
    async with server as channel:
        stub = rpc.SearchServiceStub(channel)
        flood = [asyncio.ensure_future(stub.SearchChunks(REQUEST, timeout=30).code()) for _ in range(50)]
        for each in asyncio.as_completed(flood):
            assert await each is grpc.StatusCode.RESOURCE_EXHAUSTED
            if sum(one.done() for one in flood) == len(flood) - MOST:
                break
        health = health_pb2_grpc.HealthStub(channel)
        for service in ("", SEARCH):
            answer = await health.Check(health_pb2.HealthCheckRequest(service=service), timeout=5)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        release.set()
        codes = await asyncio.gather(*flood)
    assert codes.count(grpc.StatusCode.OK) == MOST


async def test_those_who_give_up_leave_their_room_to_others(busy):
    server, begun, release = busy
    async with server as channel:
        stub = rpc.SearchServiceStub(channel)
        for _ in range(MOST * 3):
            waiting = stub.SearchChunks(REQUEST, timeout=30)
            await begun.acquire()
            waiting.cancel()
        release.set()
        await until_answered(stub)


async def until_answered(stub):
    """The server hears of a cancellation a moment later."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await call(stub.SearchChunks, REQUEST, timeout_s=5)
            except ResourceExhausted:
                await asyncio.sleep(0.01)
