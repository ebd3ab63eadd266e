"""Health as a running gateway tells it: by service, and what it says of a database, a Redis and a schema in trouble."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import psycopg
import pytest
import redis

from pampax.embedded.valkey import running_valkey
from pampax.storage.migration_files import known_migrations
from pampax.v1 import diagnostics_service_pb2, gateway_service_pb2
from pampax.v1.diagnostics_service_pb2_grpc import DiagnosticsServiceStub
from pampax.v1.gateway_service_pb2_grpc import GatewayServiceStub

NEWEST = known_migrations()[-1].name
PATIENCE_S = 60.0
LATE = "no answer within"
SERVICES = ("gateway", "search", "assembly", "indexing")


async def parts(client: httpx.AsyncClient, service: str = "all") -> dict[str, Any]:
    report = (await client.get("/v1/health", params={"service": service})).json()
    return {part["name"]: part for part in report["components"]}


async def until_told(client: httpx.AsyncClient, part: str, status: str, advice: str = "") -> dict[str, Any]:
    """The part, once it has this status and advice, and not because it answered late: health waits 100 ms for each.

    A service asks for its readiness every second.
    """
    give_up = time.monotonic() + PATIENCE_S
    while True:
        found = (await parts(client)).get(part, {})
        told = found.get("advice", "")
        if found.get("status") == status and advice in told and LATE not in told:
            return found
        assert time.monotonic() < give_up, found
        await asyncio.sleep(0.1)


@pytest.fixture
async def client(gateway, published, reported):
    async with gateway.client(published.key) as opened:
        await reported(opened)
        yield opened


@pytest.mark.parametrize(
    ("service", "names"),
    [
        ("search", ["search", "database", "migrations", "index", "memory", "configuration"]),
        ("worker", ["workers", "queue", "database", "migrations", "redis", "memory", "disk"]),
        ("redis", ["redis"]),
    ],
)
async def test_health_of_one_service_tells_of_what_it_needs(client, service, names):
    assert list(await parts(client, service)) == names


async def test_a_service_that_is_none_is_refused_with_the_nearest(gateway, client, published):
    answer = await client.get("/v1/health", params={"service": "serch"})
    assert (answer.status_code, answer.json()["reason"]) == (400, "INVALID_REQUEST")
    assert "did you mean search?" in answer.json()["detail"]
    async with gateway.channel() as channel:
        stub = GatewayServiceStub(channel)
        metadata = (("authorization", f"Bearer {published.key}"),)
        request = gateway_service_pb2.GetHealthRequest(service="redis")
        assert [part.name for part in (await stub.GetHealth(request, metadata=metadata)).components] == ["redis"]
        with pytest.raises(Exception, match="did you mean redis"):
            await stub.GetHealth(gateway_service_pb2.GetHealthRequest(service="reddis"), metadata=metadata)


async def test_every_service_tells_of_itself(client):
    found = {name: (await until_told(client, name, "ok"))["diagnostics"] for name in SERVICES}
    for told in found.values():
        assert told["ready"]
        assert 0 < told["memory"]["resident_bytes"] < told["memory"]["limit_bytes"]
        assert len(told["configuration_fingerprint"]) == 16
    assert found["indexing"]["disk"]["free_bytes"] > 0
    assert found["gateway"]["schema"] == {"expected": NEWEST, "found": NEWEST, "state": "current"}
    assert found["gateway"]["pool"]["max"] == 8


async def test_diagnostics_are_for_those_with_a_key(gateway, published):
    async with gateway.channel() as channel:
        ask = DiagnosticsServiceStub(channel).GetDiagnostics
        with pytest.raises(Exception, match="no API key"):
            await ask(diagnostics_service_pb2.GetDiagnosticsRequest())
        metadata = (("authorization", f"Bearer {published.key}"),)
        # The schema of the test before is looked at once more within a second or two.
        give_up = time.monotonic() + PATIENCE_S
        told = await ask(diagnostics_service_pb2.GetDiagnosticsRequest(), metadata=metadata)
        while (told.ready, told.schema.state) != (True, "current") and time.monotonic() < give_up:
            await asyncio.sleep(0.1)
            told = await ask(diagnostics_service_pb2.GetDiagnosticsRequest(), metadata=metadata)
    assert (told.component, told.ready, told.schema.state) == ("gateway", True, "current")


@contextlib.contextmanager
def applied(owner_url: str, name: str) -> Iterator[None]:
    """As if a newer version had applied this migration."""
    with psycopg.connect(owner_url, autocommit=True) as conn:
        conn.execute("INSERT INTO schema_migration (name, sha256) VALUES (%s, '')", [name])
        try:
            yield
        finally:
            conn.execute("DELETE FROM schema_migration WHERE name = %s", [name])


async def test_a_schema_that_is_newer_by_safe_migrations_serves_and_says_so(gateway, client, database_urls):
    with applied(database_urls.owner, "9001_pre_later.sql"):
        part = await until_told(client, "migrations", "degraded")
        assert (await client.get("/readyz")).status_code == 200
        told = await until_told(client, "gateway", "degraded")
    assert "newer than this version by 9001_pre_later.sql" in part["advice"]
    assert told["diagnostics"]["schema"]["state"] == "ahead"


async def test_a_schema_that_is_too_new_is_not_ready_and_names_the_way_out(gateway, client, database_urls):
    with applied(database_urls.owner, "9002_post_later.sql"):
        part = await until_told(client, "migrations", "failed")
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/livez")).status_code == 200
    assert part["advice"] == (
        "the database is newer than this version (9002_post_later.sql): upgrade the services to the version that "
        "migrated it"
    )
    await until_told(client, "migrations", "ok")


async def test_a_schema_that_lacks_a_migration_is_not_ready_and_says_what_to_run(gateway, client, database_urls):
    with psycopg.connect(database_urls.owner, autocommit=True) as conn:
        (row,) = conn.execute("DELETE FROM schema_migration WHERE name = %s RETURNING sha256", [NEWEST]).fetchall()
        try:
            part = await until_told(client, "migrations", "failed")
            assert (await client.get("/readyz")).status_code == 503
        finally:
            conn.execute("INSERT INTO schema_migration (name, sha256) VALUES (%s, %s)", [NEWEST, row[0]])
    assert part["advice"] == f"the schema lacks {NEWEST}: run `python -m pampax.storage migrate`"


async def test_a_database_that_takes_no_writes_is_degraded_and_still_answers(
    environment, start_gateway, published, database_urls
):
    with psycopg.connect(database_urls.superuser, autocommit=True) as conn:
        conn.execute(f'ALTER DATABASE "{database_urls.name}" SET default_transaction_read_only = on')
        try:
            async with start_gateway(environment()) as gateway, gateway.client(published.key) as client:
                part = await until_told(client, "database", "degraded")
                assert "takes no writes" in part["advice"]
                assert (await client.get("/readyz")).status_code == 200
                assert (await client.post("/v1/search", json={"query": "read only"})).status_code == 200
        finally:
            conn.execute("SET default_transaction_read_only = off")
            conn.execute(f'ALTER DATABASE "{database_urls.name}" RESET default_transaction_read_only')


async def test_a_redis_in_trouble_is_told_with_the_way_out(environment, start_gateway, published):
    with running_valkey() as url, redis.Redis.from_url(url) as server:
        async with start_gateway(environment(redis__url=url)) as gateway, gateway.client(published.key) as client:
            assert (await until_told(client, "redis", "ok"))["detail"].endswith("of 256 MB used")
            server.config_set("maxmemory-policy", "allkeys-lru")
            await until_told(client, "redis", "degraded", "may evict messages of the queue")
            server.config_set("maxmemory-policy", "noeviction")
            await until_told(client, "redis", "ok")
            server.config_set("maxmemory", 1)
            await until_told(client, "redis", "degraded", "Redis is full")
            server.config_set("maxmemory", 0)
            await until_told(client, "redis", "ok")
            server.execute_command("REPLICAOF", "127.0.0.1", "1")
            await until_told(client, "redis", "degraded", "let PAMPAX_REDIS__URL name the primary")
            assert (await client.post("/v1/search", json={"query": "goes on"})).status_code == 200


async def test_a_redis_with_another_password_is_told_so(environment, start_gateway, published):
    with running_valkey() as url:
        wrong = url.replace("redis://:", "redis://:not")
        async with start_gateway(environment(redis__url=wrong)) as gateway, gateway.client(published.key) as client:
            await until_told(client, "redis", "degraded", "Redis refuses the login")


@pytest.fixture
async def silent() -> AsyncIterator[str]:
    """The address of something frozen: connections are taken and nothing is ever said."""
    open_for: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _reader, writer: open_for.append(writer), "127.0.0.1", 0)
    yield "{}:{}".format(*server.sockets[0].getsockname())
    server.close()
    for writer in open_for:
        writer.close()


async def test_frozen_peers_are_named_and_leave_the_gateway_ready(environment, start_gateway, published, silent):
    away = environment(
        search__address=silent, assembly__address=silent, indexing__address=silent, redis__url=f"redis://{silent}/0"
    )
    async with start_gateway(away) as gateway, gateway.client(published.key) as client:
        assert (await client.get("/readyz")).status_code == 200
        assert (await client.get("/livez")).status_code == 200
        await until_told(client, "database", "ok")
        found = await parts(client)
    assert found["search"]["status"] == "failed"
    for name in ("search", "assembly", "indexing", "redis"):
        assert found[name]["advice"].startswith("no answer within 100 ms: ")


async def test_a_frozen_database_leaves_the_gateway_alive_and_not_ready(environment, start_gateway, published, silent):
    away = environment(database__url=f"postgresql://pampax_service:x@{silent}/pampax")
    async with start_gateway(away, "/livez") as gateway, gateway.client(published.key) as client:
        assert (await client.get("/readyz")).status_code == 503
        report = (await client.get("/v1/health")).json()
        assert (await client.get("/livez")).status_code == 200
    (part,) = report["components"]
    assert (report["status"], part["name"], part["status"]) == ("failed", "database", "failed")
    assert "check that Postgres runs" in part["advice"]


async def test_the_state_of_the_parts_is_a_metric_whether_or_not_anybody_asks(gateway, published):
    async with gateway.client(published.key) as client:
        give_up = time.monotonic() + PATIENCE_S
        while 'pampax_health_status{component="database"} 0.0' not in (await client.get("/metrics")).text:
            assert time.monotonic() < give_up
            await asyncio.sleep(0.1)
        assert 'component="index"' not in (await client.get("/metrics")).text
