"""The composition root: the one place that knows which parts the gateway is made of, and in which order they end."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from google.longrunning.operations_pb2_grpc import OperationsStub

from pampax.gateway.auth import Keys
from pampax.gateway.behind import ASSEMBLY, INDEXING, SEARCH
from pampax.gateway.bundles import Bundles
from pampax.gateway.code_graph import CodeGraph
from pampax.gateway.contexts import Contexts
from pampax.gateway.health.asking import PART_S
from pampax.gateway.health.report import HealthChecks
from pampax.gateway.health.rows import HealthRows
from pampax.gateway.health.watch import HealthWatch
from pampax.gateway.http_server import HttpServer
from pampax.gateway.kept_bundles import KeptBundles
from pampax.gateway.mcp.endpoint import McpEndpoint
from pampax.gateway.operations import Operations
from pampax.gateway.postgres import GatewayRows
from pampax.gateway.repositories import Repositories
from pampax.gateway.rest.application import add_route, build_application
from pampax.gateway.rest.edge import Edge
from pampax.gateway.rest.probe_routes import told_to_anyone
from pampax.gateway.retrieval import Retrieval
from pampax.gateway.rpc import KeyAuthenticator, register
from pampax.gateway.search_cache import AnswerCache
from pampax.gateway.uploads import Uploads
from pampax.gateway.use_cases import UseCases
from pampax.runtime.addresses import check_free
from pampax.runtime.channel import connect
from pampax.runtime.diagnosis.service import Diagnosis
from pampax.runtime.logging import get_logger
from pampax.runtime.process import wait_for_signal
from pampax.runtime.server import LEAVE_S, RunningServer, start
from pampax.runtime.settings import Settings
from pampax.storage.cache import Cache
from pampax.storage.database import Database
from pampax.storage.readiness import Readiness, open_patiently
from pampax.storage.redis_state import RedisProbe
from pampax.v1.assembly_service_pb2_grpc import AssemblyServiceStub
from pampax.v1.context_service_pb2_grpc import ContextServiceStub
from pampax.v1.graph_service_pb2_grpc import GraphServiceStub
from pampax.v1.indexing_service_pb2_grpc import IndexingServiceStub
from pampax.v1.search_service_pb2_grpc import SearchServiceStub

COMPONENT = "gateway"

_log = get_logger()


async def run(settings: Settings) -> None:
    """Serves REST and gRPC until SIGTERM or SIGINT, then drains both."""
    settings.require("database.url", "auth.key_pepper", "auth.caller_secret")
    check_free(settings.gateway.grpc_address)
    async with AsyncExitStack() as parts:
        database = Database(settings.database.url, pool_max=settings.database.pool_max, component=COMPONENT)
        parts.push_async_callback(database.close)
        readiness = Readiness(database)
        await open_patiently(database)
        rows = GatewayRows(database)
        use_cases = _use_cases(settings, database, readiness, parts)
        keys = Keys(rows, settings.auth.key_pepper)
        metrics = settings.telemetry.metrics
        app = build_application(use_cases, metrics=metrics)
        mcp = McpEndpoint(use_cases, lambda: bool(app.state.draining))
        await parts.enter_async_context(mcp.running())
        add_route(app, mcp.route)
        anyone = partial(told_to_anyone, use_cases.health)
        edge = Edge(app, keys, settings.auth.caller_secret, metrics=metrics, told_to_anyone=anyone)
        http = HttpServer(edge, settings.gateway.http_address)
        grpc = await start(
            COMPONENT,
            settings.gateway.grpc_address,
            partial(register, use_cases=use_cases),
            settings,
            authenticate=KeyAuthenticator(keys),
            ready=readiness.ready,
            tell=readiness.tell,
        )
        await http.start()
        if metrics:
            watch = HealthWatch(use_cases.health, settings.auth.caller_secret)
            parts.push_async_callback(watch.close)
            watch.start()
        parts.push_async_callback(_drain, http, grpc, LEAVE_S[settings.mode])
        _log.info("serving", op="serve", service="http", address=settings.gateway.http_address, port=http.port)
        signal = await wait_for_signal()
        _log.info("stopping", op="serve", signal=signal)
        app.state.draining = True
    _log.info("stopped", op="serve")


async def _drain(http: HttpServer, grpc: RunningServer, leave_s: float) -> None:
    """Both at the same time: they share the moment in which clients learn to go elsewhere, and the grace."""

    async def leave_http() -> None:
        await asyncio.sleep(leave_s)
        await http.drain()

    await asyncio.gather(leave_http(), grpc.drain())


def _use_cases(settings: Settings, database: Database, readiness: Readiness, parts: AsyncExitStack) -> UseCases:
    cache = Cache(settings.redis.url)
    parts.push_async_callback(cache.close)
    search, assembly, indexing = (
        connect(address) for address in (settings.search.address, settings.assembly.address, settings.indexing.address)
    )
    channels = {SEARCH: search, ASSEMBLY: assembly, INDEXING: indexing}
    for channel in channels.values():
        parts.push_async_callback(channel.close)
    redis = RedisProbe(settings.redis.url, PART_S) if settings.redis.url else None
    if redis is not None:
        parts.push_async_callback(redis.close)
    kept = KeptBundles(cache)
    return UseCases(
        Retrieval(
            database,
            AnswerCache(cache),
            kept,
            SearchServiceStub(search),
            AssemblyServiceStub(assembly),
            Path(settings.search.reranker).name,
        ),
        Bundles(database, kept, AssemblyServiceStub(assembly)),
        CodeGraph(GraphServiceStub(search)),
        Repositories(IndexingServiceStub(indexing)),
        Contexts(ContextServiceStub(indexing)),
        Uploads(IndexingServiceStub(indexing)),
        Operations(OperationsStub(indexing)),
        HealthChecks(
            HealthRows(database), redis, channels, Diagnosis(COMPONENT, settings, tell=readiness.tell).message
        ),
    )
