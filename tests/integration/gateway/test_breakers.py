"""A service behind the gateway that goes away: clients hear of it at once, the other services go on, and so does it
when it is back."""

import asyncio
import time

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from pampax.core.errors import Unavailable
from pampax.v1.gateway_service_pb2_grpc import GatewayServiceStub
from pampax.v1.search_service_pb2 import SearchChunksRequest

from ...tcp_proxy import TcpProxies  # noqa: TID252 - tests are no package

SEARCH = "/v1/search"
PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def proxy(behind):
    """Between the gateway and search."""
    host, _, port = behind.search.rpartition(":")
    with TcpProxies() as proxies:
        yield proxies.to(int(port), host)


@pytest.fixture(scope="module")
async def proxied(environment, start_gateway, proxy):
    async with start_gateway(environment(search__address=proxy.address, redis__url="")) as started:
        yield started


@pytest.fixture
async def client(proxied, proxy, published):
    async with proxied.client(published.key) as opened:
        await until(opened, lambda answer: answer.status_code == 200)
        yield opened
        proxy.heal()


async def until(client, condition):
    """Asks until the answer is as it should be."""
    give_up = time.monotonic() + PATIENCE_S
    while True:
        answer = await client.post(SEARCH, json={"query": "anything"})
        if condition(answer):
            return answer
        assert time.monotonic() < give_up, answer.text
        await asyncio.sleep(0.05)


def is_open(answer):
    return answer.status_code == 503 and answer.json()["reason"] == "BREAKER_OPEN"


async def test_a_service_that_is_away_is_not_asked_and_the_others_are(client, proxy):
    proxy.refuse()
    refused = await until(client, is_open)
    others = await client.get("/v1/repositories/code")

    assert refused.json()["detail"].startswith("search has not answered lately")
    assert int(refused.headers["retry-after"]) >= 1
    assert others.status_code == 200


async def test_it_is_asked_again_when_it_is_back(client, proxy):
    proxy.refuse()
    await until(client, is_open)
    proxy.heal()
    answer = await until(client, lambda answer: answer.status_code == 200)

    assert (answer.json()["degraded"], answer.json()["cache"]) == ([], "bypass")


async def test_connections_that_are_reset_are_survived(client, proxy):
    proxy.reset()
    await until(client, lambda answer: answer.status_code == 503)
    proxy.heal()
    await until(client, lambda answer: answer.status_code == 200)


async def test_health_looks_for_itself(client, proxy):
    proxy.refuse()
    await until(client, is_open)
    proxy.heal()
    give_up = time.monotonic() + PATIENCE_S
    while True:
        report = (await client.get("/v1/health")).json()
        if {part["name"]: part["status"] for part in report["components"]}["search"] == "ok":
            break
        assert time.monotonic() < give_up, report
        await asyncio.sleep(0.05)


async def test_grpc_clients_hear_the_same(client, proxied, proxy, published):
    proxy.refuse()
    await until(client, is_open)
    async with proxied.channel() as channel:
        stub = GatewayServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.SearchChunks(
                SearchChunksRequest(query="anything"),
                timeout=10,
                metadata=[("authorization", f"Bearer {published.key}")],
            )
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    for detail in rpc_status.from_call(caught.value).details:
        detail.Unpack(info), detail.Unpack(retry)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert (info.reason, info.metadata["target"]) in (("BREAKER_OPEN", "search"), ("UNAVAILABLE", ""))
    assert retry.retry_delay.ToMilliseconds() > 0


async def test_metrics_tell_what_happened(client, proxy):
    proxy.refuse()
    await until(client, is_open)
    shown = (await client.get("/metrics")).text

    values = dict(line.rsplit(" ", 1) for line in shown.splitlines() if line.startswith("pampax_"))
    assert float(values['pampax_breaker_opened_total{target="search"}']) >= 1
    assert float(values['pampax_retries_total{target="search"}']) >= 1
    assert float(values['pampax_breaker_state{target="search"}']) > 0
    assert float(values['pampax_breaker_state{target="indexing"}']) == 0


async def test_a_part_behind_the_service_is_not_the_services_failure(client, behaviour):
    behaviour.error = Unavailable("database does not answer; retry", metadata={"target": "postgres"}, retry_after_s=5)
    for _ in range(8):
        answer = await client.post(SEARCH, json={"query": "anything"})
        assert (answer.status_code, answer.json()["reason"]) == (503, "UNAVAILABLE")
    behaviour.error = None
    assert (await client.post(SEARCH, json={"query": "anything"})).status_code == 200


async def test_a_service_that_is_frozen_is_left_alone_after_five_who_waited(client, proxy):
    proxy.stall()
    waiting = await asyncio.gather(*(client.post(SEARCH, json={"query": f"number {each}"}) for each in range(5)))
    assert {answer.status_code for answer in waiting} <= {503, 504}
    refused = await client.post(SEARCH, json={"query": "next"})
    assert is_open(refused)
    proxy.heal()
    await until(client, lambda answer: answer.status_code == 200)
