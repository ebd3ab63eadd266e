"""Parts that are slow, away or broken: what a client hears, and what the gateway does meanwhile."""

import asyncio
import signal
import subprocess
import sys

import httpx
import pytest

from pampax.core.errors import FailedPrecondition, ResourceExhausted, Unavailable

SEARCH = "/v1/search"


async def test_what_a_service_says_reaches_the_client(client, behaviour):
    behaviour.error = FailedPrecondition("'code' is not indexed yet: run `pampax index`", reason="NOT_INDEXED")
    answer = await client.post(SEARCH, json={"query": "passes on"})
    assert (answer.status_code, answer.json()["reason"]) == (409, "NOT_INDEXED")
    assert answer.json()["detail"] == "'code' is not indexed yet: run `pampax index`"


@pytest.mark.parametrize(
    ("error", "status", "retry_after"),
    [
        (Unavailable("the index is away; retry", retry_after_s=3), 503, "3"),
        (ResourceExhausted("too many questions; wait", retry_after_s=0.2), 429, "1"),
    ],
)
async def test_where_waiting_helps_the_client_is_told_how_long(client, behaviour, error, status, retry_after):
    behaviour.error = error
    answer = await client.post(SEARCH, json={"query": f"wait {status}"})
    assert (answer.status_code, answer.headers["retry-after"]) == (status, retry_after)


async def test_a_crash_behind_shows_no_traceback(client, behaviour):
    async def crash():
        raise ZeroDivisionError("secret detail")

    behaviour.before_answer = crash
    answer = await client.post(SEARCH, json={"query": "crash"})
    assert (answer.status_code, answer.json()["reason"]) == (500, "INTERNAL")
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text


async def test_a_client_that_leaves_stops_the_work(client, behaviour):
    behaviour.delay_s = 30
    with pytest.raises(httpx.ReadTimeout):
        await client.post(SEARCH, json={"query": "never mind"}, timeout=2)
    await asyncio.wait_for(behaviour.cancelled.wait(), 10)


async def test_a_service_that_hangs_is_waited_for_ten_seconds(client, behaviour):
    behaviour.delay_s = 60
    answer = await client.post(SEARCH, json={"query": "hangs"})
    assert (answer.status_code, answer.json()["reason"]) == (504, "DEADLINE_EXCEEDED")
    await asyncio.wait_for(behaviour.cancelled.wait(), 10)


async def test_health_lists_every_part(client, reported):
    report = await reported(client)
    assert not any(part["advice"] for part in report["components"])
    assert [part["name"] for part in report["components"]] == [
        "database", "migrations", "redis", "gateway", "search", "assembly", "indexing", "workers", "queue", "index",
        "memory", "disk", "configuration",
    ]  # fmt: skip
    assert all(part["detail"] for part in report["components"])


@pytest.mark.parametrize("redis", ["", "nowhere"])
async def test_without_redis_every_answer_is_computed(
    environment, start_gateway, nowhere, published, behaviour, redis, reported
):
    url = f"redis://{nowhere}/0" if redis else ""
    async with start_gateway(environment(redis__url=url)) as gateway, gateway.client(published.key) as client:
        seen = [(await client.post(SEARCH, json={"query": "no cache"})).json()["cache"] for _ in range(3)]
        report = await reported(client, "degraded")
    # The first call that finds out that Redis is away had asked it.
    assert seen[1:] == ["bypass", "bypass"]
    (part,) = [part for part in report["components"] if part["name"] == "redis"]
    assert (part["status"], "PAMPAX_REDIS__URL" in part["advice"]) == ("degraded", True)


async def test_services_that_are_away_are_named(environment, start_gateway, nowhere, published):
    away = environment(search__address=nowhere, assembly__address=nowhere, indexing__address=nowhere)
    async with start_gateway(away) as gateway, gateway.client(published.key) as client:
        answers = [
            await client.post(SEARCH, json={"query": "nobody there"}),
            await client.post("/v1/bundles", json={"task": "nobody there"}),
            await client.get("/v1/repositories"),
        ]
        report = (await client.get("/v1/health")).json()
    assert [answer.status_code for answer in answers] == [503, 503, 503]
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers)
    assert [answer.json()["detail"].partition(":")[0] for answer in answers] == ["search", "assembly", "indexing"]
    assert report["status"] == "failed"
    parts = {part["name"]: part for part in report["components"]}
    assert (parts["search"]["status"], parts["assembly"]["status"]) == ("failed", "degraded")
    assert "python -m pampax.search" in parts["search"]["advice"]


async def test_without_postgres_the_gateway_lives_but_is_not_ready(environment, start_gateway, nowhere, published):
    away = environment(database__url=f"postgresql://pampax_service@{nowhere}/pampax")
    async with start_gateway(away, "/livez") as gateway, gateway.client(published.key) as client:
        ready = await client.get("/readyz")
        answer = await client.post(SEARCH, json={"query": "no store"})
        report = (await client.get("/v1/health")).json()
    assert (ready.status_code, ready.json()) == (503, {"status": "unavailable"})
    (part,) = report["components"]
    assert (report["status"], part["name"], part["status"]) == ("failed", "database", "failed")
    assert "check that Postgres runs" in part["advice"]
    assert (answer.status_code, answer.json()["reason"] in ("UNAVAILABLE", "BREAKER_OPEN")) == (503, True)
    assert "retry-after" in answer.headers


async def test_requests_that_run_are_finished_before_the_end(environment, start_gateway, published, behaviour):
    behaviour.delay_s = 1.0
    async with start_gateway(environment()) as gateway, gateway.client(published.key) as client:
        running = asyncio.create_task(client.post(SEARCH, json={"query": "almost done"}))
        await asyncio.wait_for(behaviour.begun.wait(), 10)
        gateway.process.send_signal(signal.SIGTERM)
        ready = await client.get("/readyz")
        answer = await running
        code = await asyncio.to_thread(gateway.process.wait, 30)
    assert (ready.status_code, ready.json()) == (503, {"status": "draining"})
    assert answer.status_code == 200
    assert code == 0


@pytest.mark.parametrize("taken", ["gateway__http_address", "gateway__grpc_address"])
async def test_a_port_in_use_is_said_in_one_line(environment, gateway, taken):
    address = gateway.http.removeprefix("http://") if "http" in taken else gateway.grpc
    ended = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "pampax.gateway"],
        env=environment(**{taken: address}),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ended.returncode == 2
    assert [line for line in ended.stderr.splitlines() if address in line] == ended.stderr.splitlines()
    assert len(ended.stderr.splitlines()) == 1


async def test_settings_that_are_missing_are_all_named(environment):
    ended = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "pampax.gateway"],
        env=environment(database__url="", auth__key_pepper=""),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ended.returncode == 2
    assert "PAMPAX_DATABASE__URL" in ended.stderr
    assert "PAMPAX_AUTH__KEY_PEPPER" in ended.stderr
