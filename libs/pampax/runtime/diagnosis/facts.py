"""What the parts of a service tell of themselves, beyond what every process has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PoolUse:
    """Connections of a pool, and the requests that wait for one."""

    open: int
    used: int
    waiting: int
    max: int


@dataclass(frozen=True, slots=True)
class SchemaFacts:
    """The newest migration of the code and of the database, and how the two fit; see pampax.storage.schema.Fit."""

    expected: str
    found: str
    state: str


@dataclass(frozen=True, slots=True)
class Facts:
    """`degraded` are lines with what is wrong and what to do; `clock_offset_s` is our clock minus the database's."""

    pool: PoolUse | None = None
    schema: SchemaFacts | None = None
    degraded: tuple[str, ...] = ()
    clock_offset_s: float = 0.0


# Asked for each answer: from memory, without waiting for anything.
Tell = Callable[[], Facts]
