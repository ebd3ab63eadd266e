"""A collector that is away, or comes back: requests do not notice, and the log says so once."""

import asyncio
import secrets
import socket
import time
from collections.abc import Callable
from typing import Any

import httpx

from pampax.embedded.ports import free_port

from .collector import running_collector

WITHIN_S = 60.0
AWAY, BACK = '"msg": "collector does not take spans"', '"msg": "collector is back"'


async def test_requests_are_answered_while_the_collector_is_away(new_system: Callable[..., Any]) -> None:
    port = free_port()
    with new_system(f"http://127.0.0.1:{port}") as system:
        system.start("pampax.gateway")
        await system.until_ready(parts=("database",))
        log = system.log_of("pampax.gateway")
        async with system.client() as client:
            await _ask_until(client, lambda: AWAY in log.read_text())
            more_batches = time.monotonic() + 3.0
            await _ask_until(client, lambda: time.monotonic() > more_batches)
            assert log.read_text().count(AWAY) == 1
            async with running_collector(port) as collector:
                await _ask_until(client, lambda: BACK in log.read_text())
                assert collector.spans
                await asyncio.to_thread(system.end)
    text = log.read_text()
    assert (text.count(AWAY), text.count(BACK)) == (1, 1)
    assert "StatusCode.UNAVAILABLE" not in text  # the exporter's own lines
    assert system.started[0].returncode == 0


async def test_a_process_ends_in_time_while_the_collector_is_silent(new_system: Callable[..., Any]) -> None:
    silent = socket.create_server(("127.0.0.1", 0))  # connections wait in its backlog, and nobody takes them
    with silent, new_system(f"http://127.0.0.1:{silent.getsockname()[1]}") as system:
        system.start("pampax.gateway")
        await system.until_ready(parts=("database",))
        async with system.client() as client:
            assert (await client.get("/v1/repositories/nowhere")).status_code == 503  # no indexing service runs here
        await asyncio.to_thread(system.end)  # which waits 20 s at most
        assert system.started[0].returncode == 0


async def test_what_is_not_sampled_is_not_sent_and_has_an_id_nevertheless(new_system: Callable[..., Any]) -> None:
    async with running_collector() as collector:
        with new_system(collector.endpoint, telemetry__trace_ratio="0") as system:
            system.start("pampax.gateway")
            await system.until_ready(parts=("database",))
            trace_id = secrets.token_hex(16)
            async with system.client() as client:
                await client.get("/v1/repositories")
                sampled = {"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"}
                await client.get("/v1/repositories", headers=sampled)
                await collector.until(trace_id, lambda trace: bool(trace))
        assert {span.trace_id for span in collector.spans} == {trace_id}


async def _ask_until(client: httpx.AsyncClient, holds: Callable[[], bool]) -> None:
    """Requests that are traced, each of which is answered, until the condition holds."""
    give_up = time.monotonic() + WITHIN_S
    while not holds():
        assert (await client.get("/openapi.json")).status_code == 200
        assert time.monotonic() < give_up
        await asyncio.sleep(0.05)
