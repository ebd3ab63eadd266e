"""Bundles in parts through the gateway: over REST in both forms and over gRPC, with what can go wrong on the way."""

import asyncio
import json
from uuid import uuid4

import grpc
import httpx
import pytest

from pampax.core.errors import FailedPrecondition, Unavailable
from pampax.v1 import assembly_service_pb2, gateway_service_pb2_grpc

LINES = {"accept": "application/x-ndjson"}
EVENTS = {"accept": "text/event-stream"}


def body(**fields):
    return {"task": f"in parts {uuid4()}", **fields}


async def parts_of(client, asked, **query):
    answer = await client.post("/v1/bundles", json=asked, headers=LINES, params=query)
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_the_parts_come_a_line_each(client, behaviour):
    behaviour.pieces = 3
    header, *pieces, summary = await parts_of(client, asked := body())
    assert header["header"]["snapshots"][0]["repo"] == "code"
    assert [part["piece"]["tokens_used"] for part in pieces] == [5, 10, 15]
    assert pieces[0]["piece"]["content"] == "x = 1\ny = 2\n"
    assert "markdown" not in summary["summary"]
    whole = (await client.post("/v1/bundles", json=asked)).json()
    assert whole["signature"] == summary["summary"]["signature"]
    assert whole["cache"] == "hit"  # a stream that came to its end is kept
    assert len(whole["items"]) == 3


async def test_a_kept_answer_is_told_in_parts_too(client, behaviour):
    behaviour.pieces = 2
    whole = (await client.post("/v1/bundles", json=(asked := body()))).json()
    behaviour.calls.clear()
    header, first, second, summary = await parts_of(client, asked, markdown="true")
    assert behaviour.calls == []
    assert header["header"]["budget"]["used"] == 0
    assert [first["piece"]["rank"], second["piece"]["rank"]] == [1, 2]
    assert summary["summary"]["markdown"] == whole["markdown"]
    assert summary["summary"]["cache"] == "hit"


async def test_a_streamed_bundle_can_be_verified(client):
    *_, summary = await parts_of(client, body())
    found = await client.post(f"/v1/bundles/{summary['summary']['signature']}:verify")
    assert found.json()["status"] == "same"


async def test_browsers_get_events(client):
    answer = await client.post("/v1/bundles", json=body(), headers=EVENTS)
    assert answer.headers["content-type"].startswith("text/event-stream")
    names = [line.removeprefix("event: ") for line in answer.text.splitlines() if line.startswith("event: ")]
    assert names == ["header", "piece", "summary"]


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/event-stream", "text/html"])
async def test_who_asks_for_no_stream_first_gets_the_whole(client, accept):
    answer = await client.post("/v1/bundles", json=body(), headers={"accept": accept})
    assert answer.json()["markdown"]


async def test_what_is_wrong_with_the_request_is_a_problem_and_no_stream(client):
    answer = await client.post("/v1/bundles", json=body(repos=["nowhere"]), headers=LINES)
    assert (answer.status_code, answer.json()["reason"]) == (404, "REPOSITORY_NOT_FOUND")
    asked = body(must_include=["a.py"], exclude_globs=["*.py"])
    answer = await client.post("/v1/bundles", json=asked, headers=LINES)
    assert answer.status_code == 400
    assert "drop one of the two" in answer.json()["detail"]


async def test_what_fails_on_the_way_is_the_last_line(client, behaviour):
    behaviour.late_error = Unavailable("it rests")
    *_, piece, error = await parts_of(client, asked := body())
    assert piece["piece"]["path"] == "a.py"
    assert (error["error"]["status"], "it rests" in error["error"]["detail"]) == (503, True)
    behaviour.late_error = None
    assert (await client.post("/v1/bundles", json=asked)).json()["cache"] == "miss"  # half a bundle is not kept


async def test_a_refusal_behind_the_header_is_told_with_its_reason(client, behaviour):
    behaviour.error = FailedPrecondition("must_include needs 900 tokens", reason="MUST_INCLUDE_TOO_LARGE")
    header, error = await parts_of(client, body())
    assert "header" in header
    assert (error["error"]["status"], error["error"]["reason"]) == (409, "MUST_INCLUDE_TOO_LARGE")


