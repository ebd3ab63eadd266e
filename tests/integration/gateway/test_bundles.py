"""Bundles by signature: what is kept, for whom, and what a verification says changed."""

from uuid import uuid4

import psycopg
import pytest
from redis.asyncio import Redis

from pampax.core.errors import Unavailable
from pampax.gateway import bounds
from pampax.v1 import gateway_service_pb2, gateway_service_pb2_grpc

PATIENT_ASKS = 20
UNKNOWN = "0" * 64


@pytest.fixture
def assembled(client, behaviour):
    """A bundle that is kept by now: what a busy machine cannot keep in time is kept the next time."""

    async def make(task: str, **fields):
        body = {"task": f"{task} {uuid4()}", **fields}
        for _ in range(PATIENT_ASKS):
            given = (await client.post("/v1/bundles", json=body)).json()
            if (await client.get(f"/v1/bundles/{given['signature']}")).json().get("reason") != "BUNDLE_NOT_KEPT":
                break
        return given

    return make


def own(answer):
    """What does not belong to one request."""
    return {
        name: value
        for name, value in answer.items()
        if name not in ("cache", "took_ms", "timings", "corr_id", "trace_id")
    } | {"snapshots": [{**each, "age_s": 0} for each in answer["snapshots"]]}


def revoke(database_urls, tenant):
    """The key may read nothing from now on."""
    with psycopg.connect(database_urls.owner) as conn:
        conn.execute("SELECT set_config('pampax.tenant', %s, true)", [str(tenant.tenant_id)])
        conn.execute("DELETE FROM role_binding WHERE principal_id = %s", [tenant.principal_id])


async def test_a_bundle_is_shown_as_it_was_given(client, assembled):
    given = await assembled("show me")
    whole = (await client.get(f"/v1/bundles/{given['signature']}")).json()
    short = (await client.get(f"/v1/bundles/{given['signature'][:12]}")).json()
    assert own(whole) == own(short) == own(given)
    with_content = (await client.get(f"/v1/bundles/{given['signature']}", params={"format": "json"})).json()
    assert with_content["items"][0]["content"] == "x = 1\ny = 2\n"


async def test_the_same_bytes_are_the_same_by_another_gateway_too(
    client, assembled, behaviour, environment, start_gateway, published
):
    given = await assembled("same again")
    here = (await client.post(f"/v1/bundles/{given['signature']}:verify")).json()
    behaviour.calls.clear()
    async with start_gateway(environment()) as replica, replica.client(published.key) as other:
        there = (await other.post(f"/v1/bundles/{given['signature'][:12]}:verify")).json()
        shown = (await other.get(f"/v1/bundles/{given['signature']}")).json()
    for answer in (here, there):
        assert (answer["signature"], answer["status"]) == (given["signature"], "same")
        assert (answer["changes"], answer["current"]) == ([], None)
    assert shown["markdown"] == given["markdown"]
    assert behaviour.calls == ["AssembleBundle"]  # no cache was asked


async def test_a_publish_is_told_with_its_generations(client, assembled, published, publish):
    given = await assembled("published again")
    publish(published)
    found = (await client.post(f"/v1/bundles/{given['signature']}:verify")).json()
    assert found["status"] == "changed"
    assert found["changes"] == ["code (main) was published again: generation 1 -> 2, no commit"]
    assert found["current"]["signature"] not in ("", given["signature"])
    assert (await client.get(f"/v1/bundles/{given['signature']}")).json()["markdown"] == given["markdown"]


async def test_a_new_repository_in_the_scope_is_told(client, assembled, published, publish):
    given = await assembled("all of them")
    publish(published, "second")
    found = (await client.post(f"/v1/bundles/{given['signature']}:verify")).json()
    assert (found["status"], found["changes"]) == ("changed", ["second is read now and was not then"])


async def test_another_version_is_told(client, assembled, behaviour):
    given = await assembled("new code")
    behaviour.code = "2"
    found = (await client.post(f"/v1/bundles/{given['signature']}:verify")).json()
    assert (found["status"], found["changes"]) == ("changed", ["PAMPAX has version 2 now, it was 1"])


async def test_other_bytes_under_one_signature_are_a_fault(client, assembled, behaviour):
    given = await assembled("a fault")
    behaviour.text = "other bytes\n"
    found = (await client.post(f"/v1/bundles/{given['signature']}:verify")).json()
    assert found["status"] == "changed"
    assert "which is a fault of PAMPAX" in found["changes"][0]


async def test_a_ref_that_is_gone_is_told(client, assembled, published, database_urls):
    given = await assembled("a ref goes", repos=["code"], ref="main")
    with psycopg.connect(database_urls.owner) as conn:
        conn.execute("SELECT set_config('pampax.tenant', %s, true)", [str(published.tenant_id)])
        conn.execute("DELETE FROM ref")
    found = (await client.post(f"/v1/bundles/{given['signature']}:verify")).json()
    assert (found["status"], found["current"]) == ("changed", None)
    assert found["changes"] == ["repository 'code' is not indexed yet: run `pampax index`"]


async def test_a_bundle_that_is_not_whole_now_says_nothing(client, assembled, behaviour):
    given = await assembled("half now")
    behaviour.degraded = ("semantic",)
    found = (await client.post(f"/v1/bundles/{given['signature']}:verify")).json()
    assert found["status"] == "unknown"
    assert found["changes"] == ["not whole now: made without semantic; try again later"]


