"""What travels with a call from service to service: ids, deadline; and what happens when nobody answers."""

from __future__ import annotations

import asyncio

import pytest

from pampax.core.errors import DeadlineExceeded, NotFound, Unavailable
from pampax.runtime import context
from pampax.runtime.channel import call, connect
from pampax.runtime.server import start
from pampax.runtime.steps import MAX_DEADLINE_S
from pampax.v1 import search_service_pb2 as pb
from pampax.v1 import search_service_pb2_grpc as rpc

REQUEST = pb.SearchChunksRequest(query="q")
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def describe(request, servicer_context):
    """The ids that hold in the servicer and the milliseconds that remain."""
    remaining_ms = int((context.remaining_s() or 0) * 1_000)
    return pb.SearchChunksResponse(intent=f"{context.corr_id.get()} {context.traceparent.get()} {remaining_ms}")


async def test_request_id_and_trace_are_forwarded_over_two_hops(searching, acting):
    async with searching(describe) as inner:

        async def ask_inner(request, servicer_context):
            return await call(inner.SearchChunks, request, timeout_s=5)

        async with searching(ask_inner) as outer:
            response = await acting(
                lambda: call(outer.SearchChunks, REQUEST, timeout_s=5), x_request_id="req-7", traceparent=TRACE
            )
    assert response.intent.split()[:2] == ["req-7", TRACE]


async def test_request_id_and_trace_are_echoed_with_the_answer(searching):
    async with searching(describe, authenticate=False) as stub:
        pending = stub.SearchChunks(REQUEST, timeout=5, metadata=[("x-request-id", "req-8"), ("traceparent", TRACE)])
        await pending
        trailing = await pending.trailing_metadata()
    assert (trailing["x-request-id"], trailing["traceparent"]) == ("req-8", TRACE)


async def test_they_are_echoed_with_an_error_too(searching):
    async def fail(request, servicer_context):
        raise NotFound("nothing here")

    async with searching(fail, authenticate=False) as stub:
        pending = stub.SearchChunks(REQUEST, timeout=5, metadata=[("x-request-id", "req-9")])
        trailing = await pending.trailing_metadata()
    assert trailing["x-request-id"] == "req-9"
    assert len(trailing.get_all("grpc-status-details-bin")) == 1


async def test_a_request_without_an_id_gets_one_and_a_malformed_one_is_replaced(searching):
    async with searching(describe, authenticate=False) as stub:
        first = stub.SearchChunks(REQUEST, timeout=5)
        second = stub.SearchChunks(REQUEST, timeout=5, metadata=[("x-request-id", "a b"), ("traceparent", "nonsense")])
        given = [(await one.trailing_metadata())["x-request-id"] for one in (first, second)]
    assert all(len(each) == 32 for each in given)
    assert given[0] != given[1]


async def test_the_deadline_shrinks_from_hop_to_hop(searching, acting):
    remaining = {}

    async def innermost(request, servicer_context):
        remaining["inner"] = context.remaining_s()
        return pb.SearchChunksResponse()

    async with searching(innermost) as inner:

        async def ask_inner(request, servicer_context):
            remaining["outer"] = context.remaining_s()
            await asyncio.sleep(0.3)  # more than the 100 ms to which the wire rounds such a deadline
            return await call(inner.SearchChunks, request, timeout_s=3_600)

        async with searching(ask_inner) as outer:
            await acting(lambda: call(outer.SearchChunks, REQUEST, timeout_s=9))
    assert 0 < remaining["inner"] < remaining["outer"] < 9.2


async def test_a_call_without_a_deadline_gets_one(searching):
    async with searching(describe, authenticate=False) as stub:
        response = await stub.SearchChunks(REQUEST)
    assert 0 < int(response.intent.split()[2]) <= 30_000