async def test_a_client_that_leaves_ends_the_work_behind(client, behaviour):
    behaviour.delay_s = 60
    async with client.stream("POST", "/v1/bundles", json=body(), headers=LINES) as answer:
        lines = answer.aiter_lines()
        assert "header" in json.loads(await anext(lines))
    async with asyncio.timeout(10):
        await behaviour.cancelled.wait()


async def test_a_client_of_grpc_that_leaves_ends_the_work_behind(gateway, published, behaviour):
    behaviour.delay_s = 60
    asked = assembly_service_pb2.StreamBundleRequest(bundle=assembly_service_pb2.AssembleBundleRequest(**body()))
    async with gateway.channel() as channel:
        stub = gateway_service_pb2_grpc.GatewayServiceStub(channel)
        call = stub.StreamBundle(asked, metadata=(("authorization", f"Bearer {published.key}"),))
        assert (await call.read()).HasField("header")
        call.cancel()
        async with asyncio.timeout(10):
            await behaviour.cancelled.wait()


async def test_an_error_on_the_way_reaches_clients_of_grpc(gateway, published, behaviour):
    behaviour.late_error = Unavailable("it rests")
    asked = assembly_service_pb2.StreamBundleRequest(bundle=assembly_service_pb2.AssembleBundleRequest(**body()))
    async with gateway.channel() as channel:
        stub = gateway_service_pb2_grpc.GatewayServiceStub(channel)
        call = stub.StreamBundle(asked, metadata=(("authorization", f"Bearer {published.key}"),))
        with pytest.raises(grpc.aio.AioRpcError, match="it rests"):
            [part async for part in call]


async def test_timings_belong_to_the_answer_that_was_made(client):
    made, kept = [(await client.post("/v1/bundles", json=asked)).json() for asked in [body()] * 2]
    assert made["timings"] == [{"stage": "search", "duration_ms": 1.5}]
    assert (kept["cache"], kept["timings"]) == ("hit", [])
    shown = (await client.get(f"/v1/bundles/{made['signature']}")).json()
    assert shown["timings"] == []
    assert (await client.post(f"/v1/bundles/{made['signature']}:verify")).json()["status"] == "same"


async def test_every_option_makes_an_answer_of_its_own(client, behaviour):
    asked = body()
    options = [
        {}, {"must_include": ["a.py"]}, {"exclude_globs": ["b/"]}, {"tests": "with"}, {"docs": "without"},
        {"config": "with"}, {"depth": 0}, {"policy": "broad"}, {"format": "compact"},
    ]  # fmt: skip
    answers = [(await client.post("/v1/bundles", json={**asked, **option})).json()["cache"] for option in options]
    assert answers == ["miss"] * len(options)
    usual = {"tests": "auto", "depth": 1, "policy": "balanced", "format": "json", "must_include": []}
    assert (await client.post("/v1/bundles", json={**asked, **usual})).json()["cache"] == "hit"


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("policy", "greedy", "balanced"),
        ("format", "pdf", "compact"),
        ("tests", "no", "without"),
        ("depth", 9, "between 0 and 3"),
        ("must_include", ["../a.py"], "relative to the repository's root"),
        ("must_include", ["a.py:9-7"], "lines count from 1"),
        ("must_include", ["a.py"] * 21, "at most 20"),
        ("exclude_globs", ["a"] * 17, "at most 16"),
        ("exclude_globs", ["!a"], "names no paths"),
        ("tokenizer", "gpt2", "o200k_base"),
    ],
)
async def test_bad_options_are_refused_in_words(client, field, value, told):
    answer = await client.post("/v1/bundles", json=body(**{field: value}))
    assert answer.status_code == 400
    assert told in json.dumps(answer.json())


async def test_a_client_that_reads_nothing_does_not_hold_what_others_need(gateway, published, behaviour):
    behaviour.pieces = 2_000
    async with (
        httpx.AsyncClient(
            base_url=gateway.http, headers={"authorization": f"Bearer {published.key}"}, timeout=30
        ) as idle,
        idle.stream("POST", "/v1/bundles", json=body(), headers=LINES) as answer,
    ):
        assert answer.status_code == 200
        behaviour.pieces = 1
        async with gateway.client(published.key) as other:
            assert (await other.post("/v1/bundles", json=body())).status_code == 200
