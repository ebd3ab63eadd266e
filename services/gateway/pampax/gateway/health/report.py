"""The report: every part that was asked for, examined at the same time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any, TypeVar

from grpc import aio

from pampax.core.errors import PampaxError, Unavailable
from pampax.core.identity import Caller
from pampax.gateway.checks import check_health
from pampax.gateway.health import parts
from pampax.gateway.health.answers import Answer, Answers
from pampax.gateway.health.asking import PART_S, asked
from pampax.gateway.health.judge import judged
from pampax.gateway.health.parts import PARTS_OF, Part, overall, part
from pampax.gateway.health.rows import HealthRows
from pampax.runtime.caller import current_caller
from pampax.runtime.channel import call
from pampax.storage.redis_state import RedisProbe, RedisState
from pampax.v1.diagnostics_service_pb2 import Diagnostics, GetDiagnosticsRequest
from pampax.v1.diagnostics_service_pb2_grpc import DiagnosticsServiceStub
from pampax.v1.gateway_service_pb2 import ComponentHealth, GetHealthResponse

READY_WITHIN_S = 1.0
# What a service is asked with, of what it is given: so that its own words come in time.
_CALL_SHARE = 0.9

Value = TypeVar("Value")


class HealthChecks:
    """`services` maps search, assembly and indexing to their channels; `own` tells of this process.

    Without a `redis` there is none.
    """

    def __init__(
        self,
        rows: HealthRows,
        redis: RedisProbe | None,
        services: Mapping[str, aio.Channel],
        own: Callable[[], Diagnostics],
    ) -> None:
        self._rows = rows
        self._redis = redis
        self._stubs = {name: DiagnosticsServiceStub(channel) for name, channel in services.items()}
        self._own = own

    async def report(self, service: str = "", *, part_s: float = PART_S) -> GetHealthResponse:
        """InvalidRequest for a service that is none; what goes wrong otherwise is what it tells, and what has not
        answered within `part_s`."""
        check_health(service)
        started = time.perf_counter()
        names = PARTS_OF[service or "all"]
        found = judged(names, await self._ask(names, current_caller(), part_s))
        return _message(found, started)

    def without_database(self, error: PampaxError) -> GetHealthResponse:
        """For a caller who cannot be known, because that takes the database: only that it does not answer."""
        started = time.perf_counter()
        advice = f"{error.message}: {parts.NO_ANSWER[parts.DATABASE]}"
        return _message([part(parts.DATABASE, advice, "", worst=True)], started)

    async def ready(self) -> bool:
        """Whether requests can be answered at all: every one begins with a look into Postgres."""
        answer = await asked(self._rows.database(), READY_WITHIN_S)
        return answer.value is not None and answer.value.schema.usable

    async def _ask(self, names: tuple[str, ...], caller: Caller, part_s: float) -> Answers:
        """One question may tell of several parts."""
        wanted = set(names)
        rows = self._rows
        if_asked = partial(_if, part_s)
        async with asyncio.TaskGroup() as group:
            begin = group.create_task
            database = begin(if_asked(wanted & {parts.DATABASE, parts.MIGRATIONS}, rows.database))
            redis = begin(if_asked(wanted & {parts.REDIS}, self._look_at_redis))
            work = begin(if_asked(wanted & {parts.WORKERS, parts.QUEUE}, rows.work))
            index = begin(if_asked(wanted & {parts.INDEX}, partial(rows.index, caller)))
            told = {
                name: begin(asked(self._diagnostics(name, part_s), part_s)) for name in self._stubs if name in wanted
            }
        own = {parts.GATEWAY: Answer(self._own())} if parts.GATEWAY in wanted else {}
        services = {**own, **{name: task.result() for name, task in told.items()}}
        return Answers(database.result(), redis.result(), work.result(), index.result(), services)

    async def _look_at_redis(self) -> RedisState:
        if self._redis is None:
            raise Unavailable("no Redis is configured")
        return await self._redis.look()

    async def _diagnostics(self, name: str, part_s: float) -> Diagnostics:
        method = self._stubs[name].GetDiagnostics
        return await call(method, GetDiagnosticsRequest(), timeout_s=_CALL_SHARE * part_s, retries=0)


async def _if(
    part_s: float, wanted: object, question: Callable[[], Coroutine[Any, Any, Value]]
) -> Answer[Value] | None:
    return await asked(question(), part_s) if wanted else None


def _message(found: list[Part], started: float) -> GetHealthResponse:
    components = [
        ComponentHealth(
            name=each.name,
            status=each.status.value,
            took_ms=round(each.took_ms, 3),
            advice=each.advice,
            detail=each.detail,
            diagnostics=each.diagnostics,
        )
        for each in found
    ]
    took_ms = round((time.perf_counter() - started) * 1_000, 3)
    return GetHealthResponse(status=overall(found).value, components=components, took_ms=took_ms)
