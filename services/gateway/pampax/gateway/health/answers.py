"""What the parts answer when they are asked: plain values, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pampax.storage.heartbeats import Heartbeat
from pampax.storage.redis_state import RedisState
from pampax.storage.schema import SchemaState
from pampax.v1.diagnostics_service_pb2 import Diagnostics

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Answer(Generic[Value]):
    """`value` is None exactly when `problem` says why."""

    value: Value | None
    problem: str = ""
    took_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """`used` of `most` connections of the whole server are taken."""

    schema: SchemaState
    read_only: bool
    used: int
    most: int


@dataclass(frozen=True, slots=True)
class QueueState:
    """Over all tenants; ages in seconds."""

    waiting: int
    oldest_waiting_s: float
    running: int
    silent: int


@dataclass(frozen=True, slots=True)
class Work:
    """Who works, and what waits for them."""

    heartbeats: list[Heartbeat]
    queue: QueueState


@dataclass(frozen=True, slots=True)
class Named:
    """How many there are, and the first few by name."""

    count: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IndexState:
    """Of the repositories that the caller may read."""

    repositories: int
    published: int
    failed: Named  # the last operation has failed
    stalled: Named  # the last operation is open and nobody works on it
    without_vectors: Named


@dataclass(frozen=True, slots=True)
class Answers:
    """None for what was not asked."""

    database: Answer[DatabaseState] | None = None
    redis: Answer[RedisState] | None = None
    work: Answer[Work] | None = None
    index: Answer[IndexState] | None = None
    services: Mapping[str, Answer[Diagnostics]] = field(default_factory=dict)
