"""Who may call, and what those hear who may not."""

import asyncio
import re

import psycopg
import pytest

from pampax.storage.keys import new_key

KEYLESS_ROUTES = ["/livez", "/readyz", "/openapi.json"]


@pytest.mark.parametrize("path", KEYLESS_ROUTES)
async def test_probes_and_the_document_need_no_key(gateway, path):
    async with gateway.client() as anyone:
        assert (await anyone.get(path)).status_code == 200


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Basic cGFtcGF4", "Bearer pampax_short", f"Bearer {'k' * 10_000}"]
)
async def test_without_a_valid_key_nothing_is_answered(gateway, header):
    async with gateway.client() as anyone:
        headers = {} if header is None else {"authorization": header}
        for method, path in [("POST", "/v1/search"), ("GET", "/v1/repositories"), ("GET", "/v1/health")]:
            answer = await anyone.request(method, path, headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.headers["content-type"] == "application/problem+json"


async def test_unknown_revoked_and_expired_keys_are_told_apart_by_nobody(gateway, tenant, database_urls):
    keys = {"revoked": tenant(), "expired": tenant()}
    with psycopg.connect(database_urls.owner) as conn:
        for column, made in {"revoked_at": keys["revoked"], "expires_at": keys["expired"]}.items():
            conn.execute("SELECT set_config('pampax.tenant', %s, true)", [str(made.tenant_id)])
            conn.execute(f"UPDATE api_key SET {column} = now() - interval '1 s'")
    heard = []
    for key in (new_key(), keys["revoked"].key, keys["expired"].key):
        async with gateway.client(key) as client:
            answer = await client.get("/v1/repositories/code")
            heard.append((answer.status_code, answer.json() | {"corr_id": ""}))
    assert heard[0][0] == 401
    assert heard[0] == heard[1] == heard[2]


async def test_a_key_stops_with_the_request_after_it_was_revoked(gateway, behaviour, tenant, publish, database_urls):
    made = tenant()
    publish(made)
    async with gateway.client(made.key) as client:
        assert (await client.post("/v1/search", json={"query": "mine"})).status_code == 200
        with psycopg.connect(database_urls.owner) as conn:
            conn.execute("SELECT set_config('pampax.tenant', %s, true)", [str(made.tenant_id)])
            conn.execute("UPDATE api_key SET revoked_at = now()")
        assert (await client.post("/v1/search", json={"query": "mine"})).status_code == 401


async def test_a_reader_creates_no_repository(gateway, behaviour, tenant):
    async with gateway.client(tenant(role="reader").key) as client:
        refused = await client.post("/v1/repositories", json={"name": "mine", "source": {"upload": True}})
    assert (refused.status_code, refused.json()["reason"]) == (403, "ROLE_REQUIRED")
    assert behaviour.calls == []


async def test_only_a_local_key_names_a_folder(gateway, behaviour, tenant):
    body = {"name": "here", "source": {"path": "/tmp"}}
    async with gateway.client(tenant().key) as remote, gateway.client(tenant(local=True).key) as local:
        refused = await remote.post("/v1/repositories", json=body)
        assert (refused.status_code, refused.json()["reason"]) == (403, "LOCAL_ONLY")
        assert (await local.post("/v1/repositories", json=body)).status_code == 201


async def test_another_tenants_repository_does_not_exist(client, behaviour, tenant, publish):
    publish(tenant(), "secret-code")
    answer = await client.post("/v1/search", json={"query": "x", "repos": ["secret-code"]})
    assert (answer.status_code, answer.json()["reason"]) == (404, "REPOSITORY_NOT_FOUND")


async def test_the_key_is_checked_before_the_body_is_read(gateway):
    async with gateway.client(new_key()) as client:
        answer = await client.post("/v1/search", content=b"{", headers={"content-type": "application/json"})
    assert answer.status_code == 401


async def test_a_pipelined_request_inherits_no_caller(gateway, behaviour, published):
    host, port = gateway.http.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    first = f"GET /v1/health HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {published.key}\r\n\r\n"
    second = "GET /v1/health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    writer.write((first + second).encode())
    answers = (await asyncio.wait_for(reader.read(), 10)).decode()
    writer.close()
    await writer.wait_closed()
    assert re.findall(r"HTTP/1\.1 (\d+)", answers) == ["200", "401"]


async def test_no_key_reaches_the_log(gateway, client, behaviour, published):
    await client.post("/v1/search", json={"query": "a telling question"})
    log = gateway.log.read_text()
    assert published.key not in log
    assert "a telling question" not in log