async def test_nothing_is_sent_when_no_time_is_left(searching, acting):
    asked = []

    async def answer(request, servicer_context):
        asked.append(request)
        return pb.SearchChunksResponse()

    async with searching(answer) as stub:
        with pytest.raises(DeadlineExceeded, match="no time is left"):
            await acting(lambda: call(stub.SearchChunks, REQUEST, timeout_s=5), within_s=-1.0)
    assert not asked


async def test_a_read_that_finds_nobody_once_is_tried_again(searching, acting):
    tries = []

    async def answer(request, servicer_context):
        tries.append(1)
        if len(tries) < 3:
            raise Unavailable("not now; retry", retry_after_s=0.01)
        return pb.SearchChunksResponse(intent="found")

    async with searching(answer) as stub:
        response = await acting(lambda: call(stub.SearchChunks, REQUEST, timeout_s=10))
    assert (response.intent, len(tries)) == ("found", 3)


@pytest.mark.parametrize(
    ("error", "retries", "expected"),
    [
        (Unavailable("not now; retry", retry_after_s=0.01), 2, 3),
        (Unavailable("not now; retry", retry_after_s=0.01), 0, 1),
        (Unavailable("come back much later", retry_after_s=60), 2, 1),
        (NotFound("no such ref"), 2, 1),
    ],
)
async def test_tries_are_bounded(searching, acting, error, retries, expected):
    tries = []

    async def answer(request, servicer_context):
        tries.append(1)
        raise error

    async with searching(answer) as stub:
        with pytest.raises(type(error)):
            await acting(lambda: call(stub.SearchChunks, REQUEST, timeout_s=10, retries=retries))
    assert len(tries) == expected


async def test_tries_do_not_multiply_over_hops(searching, acting):
    tries = []

    async def innermost(request, servicer_context):
        tries.append(1)
        raise Unavailable("Postgres does not answer; retry", retry_after_s=0.01)

    async with searching(innermost) as inner:

        async def ask_inner(request, servicer_context):
            return await call(inner.SearchChunks, request, timeout_s=5)

        async with searching(ask_inner) as outer:
            with pytest.raises(Unavailable, match="Postgres"):
                await acting(lambda: call(outer.SearchChunks, REQUEST, timeout_s=10))
    assert len(tries) == 3


async def test_no_try_is_made_after_the_time_is_up(searching, acting):
    tries = []

    async def answer(request, servicer_context):
        tries.append(1)
        raise Unavailable("not now; retry", retry_after_s=5)

    async with searching(answer) as stub:
        with pytest.raises(Unavailable):
            await acting(lambda: call(stub.SearchChunks, REQUEST, timeout_s=4))
    assert len(tries) == 1


async def test_a_service_that_is_not_there_is_unavailable(acting, free_port):
    async with connect(f"127.0.0.1:{free_port}") as channel:
        stub = rpc.SearchServiceStub(channel)
        with pytest.raises(Unavailable, match="does not answer"):
            await acting(lambda: call(stub.SearchChunks, REQUEST, timeout_s=10))


async def test_a_restarted_service_is_found_again_on_the_same_channel(acting, free_port, settings, search_service):
    address = f"127.0.0.1:{free_port}"
    async with connect(address) as channel:
        stub = rpc.SearchServiceStub(channel)
        for _ in range(2):
            server = await start("test", address, search_service(describe), settings)
            answered = await acting(lambda: until_answered(stub), x_request_id="req")
            await server.drain()
            assert answered.intent.startswith("req ")


async def until_answered(stub):
    async with asyncio.timeout(30):
        while True:
            try:
                return await call(stub.SearchChunks, REQUEST, timeout_s=5)
            except Unavailable:
                await asyncio.sleep(0.1)


async def test_a_deadline_is_never_longer_than_the_most(searching):
    async with searching(describe, authenticate=False) as stub:
        response = await stub.SearchChunks(REQUEST, timeout=10_000_000)
    assert 0 < int(response.intent.split()[2]) <= MAX_DEADLINE_S * 1_000
