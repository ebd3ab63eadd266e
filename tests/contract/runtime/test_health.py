"""Health and reflection, which every server offers."""

from __future__ import annotations

import asyncio

import pytest
from grpc import StatusCode, aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from pampax.core.errors import ConfigError, Unavailable
from pampax.runtime.server import serve, start
from pampax.runtime.settings import Settings

SEARCH = "pampax.v1.SearchService"
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


async def status_of(channel, service):
    stub = health_pb2_grpc.HealthStub(channel)
    return (await stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=5)).status


@pytest.mark.parametrize("service", ["", SEARCH])
async def test_a_server_that_needs_nothing_is_alive_and_ready(serving, search_service, nothing_found, service):
    async with serving(search_service(nothing_found)) as channel:
        assert await status_of(channel, service) == SERVING


async def test_an_unknown_service_is_not_found(serving, search_service, nothing_found):
    async with serving(search_service(nothing_found)) as channel:
        with pytest.raises(aio.AioRpcError) as caught:
            await status_of(channel, "pampax.v1.NoSuchService")
    assert caught.value.code() is StatusCode.NOT_FOUND


async def test_a_server_that_is_not_ready_is_alive(serving, search_service, nothing_found):
    async def ready():
        return False

    async with serving(search_service(nothing_found), ready=ready) as channel:
        assert await status_of(channel, "") == SERVING
        assert await status_of(channel, SEARCH) == NOT_SERVING


async def test_readiness_follows_what_the_service_says(serving, search_service, nothing_found):
    answers = [Unavailable("Postgres does not answer; retry"), RuntimeError("what?"), False]

    async def ready():
        answer = answers.pop(0) if answers else True
        if isinstance(answer, Exception):
            raise answer
        return answer

    async with serving(search_service(nothing_found), ready=ready) as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service=SEARCH), timeout=30)
        assert (await watch.read()).status == NOT_SERVING
        assert (await watch.read()).status == SERVING
        watch.cancel()


async def test_who_watches_is_told_of_the_end_and_does_not_delay_it(settings, search_service, nothing_found, connected):
    server = await start("test", "127.0.0.1:0", search_service(nothing_found), settings)
    async with connected(server.port) as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service=SEARCH))
        assert (await watch.read()).status == SERVING
        async with asyncio.timeout(15):
            await server.drain()
        assert (await watch.read()).status == NOT_SERVING
        assert await watch.read() is aio.EOF


async def test_reflection_lists_the_services(serving, search_service, nothing_found):
    async with serving(search_service(nothing_found)) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        answers = stub.ServerReflectionInfo(iter([request]), timeout=5)
        names = {service.name for service in (await answers.read()).list_services_response.service}
    assert names == {
        SEARCH,
        "pampax.v1.DiagnosticsService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
    }


async def test_reflection_describes_a_method(serving, search_service, nothing_found):
    async with serving(search_service(nothing_found)) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        request = reflection_pb2.ServerReflectionRequest(file_containing_symbol=SEARCH)
        answer = await stub.ServerReflectionInfo(iter([request]), timeout=5).read()
    assert any(b"SearchChunks" in file for file in answer.file_descriptor_response.file_descriptor_proto)


async def test_a_taken_port_is_a_clear_mistake(settings, search_service, nothing_found):
    register = search_service(nothing_found)
    first = await start("test", "127.0.0.1:0", register, settings)
    try:
        with pytest.raises(ConfigError, match=f"127.0.0.1:{first.port}: another process has this port"):
            await start("test", f"127.0.0.1:{first.port}", register, settings)
    finally:
        await first.drain()


async def test_what_was_built_is_closed_in_reverse_when_the_start_fails(search_service, nothing_found):
    closed = []

    async def close_pool():
        closed.append("pool")

    async def close_cache():
        closed.append("cache")

    with pytest.raises(ConfigError, match="PAMPAX_AUTH__CALLER_SECRET is not set"):
        await serve(
            "test",
            "127.0.0.1:0",
            search_service(nothing_found),
            Settings(mode="embedded"),
            close=[close_pool, close_cache],
        )
    assert closed == ["cache", "pool"]


async def test_a_part_that_does_not_close_is_left_and_the_next_one_closed(search_service, nothing_found, monkeypatch):
    monkeypatch.setattr("pampax.runtime.server.CLOSE_S", 0.01)
    closed = []

    async def close_pool():
        closed.append("pool")

    async def close_never():
        await asyncio.Event().wait()

    with pytest.raises(ConfigError):
        await serve(
            "test",
            "127.0.0.1:0",
            search_service(nothing_found),
            Settings(mode="embedded"),
            close=[close_pool, close_never],
        )
    assert closed == ["pool"]