async def test_a_service_that_is_away_is_an_error(client, assembled, behaviour):
    given = await assembled("away")
    behaviour.error = Unavailable("it rests", retry_after_s=1.0)
    answer = await client.post(f"/v1/bundles/{given['signature']}:verify")
    assert (answer.status_code, "assembly: it rests" in answer.json()["detail"]) == (503, True)


@pytest.mark.parametrize("method", ["get", "post"])
async def test_what_is_not_kept_is_not_found_with_the_reason(client, method):
    answer = await getattr(client, method)(f"/v1/bundles/{UNKNOWN}{'' if method == 'get' else ':verify'}")
    assert (answer.status_code, answer.json()["reason"]) == (404, "BUNDLE_NOT_KEPT")
    assert "is kept for a day" in answer.json()["detail"]


@pytest.mark.parametrize("word", ["abc", "g" * 12, "a" * 65, "A" * 12])
async def test_what_is_no_signature_is_refused(client, word):
    answer = await client.get(f"/v1/bundles/{word}")
    assert answer.status_code == 400
    assert "a bundle's signature, or 12 or more of its first digits" in answer.json()["detail"]


async def test_another_tenant_finds_nothing(gateway, assembled, tenant, publish):
    given = await assembled("ours")
    stranger = tenant()
    publish(stranger)
    async with gateway.client(stranger.key) as other:
        shown = await other.get(f"/v1/bundles/{given['signature']}")
        verified = await other.post(f"/v1/bundles/{given['signature']}:verify")
    assert [each.json()["reason"] for each in (shown, verified)] == ["BUNDLE_NOT_KEPT"] * 2


async def test_a_key_that_lost_a_repository_finds_nothing(client, assembled, published, database_urls):
    given = await assembled("lost")
    revoke(database_urls, published)
    shown = await client.get(f"/v1/bundles/{given['signature']}")
    verified = await client.post(f"/v1/bundles/{given['signature']}:verify")
    assert [each.json()["reason"] for each in (shown, verified)] == ["BUNDLE_NOT_KEPT"] * 2


async def test_another_repository_of_the_same_name_opens_nothing(client, assembled, published, publish, database_urls):
    given = await assembled("made again")
    with psycopg.connect(database_urls.owner) as conn:
        conn.execute("SELECT set_config('pampax.tenant', %s, true)", [str(published.tenant_id)])
        conn.execute("UPDATE repository SET name = 'elsewhere' WHERE name = 'code'")
    publish(published)
    assert (await client.get(f"/v1/bundles/{given['signature']}")).status_code == 404


async def test_degraded_bundles_have_no_signature(client, behaviour):
    behaviour.degraded = ("semantic",)
    assert (await client.post("/v1/bundles", json={"task": "half"})).json()["signature"] == ""


async def test_without_redis_it_says_where_bundles_are_kept(environment, start_gateway, nowhere, published, behaviour):
    async with (
        start_gateway(environment(redis__url=f"redis://{nowhere}/0")) as gateway,
        gateway.client(published.key) as client,
    ):
        given = (await client.post("/v1/bundles", json={"task": "no store"})).json()
        shown = await client.get(f"/v1/bundles/{given['signature']}")
        verified = await client.post(f"/v1/bundles/{given['signature']}:verify")
    assert given["markdown"]
    assert [each.status_code for each in (shown, verified)] == [503, 503]
    assert all(each.json()["detail"].startswith("bundles are kept in Redis: ") for each in (shown, verified))


async def test_what_is_too_large_is_verified_and_not_shown(client, assembled, behaviour):
    behaviour.text = "a line\n" * (bounds.KEPT_BUNDLE_BYTES // 7)
    given = await assembled("large")
    shown = await client.get(f"/v1/bundles/{given['signature']}")
    assert (shown.status_code, shown.json()["reason"]) == (404, "BUNDLE_TOO_LARGE")
    found = (await client.post(f"/v1/bundles/{given['signature']}:verify")).json()
    assert found["status"] == "same"


async def test_a_bundle_that_is_given_again_is_kept_anew(client, assembled, redis_url):
    given = await assembled("forgotten", repos=["code"])
    async with Redis.from_url(redis_url) as redis:
        (key,) = [key async for key in redis.scan_iter(f"v1:kept:*:{given['signature'][:12]}")]
        assert await redis.ttl(key) > 23 * 3600
        await redis.set(key, b"\xff\xff")
        broken = await client.get(f"/v1/bundles/{given['signature']}")
        await redis.delete(key)
    task = given["markdown"].removeprefix("# ").strip()
    for _ in range(PATIENT_ASKS):
        await client.post("/v1/bundles", json={"task": task, "repos": ["code"]})
        again = await client.get(f"/v1/bundles/{given['signature']}")
        if again.status_code == 200:
            break
    assert broken.json()["reason"] == "BUNDLE_NOT_KEPT"
    assert again.json()["markdown"] == given["markdown"]


async def test_grpc_says_the_same(gateway, assembled, published):
    given = await assembled("over grpc")
    key = (("authorization", f"Bearer {published.key}"),)
    async with gateway.channel() as channel:
        stub = gateway_service_pb2_grpc.GatewayServiceStub(channel)
        request = gateway_service_pb2.GetBundleRequest(signature=given["signature"])
        shown = await stub.GetBundle(request, metadata=key)
        asked = gateway_service_pb2.VerifyBundleRequest(signature=given["signature"][:12])
        found = await stub.VerifyBundle(asked, metadata=key)
    assert shown.markdown == given["markdown"]
    assert (found.signature, found.state) == (given["signature"], gateway_service_pb2.BUNDLE_STATE_SAME)
