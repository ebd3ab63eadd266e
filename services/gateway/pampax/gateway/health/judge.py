"""From what the parts have answered to what is ok, degraded or failed: pure functions, one for each part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import TypeVar

from pampax.gateway.health import parts
from pampax.gateway.health.answers import Answer, Answers, DatabaseState, IndexState, Named
from pampax.gateway.health.parts import NO_ANSWER, Part, part
from pampax.gateway.health.resources import configuration, disk, megabytes, memory
from pampax.gateway.health.workers import queue, workers
from pampax.storage.heartbeats import Heartbeat
from pampax.storage.redis_state import RedisState
from pampax.storage.trouble import READ_ONLY
from pampax.v1.diagnostics_service_pb2 import Diagnostics

# Of the server's connections; what is left is for those who have to look after it.
CONNECTIONS_SHARE = 0.9

Value = TypeVar("Value")


def judged(names: Iterable[str], answers: Answers) -> list[Part]:
    """The named parts, in their order; what was not asked for them is left out."""
    told = {name: answer.value for name, answer in answers.services.items() if answer.value is not None}
    beats = answers.work.value.heartbeats if answers.work is not None and answers.work.value is not None else []
    judges: Mapping[str, Callable[[], Part | None]] = {
        parts.DATABASE: lambda: _of(parts.DATABASE, answers.database, _database),
        parts.MIGRATIONS: lambda: _of(parts.MIGRATIONS, answers.database, _migrations),
        parts.REDIS: lambda: _of(parts.REDIS, answers.redis, _redis),
        **{name: partial(_service, name, answer) for name, answer in answers.services.items()},
        parts.WORKERS: lambda: _of(parts.WORKERS, answers.work, lambda work: workers(work.heartbeats)),
        parts.QUEUE: lambda: _of(parts.QUEUE, answers.work, lambda work: queue(work.queue)),
        parts.INDEX: lambda: _of(parts.INDEX, answers.index, _index),
        parts.MEMORY: lambda: memory(told, _alive(beats)),
        parts.DISK: lambda: disk(told, _alive(beats)),
        parts.CONFIGURATION: lambda: configuration(told),
    }
    found = (judges[name]() for name in names if name in judges)
    return [each for each in found if each is not None]


def _alive(beats: Iterable[Heartbeat]) -> list[Heartbeat]:
    return [each for each in beats if each.alive]


def _of(name: str, answer: Answer[Value] | None, judge: Callable[[Value], Part]) -> Part | None:
    if answer is None:
        return None
    found = _silent(name, answer) if answer.value is None else judge(answer.value)
    return replace(found, took_ms=answer.took_ms)


def _silent(name: str, answer: Answer[Value]) -> Part:
    return part(name, f"{answer.problem}: {NO_ANSWER[name]}", "", worst=True)


def _database(state: DatabaseState) -> Part:
    advice = READ_ONLY if state.read_only else ""
    if not advice and state.used >= CONNECTIONS_SHARE * state.most:
        advice = (
            f"{state.used} of its {state.most} connections are taken: raise max_connections, or lower "
            "PAMPAX_DATABASE__POOL_MAX or the number of processes"
        )
    return part(parts.DATABASE, advice, f"{state.used} of {state.most} connections in use")


def _migrations(state: DatabaseState) -> Part:
    schema = state.schema
    return part(parts.MIGRATIONS, schema.advice, schema.found or "none applied", worst=not schema.usable)


def _redis(state: RedisState) -> Part:
    limit = f" of {megabytes(state.limit)}" if state.limit else ""
    return part(parts.REDIS, state.problem, f"{megabytes(state.used)}{limit} used")


def _service(name: str, answer: Answer[Diagnostics]) -> Part:
    told = answer.value
    if told is None:
        return replace(_silent(name, answer), took_ms=answer.took_ms)
    memory_held = megabytes(told.memory.resident_bytes)
    detail = f"{told.version}, {memory_held}" + (
        f", {told.pool.used} of {told.pool.max} connections in use" if told.HasField("pool") else ""
    )
    advice = "; ".join(told.degraded)
    if not told.ready:
        advice = f"it runs and is not ready: {advice or 'see its log'}"
    found = part(name, advice, detail, worst=not told.ready)
    return replace(found, took_ms=answer.took_ms, diagnostics=told)


def _index(state: IndexState) -> Part:
    wrong = (
        (state.failed, "the last indexing of {} failed: `pampax status REPO` tells why, then index again"),
        (state.stalled, "the indexing of {} waits and nobody works on it: see workers"),
        (state.without_vectors, "{} is searched without vectors: index it again with --full"),
    )
    advice = "; ".join(line.format(_listed(named)) for named, line in wrong if named.count)
    return part(parts.INDEX, advice, f"{state.published} of {state.repositories} repositories published")


def _listed(named: Named) -> str:
    more = named.count - len(named.names)
    return ", ".join(named.names) + (f" and {more} more" if more else "")
