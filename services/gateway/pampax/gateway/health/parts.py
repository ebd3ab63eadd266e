"""The parts that health tells of, which of them a service needs, and what to do when one does not answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pampax.v1.diagnostics_service_pb2 import Diagnostics

DATABASE, MIGRATIONS, REDIS = "database", "migrations", "redis"
GATEWAY, SEARCH, ASSEMBLY, INDEXING = "gateway", "search", "assembly", "indexing"
WORKERS, QUEUE, INDEX = "workers", "queue", "index"
MEMORY, DISK, CONFIGURATION = "memory", "disk", "configuration"

ALL: Final = (
    DATABASE, MIGRATIONS, REDIS, GATEWAY, SEARCH, ASSEMBLY, INDEXING,
    WORKERS, QUEUE, INDEX, MEMORY, DISK, CONFIGURATION,
)  # fmt: skip
# Without these nothing can be answered; without the others less can.
VITAL: Final = frozenset({DATABASE, MIGRATIONS, SEARCH})
# Of the services asked for by name (`pampax.core.choices.HealthService`): themselves and all that they need.
PARTS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "all": ALL,
    "gateway": (GATEWAY, DATABASE, MIGRATIONS, REDIS, MEMORY, CONFIGURATION),
    "search": (SEARCH, DATABASE, MIGRATIONS, INDEX, MEMORY, CONFIGURATION),
    "assembly": (ASSEMBLY, SEARCH, DATABASE, MIGRATIONS, INDEX, MEMORY, CONFIGURATION),
    "indexing": (INDEXING, DATABASE, MIGRATIONS, REDIS, WORKERS, QUEUE, MEMORY, DISK, CONFIGURATION),
    "worker": (WORKERS, QUEUE, DATABASE, MIGRATIONS, REDIS, MEMORY, DISK),
    "database": (DATABASE, MIGRATIONS, INDEX),
    "redis": (REDIS,),
}

# What the advice about a part ends with when it does not answer at all.
NO_ANSWER: Final[Mapping[str, str]] = {
    DATABASE: "check that Postgres runs and that PAMPAX_DATABASE__URL names it",
    MIGRATIONS: "it can be told when the database answers",
    REDIS: "answers are not cached and indexing waits; check that Redis runs and that PAMPAX_REDIS__URL names it",
    SEARCH: "start it with `python -m pampax.search`, or check PAMPAX_SEARCH__ADDRESS",
    ASSEMBLY: "bundles fail; start it with `python -m pampax.assembly`, or check PAMPAX_ASSEMBLY__ADDRESS",
    INDEXING: "nothing can be indexed; start it with `python -m pampax.indexing`, or check PAMPAX_INDEXING__ADDRESS",
    WORKERS: "it can be told when the database answers",
    QUEUE: "it can be told when the database answers",
    INDEX: "it can be told when the database answers",
}


class Status(StrEnum):
    OK = "ok"
    DEGRADED = "degraded"
    FAILED = "failed"


# As the metric tells it.
SEVERITY: Final = {Status.OK: 0, Status.DEGRADED: 1, Status.FAILED: 2}


@dataclass(frozen=True, slots=True)
class Part:
    """One part: `detail` is what was found, `advice` what is wrong and what to do, empty when nothing is."""

    name: str
    status: Status
    detail: str = ""
    advice: str = ""
    took_ms: float = 0.0
    diagnostics: Diagnostics | None = None


def part(name: str, advice: str, detail: str, *, worst: bool = False) -> Part:
    """Ok without advice; with one degraded, or at the `worst` what the part's weight makes of it."""
    if not advice:
        return Part(name, Status.OK, detail)
    return Part(name, Status.FAILED if worst and name in VITAL else Status.DEGRADED, detail, advice)


def overall(parts: list[Part]) -> Status:
    """The worst."""
    return max((each.status for each in parts), key=SEVERITY.__getitem__, default=Status.OK)
