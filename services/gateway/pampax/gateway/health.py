"""The state of the system's parts, each asked at the same time and none waited for long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from pampax.core.errors import PampaxError, Unavailable
from pampax.core.identity import Caller
from pampax.gateway.postgres import GatewayRows
from pampax.runtime.caller import current_caller
from pampax.runtime.channel import call
from pampax.storage.cache import Cache
from pampax.v1.gateway_service_pb2 import ComponentHealth, GetHealthResponse

# Each part has this long; all are asked at once, so the whole answer takes little more.
PART_S = 0.1
# An operation that nobody has taken up for so long waits for a worker that is not there.
_PATIENCE_S = 60.0
_OK, _DEGRADED, _FAILED = "ok", "degraded", "failed"
# Without these nothing can be answered; without the others less can.
_VITAL = frozenset({"database", "search"})
_ADVICE = {
    "database": "check that Postgres runs and that PAMPAX_DATABASE__URL names it",
    "redis": "answers are not cached and indexing waits; check that Redis runs and that PAMPAX_REDIS__URL names it",
    "search": "start it with `python -m pampax.search`, or check PAMPAX_SEARCH__ADDRESS",
    "assembly": "bundles fail; start it with `python -m pampax.assembly`, or check PAMPAX_ASSEMBLY__ADDRESS",
    "indexing": "nothing can be indexed; start it with `python -m pampax.indexing`, or check PAMPAX_INDEXING__ADDRESS",
    "workers": "operations wait for a worker; start one, or more of them, and look at their logs",
}

Check = Callable[[], Awaitable[None]]


class HealthChecks:
    """`services` maps search, assembly and indexing to their channel and to the service whose readiness counts."""

    def __init__(self, rows: GatewayRows, cache: Cache, services: Mapping[str, tuple[aio.Channel, str]]) -> None:
        self._rows = rows
        self._cache = cache
        self._services = services

    async def report(self) -> GetHealthResponse:
        """Never raises: what goes wrong is what it tells."""
        caller = current_caller()
        checks: dict[str, Check] = {
            "database": self._rows.check,
            "redis": self._check_redis,
            **{name: partial(self._check_service, name) for name in self._services},
            "workers": partial(self._check_workers, caller),
        }
        parts = await asyncio.gather(*(_examined(name, check) for name, check in checks.items()))
        return GetHealthResponse(status=_overall(parts), components=parts)

    async def ready(self) -> bool:
        """Whether requests can be answered at all: every one begins with a look into Postgres."""
        try:
            await self._rows.check()
        except PampaxError:
            return False
        return True

    async def _check_redis(self) -> None:
        await self._cache.get("v1:health")
        if not self._cache.available:
            raise Unavailable("Redis does not answer, or none is configured")

    async def _check_service(self, name: str) -> None:
        channel, service = self._services[name]
        stub = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest(service=service)
        answer = await call(stub.Check, request, timeout_s=PART_S, retries=0)
        if answer.status != health_pb2.HealthCheckResponse.SERVING:
            raise Unavailable("the service runs but is not ready")

    async def _check_workers(self, caller: Caller) -> None:
        waiting = await self._rows.waiting_operations(caller, _PATIENCE_S)
        if waiting:
            raise Unavailable(f"{waiting} operations wait for more than {_PATIENCE_S:.0f} s")


async def _examined(name: str, check: Check) -> ComponentHealth:
    started = time.perf_counter()
    status, advice = _OK, ""
    try:
        async with asyncio.timeout(PART_S):
            await check()
    except TimeoutError:
        status, advice = _bad(name), f"no answer within {PART_S * 1000:.0f} ms: {_ADVICE[name]}"
    except PampaxError as error:
        status, advice = _bad(name), f"{error.message}: {_ADVICE[name]}"
    took_ms = (time.perf_counter() - started) * 1000
    return ComponentHealth(name=name, status=status, took_ms=round(took_ms, 3), advice=advice)


def _bad(name: str) -> str:
    return _FAILED if name in _VITAL else _DEGRADED


def _overall(parts: list[ComponentHealth]) -> str:
    found = {part.status for part in parts}
    return next((status for status in (_FAILED, _DEGRADED) if status in found), _OK)
