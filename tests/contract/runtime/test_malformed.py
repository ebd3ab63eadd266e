"""Bytes that are no message of ours: a clear refusal, for each kind of call, and nothing that hangs or is unknown."""

from __future__ import annotations

import grpc
import pytest
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2
from grpc import aio
from grpc_status import rpc_status

from pampax.runtime.caller import CALLER_KEY, sign_caller
from pampax.v1 import search_service_pb2 as pb

METHOD = "/pampax.v1.SearchService/SearchChunks"
STREAMS = "pampax.test.MessageService"
GARBAGE = b"\xff\xff\xff\xff"
GOOD = pb.SearchChunksRequest(query="q").SerializeToString()


@pytest.fixture
def token(caller, secret):
    return [(CALLER_KEY, sign_caller(caller, secret))]


@pytest.fixture
def message_streams():
    """A service whose methods take streams of messages."""

    async def count(requests, context):
        return b"%d" % len([request async for request in requests])

    async def echo(requests, context):
        async for request in requests:
            yield request.query.encode()

    def register(server):
        handlers = {
            "count": grpc.stream_unary_rpc_method_handler(count, pb.SearchChunksRequest.FromString),
            "echo": grpc.stream_stream_rpc_method_handler(echo, pb.SearchChunksRequest.FromString),
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(STREAMS, handlers),))
        return [STREAMS]

    return register


def reason_of(error: aio.AioRpcError) -> tuple[grpc.StatusCode, str]:
    info = error_details_pb2.ErrorInfo()
    (packed,) = [detail for detail in rpc_status.from_call(error).details if detail.Is(info.DESCRIPTOR)]
    packed.Unpack(info)
    return error.code(), info.reason


MALFORMED = (grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_MESSAGE")


async def test_a_message_that_does_not_decode_is_the_callers_mistake(
    serving, search_service, nothing_found, token, capfd, json_logs
):
    async with serving(search_service(nothing_found)) as channel:
        with pytest.raises(aio.AioRpcError) as caught:
            await channel.unary_unary(METHOD)(GARBAGE, timeout=5, metadata=token)
    assert reason_of(caught.value) == MALFORMED
    assert "same version" in caught.value.details()
    (line,) = [line for line in json_logs(capfd) if line["msg"] == "rpc"]
    assert (line["status"], line["err_code"]) == ("INVALID_ARGUMENT", "MALFORMED_MESSAGE")


async def test_it_is_looked_at_only_after_the_caller_is_known(serving, search_service, nothing_found):
    async with serving(search_service(nothing_found)) as channel:
        with pytest.raises(aio.AioRpcError) as caught:
            await channel.unary_unary(METHOD)(GARBAGE, timeout=5)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_text_that_is_not_utf8_does_not_decode_either(serving, search_service, nothing_found, token):
    raw = pb.SearchChunksRequest(query="ab").SerializeToString().replace(b"ab", b"\xff\xfe")
    with pytest.raises(DecodeError):
        pb.SearchChunksRequest.FromString(raw)
    async with serving(search_service(nothing_found)) as channel:
        with pytest.raises(aio.AioRpcError) as caught:
            await channel.unary_unary(METHOD)(raw, timeout=5, metadata=token)
    assert reason_of(caught.value) == MALFORMED


async def test_a_stream_ends_at_the_message_that_does_not_decode(serving, message_streams, token):
    async with serving(message_streams) as channel:
        counting = channel.stream_unary(f"/{STREAMS}/count")
        assert await counting(iter([GOOD, GOOD]), timeout=5, metadata=token) == b"2"
        with pytest.raises(aio.AioRpcError) as caught:
            await counting(iter([GOOD, GARBAGE, GOOD]), timeout=5, metadata=token)
        assert reason_of(caught.value) == MALFORMED

        echoing = channel.stream_stream(f"/{STREAMS}/echo")(iter([GOOD, GARBAGE]), timeout=5, metadata=token)
        assert await echoing.read() == b"q"
        with pytest.raises(aio.AioRpcError) as caught:
            await echoing.read()
    assert reason_of(caught.value) == MALFORMED
