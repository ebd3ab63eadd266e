"""/mcp of a gateway that many share: who may do what, and what becomes of calls when something behind it fails."""

import asyncio
import json
import signal
import time

import pytest

from pampax.core.errors import Unavailable
from pampax.gateway import bounds
from pampax.mcp.running import WAIT_S

HEADERS = {"accept": "application/json, text/event-stream"}


def call(tool, **arguments):
    params = {"name": tool, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


async def told(client, tool, **arguments):
    """Whether it is an error, and the text."""
    answer = await client.post("/mcp", json=call(tool, **arguments), headers=HEADERS)
    assert answer.status_code == 200, answer.text
    (line,) = [line for line in answer.text.splitlines() if line.startswith("data: ")]
    result = json.loads(line.removeprefix("data: "))["result"]
    return result.get("isError", False), result["content"][0]["text"]


async def looked_at(behaviour):
    """Until the gateway has asked how an operation stands."""
    async with asyncio.timeout(10):
        while True:
            if "GetOperation" in behaviour.calls:
                return
            await asyncio.sleep(0.05)


async def test_a_folder_of_the_server_is_refused_with_what_to_do_instead(client, behaviour):
    is_error, text = await told(client, "index_project", path="/etc")
    assert is_error
    assert "a folder may be named by the key of an embedded system only" in text
    assert "Next: give git_url instead" in text
    assert "CreateRepository" not in behaviour.calls


async def test_a_reader_may_not_index(gateway, tenant, publish):
    reader = tenant(role="reader")
    publish(reader)
    async with gateway.client(reader.key) as client:
        is_error, text = await told(client, "index_project", git_url="https://git.example.com/a.git", name="b")
        assert is_error
        assert "this needs the role writer" in text
        is_error, text = await told(client, "search_code", query="f")
        assert not is_error
        assert "a.py:1-3 f" in text


async def test_a_caller_reads_what_its_own_tenant_has(gateway, published, tenant, publish):
    other = tenant()
    publish(other, "secret")
    async with gateway.client(published.key) as client:
        is_error, text = await told(client, "search_code", query="f", repos=["secret"])
        assert is_error
        assert "not found, or not readable with this key" in text


async def test_a_service_that_is_away_is_told_as_such(client, behaviour):
    behaviour.error = Unavailable("it is being moved")
    is_error, text = await told(client, "search_code", query="away")
    assert is_error
    assert "search: it is being moved" in text
    assert "Next: wait a few seconds and call it again" in text


async def test_what_nobody_foresaw_is_told_with_the_id_of_the_request_alone(client, behaviour):
    async def fail():
        raise ValueError("a secret of the code")

    behaviour.before_answer = fail
    is_error, text = await told(client, "search_code", query="unforeseen")
    assert is_error
    assert "a secret of the code" not in text
    assert "request id" in text


async def test_work_for_a_client_that_has_left_is_cancelled(client, behaviour):
    behaviour.delay_s = 60
    asking = asyncio.create_task(client.post("/mcp", json=call("search_code", query="slow"), headers=HEADERS))
    await asyncio.wait_for(behaviour.begun.wait(), 10)
    asking.cancel()
    await asyncio.wait_for(behaviour.cancelled.wait(), 10)


async def test_a_search_is_cached_for_rest_and_agents_alike(client, behaviour):
    await told(client, "search_code", query="shared by both")
    body = {"query": "shared by both", "limit": 10, "mode": "hybrid"}
    assert (await client.post("/v1/search", json=body)).json()["cache"] == "hit"
    assert behaviour.calls == ["SearchChunks"]


async def test_requests_are_counted_by_their_route(client):
    await told(client, "search_code", query="counted")
    metrics = (await client.get("/metrics")).text
    assert 'pampax_http_requests_total{route="mcp",status="200"}' in metrics


async def test_who_waits_for_a_run_is_told_how_it_stands_when_the_gateway_stops(
    environment, start_gateway, published, behaviour
):
    async with start_gateway(environment()) as stopping, stopping.client(published.key) as client:
        waiting = asyncio.create_task(told(client, "update_project", repo="code"))
        await looked_at(behaviour)
        began = time.monotonic()
        stopping.process.send_signal(signal.SIGTERM)
        is_error, text = await waiting
        assert not is_error
        assert "It goes on by itself" in text
        assert time.monotonic() - began < bounds.SEND_S


async def test_a_call_that_waits_ends_before_the_exchange_does():
    assert WAIT_S < bounds.MCP_S


@pytest.fixture(autouse=True)
def _as_new(behaviour):
    """Each test finds the services behind well."""
