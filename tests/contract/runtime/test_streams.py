"""The steps around an rpc hold for all four kinds of call."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import grpc
import pytest
from grpc import aio
from grpc_status import rpc_status

from pampax.core.errors import Aborted, NotFound, Unauthenticated
from pampax.runtime.caller import CALLER_KEY, current_caller, sign_caller
from pampax.runtime.channel import call_for_stream, call_stream
from pampax.runtime.context import remaining_s

PREFIX = "/pampax.test.StreamService/"


async def parts(*items):
    for item in items:
        yield item


async def count_up(request, context):
    for number in range(int(request)):
        yield b"%d" % number


async def count_up_by_writing(request, context):
    for number in range(int(request)):
        await context.write(b"%d" % number)


async def join(requests, context):
    current_caller()
    return b"".join([request async for request in requests])


async def echo(requests, context):
    async for request in requests:
        if request == b"bad":
            raise Aborted("one part is bad; send the rest again", reason="BAD_PART")
        yield request


@pytest.fixture
def token(caller, secret):
    return [(CALLER_KEY, sign_caller(caller, secret))]


@pytest.mark.parametrize("behaviour", [count_up, count_up_by_writing])
async def test_a_stream_of_answers_arrives_in_order(serving, stream_service, token, behaviour):
    async with serving(stream_service(unary_stream=behaviour)) as channel:
        stream = channel.unary_stream(PREFIX + "unary_stream")(b"5", timeout=5, metadata=token)
        assert [item async for item in stream] == [b"0", b"1", b"2", b"3", b"4"]


async def test_an_upload_carries_the_caller_and_is_answered(serving, stream_service, acting):
    async with serving(stream_service(stream_unary=join)) as channel:
        method = channel.stream_unary(PREFIX + "stream_unary")
        answer = await acting(lambda: call_stream(method, parts(b"a", b"b", b"c"), timeout_s=5))
    assert answer == b"abc"


async def test_an_upload_without_a_caller_is_refused(serving, stream_service, acting):
    async with serving(stream_service(stream_unary=join)) as channel:
        method = channel.stream_unary(PREFIX + "stream_unary")
        with pytest.raises(Unauthenticated):
            await acting(lambda: call_stream(method, parts(b"a"), timeout_s=5), anonymous=True)


async def test_an_error_in_the_middle_of_a_stream_ends_it_with_its_status(serving, stream_service, token):
    async with serving(stream_service(stream_stream=echo)) as channel:
        stream = channel.stream_stream(PREFIX + "stream_stream")(parts(b"a", b"bad", b"c"), timeout=5, metadata=token)
        assert await stream.read() == b"a"
        with pytest.raises(aio.AioRpcError) as caught:
            await stream.read()
    assert rpc_status.from_call(caught.value).message == "one part is bad; send the rest again"


async def test_an_error_before_the_first_answer_is_a_status_too(serving, stream_service, token):
    async def refuse(request, context):
        raise NotFound("no such repository")
        yield b""

    async with serving(stream_service(unary_stream=refuse)) as channel:
        with pytest.raises(aio.AioRpcError, match="no such repository"):
            await channel.unary_stream(PREFIX + "unary_stream")(b"", timeout=5, metadata=token).read()


async def test_streams_get_a_longer_deadline_of_their_own(serving, stream_service, token):
    async def tell(request, context):
        yield b"%d" % remaining_s()

    async with serving(stream_service(unary_stream=tell)) as channel:
        answer = await channel.unary_stream(PREFIX + "unary_stream")(b"", metadata=token).read()
    assert 30 < int(answer) <= 300


async def test_a_stream_that_the_client_does_not_read_ends_at_its_deadline(
    serving, stream_service, token, capfd, json_logs
):
    ended = asyncio.Event()

    async def flood(request, context):
        try:
            while True:
                yield b"x" * 100_000
        finally:
            ended.set()

    async with serving(stream_service(unary_stream=flood)) as channel:
        stream = channel.unary_stream(PREFIX + "unary_stream")(b"", timeout=2, metadata=token)
        await stream.read()
        async with asyncio.timeout(30):
            await ended.wait()
        assert await stream.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    (line,) = [line for line in json_logs(capfd) if line["msg"] == "rpc"]
    assert line["status"] in {"DEADLINE_EXCEEDED", "CANCELLED"}


async def told(method, request, *, timeout_s=5.0, most=None):
    found = []
    async with aclosing(call_for_stream(method, request, timeout_s=timeout_s)) as messages:
        async for message in messages:
            found.append(message)
            if len(found) == most:
                break
    return found


async def test_a_stream_is_asked_for_by_a_caller_and_comes_in_order(serving, stream_service, acting):
    async with serving(stream_service(unary_stream=count_up)) as channel:
        method = channel.unary_stream(PREFIX + "unary_stream")
        assert await acting(lambda: told(method, b"3")) == [b"0", b"1", b"2"]
        assert await acting(lambda: told(method, b"0")) == []
        with pytest.raises(Unauthenticated):
            await acting(lambda: told(method, b"3"), anonymous=True)


async def test_an_error_on_the_way_ends_the_stream_that_was_asked_for(serving, stream_service, acting):
    async def breaking(request, context):
        yield b"a"
        raise Aborted("one part is bad; send the rest again", reason="BAD_PART")

    async with serving(stream_service(unary_stream=breaking)) as channel:
        with pytest.raises(Aborted, match="one part is bad"):
            await acting(lambda: told(channel.unary_stream(PREFIX + "unary_stream"), b""))


class Endless:
    """Sends until it is ended."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()

    async def __call__(self, request, context):
        try:
            while True:
                yield bytes(1 << 20)
                await asyncio.sleep(0)
        finally:
            self.ended.set()


async def test_whoever_closes_a_stream_ends_the_work_behind_it(serving, stream_service, acting):
    endless = Endless()
    async with serving(stream_service(unary_stream=endless)) as channel:
        found = await acting(lambda: told(channel.unary_stream(PREFIX + "unary_stream"), b"", most=2))
        assert len(found) == 2
        async with asyncio.timeout(5):
            await endless.ended.wait()


async def test_a_client_that_takes_nothing_is_left(serving, stream_service, token, monkeypatch):
    monkeypatch.setattr("pampax.runtime.interceptors.SEND_S", 0.2)
    endless = Endless()
    async with serving(stream_service(unary_stream=endless)) as channel:
        stream = channel.unary_stream(PREFIX + "unary_stream")(b"", timeout=30, metadata=token)
        await stream.read()
        async with asyncio.timeout(10):
            await endless.ended.wait()
        stream.cancel()
