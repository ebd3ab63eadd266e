"""The faults: what is done to the system, what it may cost, and what health must say meanwhile."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial

from pampax.gateway.health.parts import ALL

from ...tcp_proxy import TcpProxy  # noqa: TID252 - tests are no package
from .scene import Scene
from .strikes import (
    backend_killed,
    cut,
    disk_full,
    frozen,
    killed,
    postgres_crowded,
    postgres_read_only,
    redis_flushed,
    redis_full,
    run_frozen,
    run_killed,
    slow,
    told,
)

Strike = Callable[[Scene], AbstractContextManager[None]]

HOLD_S = 2.0
# Long enough to see requests end at their own deadline.
PAST_DEADLINES_S = 12.0
AWAY = frozenset({"UNAVAILABLE", "BREAKER_OPEN", "DEADLINE_EXCEEDED"})


@dataclass(frozen=True)
class Part:
    """What a fault hurts: its name in health, the parts that need it, and why requests may be refused without it."""

    name: str = ""
    needed_by: frozenset[str] = frozenset()
    refuses: frozenset[str] = frozenset()


NOTHING = Part()
SEARCH = Part("search", frozenset({"assembly"}), AWAY | {"SEARCH_UNAVAILABLE"})
ASSEMBLY = Part("assembly", refuses=AWAY)
INDEXING = Part("indexing", refuses=AWAY)
WORKERS = Part("workers", frozenset({"queue"}))
REDIS = Part("redis", frozenset({"workers", "queue"}))
POSTGRES = Part(
    "database",
    frozenset(ALL) - {"redis", "memory", "disk", "configuration"},
    SEARCH.refuses | {"DATABASE_READ_ONLY", "DATABASE_OUT_OF_CONNECTIONS", "DATABASE_BUSY"},
)
DISK = Part("disk", frozenset(ALL), POSTGRES.refuses | {"DATABASE_DISK_FULL"})


@dataclass(frozen=True)
class Fault:
    """`strike` does it on entering and undoes it on leaving, `hold_s` later; a kill is over at once.

    `shows`: health must say at some moment that the part is not ok; otherwise it may. `restarts` is how often each
    process is started anew; those in `may_restart` as often as they like. `silences`: the gateway itself cannot
    answer. `fails` are the reasons for which an operation may end without success. `until_indexed`: it holds until
    somebody else has done the work.
    """

    name: str
    hurts: Part
    strike: Strike
    hold_s: float = HOLD_S
    shows: bool = False
    restarts: Mapping[str, int] = field(default_factory=dict)
    may_restart: frozenset[str] = frozenset()
    silences: bool = False
    fails: frozenset[str] = frozenset()
    until_indexed: bool = False

    def __str__(self) -> str:
        return self.name.replace(" ", "-").replace(",", "")

    @property
    def unwell(self) -> frozenset[str]:
        """What health must show."""
        return frozenset({self.hurts.name}) if self.shows else frozenset()

    @property
    def may_be_unwell(self) -> frozenset[str]:
        return self.hurts.needed_by | {self.hurts.name}


def _killed(name: str, hurts: Part, *, silences: bool = False) -> Fault:
    return Fault(f"{name} killed", hurts, partial(killed, name), 0.0, restarts={name: 1}, silences=silences)


def _frozen(name: str, hurts: Part, *, shows: bool = True, silences: bool = False) -> Fault:
    return Fault(f"{name} frozen", hurts, partial(frozen, name), shows=shows, silences=silences)


def _restarted(name: str, hurts: Part, number: int) -> Fault:
    return Fault(f"{name} restarted", hurts, partial(told, name, number), 0.0, restarts={name: 1})


def _late(name: str, hurts: Part, target: str, seconds: float, hold_s: float, *, shows: bool) -> Fault:
    return Fault(f"{name} answers {seconds:g} s late", hurts, partial(cut, target, slow(seconds)), hold_s, shows=shows)


def _cut(name: str, hurts: Part, target: str, how: Callable[[TcpProxy], None], hold_s: float = HOLD_S) -> Fault:
    return Fault(name, hurts, partial(cut, target, how), hold_s, shows=True)


OF_PROCESSES = (
    _killed("gateway", NOTHING, silences=True),
    _killed("search", SEARCH),
    _killed("assembly", ASSEMBLY),
    _killed("indexing", INDEXING),
    _killed("postgres", POSTGRES),
    _killed("valkey", REDIS),
    Fault("supervisor killed", NOTHING, partial(killed, "supervisor"), 0.0),
    Fault("postgres session killed", POSTGRES, backend_killed, 0.0),
    Fault("worker killed in a run", WORKERS, run_killed, 0.0, restarts={"worker": 1}),
    _frozen("gateway", NOTHING, shows=False, silences=True),
    _frozen("search", SEARCH),
    _frozen("assembly", ASSEMBLY),
    _frozen("indexing", INDEXING),
    _frozen("postgres", POSTGRES),
    _frozen("valkey", REDIS),
    _frozen("worker", WORKERS, shows=False),
    _frozen("supervisor", NOTHING, shows=False),
    Fault("worker frozen in a run", WORKERS, run_frozen, until_indexed=True),
    _restarted("postgres", POSTGRES, signal.SIGINT),
    _restarted("valkey", REDIS, signal.SIGTERM),
)

OF_LINKS = (
    _late("search", SEARCH, "search", 0.2, HOLD_S, shows=False),
    _late("search", SEARCH, "search", 2.0, HOLD_S, shows=True),
    _cut("search accepts, never answers", SEARCH, "search", TcpProxy.stall, PAST_DEADLINES_S),
    _cut("search resets connections", SEARCH, "search", TcpProxy.reset),
    _late("postgres", POSTGRES, "postgres", 0.2, HOLD_S, shows=False),
    _late("postgres", POSTGRES, "postgres", 2.0, 5.0, shows=True),
    _cut("postgres accepts, never answers", POSTGRES, "postgres", TcpProxy.stall, 6.0),
    _cut("postgres resets connections", POSTGRES, "postgres", TcpProxy.reset),
    Fault("search alone loses postgres", SEARCH, partial(cut, "postgres", TcpProxy.refuse, of="search"), shows=True),
    _late("redis", REDIS, "valkey", 2.0, HOLD_S, shows=True),
    _cut("redis accepts, never answers", REDIS, "valkey", TcpProxy.stall),
    _cut("redis refuses", REDIS, "valkey", TcpProxy.refuse),
)

OF_STORES = (
    Fault("redis flushed", REDIS, redis_flushed, 0.0),
    Fault("redis full", REDIS, redis_full, shows=True),
    Fault("postgres out of connections", POSTGRES, postgres_crowded, 4.5, shows=True),
    Fault("postgres read-only", POSTGRES, postgres_read_only, shows=True),
    Fault(
        "disk full", DISK, disk_full, 5.0, shows=True,
        may_restart=frozenset({"gateway", "search", "assembly", "indexing", "worker", "postgres", "valkey"}),
        fails=frozenset({"DISK_FULL", "DATABASE_DISK_FULL"}),
    ),
)  # fmt: skip
