"""What a client of any service gets when something goes wrong."""

from __future__ import annotations

import asyncio
import json

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc import aio
from grpc_status import rpc_status

from pampax.core.errors import (
    BY_GRPC_CODE,
    DeadlineExceeded,
    Internal,
    InvalidRequest,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from pampax.runtime.caller import CALLER_KEY, sign_caller
from pampax.runtime.channel import call
from pampax.runtime.transport import MAX_MESSAGE_BYTES
from pampax.v1 import search_service_pb2 as pb

REQUEST = pb.SearchChunksRequest(query="q")


def failing_with(error):
    async def answer(request, context):
        raise error

    return answer


def details_of(status: status_pb2.Status, kind):
    found = []
    for packed in status.details:
        detail = kind()
        if packed.Unpack(detail):
            found.append(detail)
    return found


@pytest.fixture
def status_of(searching, caller, secret):
    """The google.rpc.Status and the error of one call without any help of ours on the client's side."""

    async def ask(error):
        async with searching(failing_with(error)) as stub:
            with pytest.raises(aio.AioRpcError) as caught:
                await stub.SearchChunks(REQUEST, timeout=5, metadata=[(CALLER_KEY, sign_caller(caller, secret))])
        return rpc_status.from_call(caught.value), caught.value

    return ask


@pytest.mark.parametrize("leaf", BY_GRPC_CODE.values(), ids=lambda leaf: leaf.__name__)
async def test_every_error_carries_its_code_and_exactly_one_error_info(status_of, leaf):
    status, error = await status_of(leaf("it went wrong; do this", reason="THE_REASON", metadata={"limit": "3"}))
    (info,) = details_of(status, error_details_pb2.ErrorInfo)
    assert error.code().name == leaf.grpc_code
    assert error.details() == "it went wrong; do this"
    assert (info.reason, info.domain, dict(info.metadata)) == ("THE_REASON", "pampax", {"limit": "3"})


async def test_wrong_fields_are_named_in_bad_request(status_of):
    status, _ = await status_of(InvalidRequest("two fields are wrong", fields={"query": "is empty", "limit": "1..100"}))
    (bad,) = details_of(status, error_details_pb2.BadRequest)
    assert {violation.field: violation.description for violation in bad.field_violations} == {
        "query": "is empty",
        "limit": "1..100",
    }


async def test_unavailable_says_when_to_come_back(status_of):
    status, _ = await status_of(Unavailable("Postgres does not answer; retry", retry_after_s=1.5))
    (retry,) = details_of(status, error_details_pb2.RetryInfo)
    assert retry.retry_delay.ToMilliseconds() == 1_500


async def test_unavailable_without_a_time_says_one_all_the_same(status_of):
    status, _ = await status_of(Unavailable("Postgres does not answer; retry"))
    assert details_of(status, error_details_pb2.RetryInfo)


async def test_what_nobody_foresaw_is_internal_and_leaks_nothing(status_of, capfd, json_logs):
    status, error = await status_of(RuntimeError("password=hunter2"))
    (info,) = details_of(status, error_details_pb2.ErrorInfo)
    assert error.code() is grpc.StatusCode.INTERNAL
    assert info.reason == "INTERNAL"
    assert info.metadata["corr_id"] in error.details()
    assert "hunter2" not in str(status)
    told = [line for line in json_logs(capfd) if "exception" in line]
    assert len(told) == 1
    assert told[0]["corr_id"] == info.metadata["corr_id"]


async def test_the_first_error_of_a_task_group_is_the_answer(status_of):
    status, error = await status_of(ExceptionGroup("parallel", [ValueError("x"), NotFound("no such repository")]))
    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert status.message == "no such repository"


async def test_a_method_without_an_implementation_is_unimplemented(searching, caller, secret):
    async with searching(failing_with(ValueError())) as stub:
        with pytest.raises(aio.AioRpcError) as caught:
            await stub.ReadFile(pb.ReadFileRequest(), timeout=5, metadata=[(CALLER_KEY, sign_caller(caller, secret))])
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_an_error_comes_out_of_call_as_it_went_in(searching, acting):
    sent = NotFound(
        "no ref `x`; see the refs", reason="REF_NOT_FOUND", metadata={"ref": "x"}, fields={"ref": "unknown"}
    )
    async with searching(failing_with(sent)) as stub:
        with pytest.raises(NotFound) as caught:
            await acting(lambda: call(stub.SearchChunks, REQUEST, timeout_s=5))
    got = caught.value
    assert (got.message, got.reason, got.metadata, got.fields) == (
        sent.message,
        sent.reason,
        sent.metadata,
        sent.fields,
    )


async def test_a_very_long_error_still_arrives(searching, acting):
    fields = {f"field_{number}": "ü" * 5_000 for number in range(500)}
    async with searching(failing_with(InvalidRequest("ü" * 50_000, fields=fields, metadata=fields))) as stub:
        with pytest.raises(InvalidRequest) as caught:
            await acting(lambda: call(stub.SearchChunks, REQUEST, timeout_s=5))
    assert caught.value.reason == "INVALID_REQUEST"
    assert caught.value.fields


async def test_a_message_above_the_limit_is_too_large(searching, acting):
    async with searching(failing_with(Internal("never reached"))) as stub:
        with pytest.raises(TooLarge, match="16 MiB"):
            await acting(
                lambda: call(stub.SearchChunks, pb.SearchChunksRequest(query="x" * MAX_MESSAGE_BYTES), timeout_s=5)
            )


async def test_an_answer_above_the_limit_is_too_large(searching, acting):
    async def answer(request, context):
        return pb.SearchChunksResponse(next_page_token="x" * MAX_MESSAGE_BYTES)

    async with searching(answer) as stub:
        with pytest.raises(TooLarge):
            await acting(lambda: call(stub.SearchChunks, REQUEST, timeout_s=5))


async def test_a_message_just_below_the_limit_passes(searching, acting):
    async def answer(request, context):
        return pb.SearchChunksResponse(intent=str(len(request.query)))

    size = MAX_MESSAGE_BYTES - 1_000
    async with searching(answer) as stub:
        response = await acting(lambda: call(stub.SearchChunks, pb.SearchChunksRequest(query="x" * size), timeout_s=20))
    assert response.intent == str(size)


async def test_a_passed_deadline_is_deadline_exceeded(searching, acting):
    async def answer(request, context):
        await asyncio.Event().wait()

    async with searching(answer) as stub:
        with pytest.raises(DeadlineExceeded):
            await acting(lambda: call(stub.SearchChunks, REQUEST, timeout_s=0.05))


async def test_a_timeout_of_the_servicers_own_is_not_mistaken_for_the_deadline(status_of):
    _, error = await status_of(TimeoutError("its own"))
    assert error.code() is grpc.StatusCode.INTERNAL


async def test_every_rpc_leaves_one_line_without_the_query(searching, acting, caller, capfd, json_logs):
    async def answer(request, context):
        if request.query == "secret words":
            raise NotFound("nothing", reason="REF_NOT_FOUND")

    async with searching(answer) as stub:
        with pytest.raises(NotFound):
            await acting(
                lambda: call(stub.SearchChunks, pb.SearchChunksRequest(query="secret words"), timeout_s=5),
                x_request_id="req-1",
            )
    lines = json_logs(capfd)
    (line,) = [line for line in lines if line["msg"] == "rpc"]
    assert line["op"] == "pampax.v1.SearchService/SearchChunks"
    assert (line["status"], line["err_code"], line["err_kind"]) == ("NOT_FOUND", "REF_NOT_FOUND", "NotFound")
    assert (line["corr_id"], line["tenant"], line["component"]) == ("req-1", str(caller.tenant_id), "test")
    assert line["duration_ms"] >= 0
    assert "secret words" not in json.dumps(lines)


async def test_the_servicers_cancellation_is_not_answered_as_our_fault(searching, acting, capfd, json_logs):
    started, ended = asyncio.Event(), asyncio.Event()

    async def answer(request, context):
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with searching(answer) as stub:
        asking = asyncio.create_task(acting(lambda: call(stub.SearchChunks, REQUEST, timeout_s=30)))
        await started.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await ended.wait()
    lines = json_logs(capfd)
    assert [line["status"] for line in lines if line["msg"] == "rpc"] == ["CANCELLED"]
    assert not [line for line in lines if "exception" in line]


async def test_an_unknown_servicer_error_does_not_pass_for_a_callers(searching, acting):
    async with searching(failing_with(KeyError("x"))) as stub:
        with pytest.raises(Internal) as caught:
            await acting(lambda: call(stub.SearchChunks, REQUEST, timeout_s=5))
    assert not isinstance(caught.value, Unauthenticated)
