"""The faults: what is done to the system, what it may cost, and what health must say meanwhile."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial

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


@dataclass(frozen=True)
class Fault:
    """`strike` does it on entering and undoes it on leaving, `hold_s` later; a kill is over at once.

    `shows` are the parts of which health must say at some moment that they are not ok; `touches` those of which it may.
    `restarts` is how often each process is started anew. `silences`: the gateway itself cannot answer.
    `fails` are the reasons for which an operation may end without success. `until_indexed`: it holds until somebody
    else has done the work.
    """

    name: str
    strike: Strike
    hold_s: float = HOLD_S
    shows: frozenset[str] = frozenset()
    touches: frozenset[str] = frozenset()
    restarts: Mapping[str, int] = field(default_factory=dict)
    silences: bool = False
    fails: frozenset[str] = frozenset()
    until_indexed: bool = False

    def __str__(self) -> str:
        return self.name.replace(" ", "-").replace(",", "")


def _parts(*names: str) -> frozenset[str]:
    return frozenset(names)


NEED_POSTGRES = _parts("database", "search", "assembly", "indexing", "workers")
ALL_PARTS = NEED_POSTGRES | {"redis"}


def _killed(name: str, *touches: str, silences: bool = False) -> Fault:
    strike = partial(killed, name)
    return Fault(f"{name} killed", strike, 0.0, touches=_parts(*touches), restarts={name: 1}, silences=silences)


def _frozen(name: str, *shows: str, **more: bool) -> Fault:
    return Fault(f"{name} frozen", partial(frozen, name), shows=_parts(*shows), touches=ALL_PARTS, **more)


def _restarted(name: str, number: int, touches: frozenset[str]) -> Fault:
    return Fault(f"{name} restarted", partial(told, name, number), 0.0, touches=touches, restarts={name: 1})


OF_PROCESSES = (
    _killed("gateway", silences=True),
    _killed("search", "search"),
    _killed("assembly", "assembly"),
    _killed("indexing", "indexing"),
    _killed("postgres", *NEED_POSTGRES),
    _killed("valkey", "redis", "workers"),
    Fault("supervisor killed", partial(killed, "supervisor"), 0.0),
    Fault("postgres session killed", backend_killed, 0.0, touches=NEED_POSTGRES),
    Fault("worker killed in a run", run_killed, 0.0, touches=_parts("workers"), restarts={"worker": 1}),
    _frozen("gateway", silences=True),
    _frozen("search", "search"),
    _frozen("assembly", "assembly"),
    _frozen("indexing", "indexing"),
    _frozen("postgres", "database"),
    _frozen("valkey", "redis"),
    _frozen("worker"),
    _frozen("supervisor"),
    Fault("worker frozen in a run", run_frozen, touches=_parts("workers"), until_indexed=True),
    _restarted("postgres", signal.SIGINT, NEED_POSTGRES),
    _restarted("valkey", signal.SIGTERM, _parts("redis", "workers")),
)

_SEARCH = _parts("search", "assembly")
_REDIS = _parts("redis", "workers")

OF_LINKS = (
    Fault("search answers 0.2 s late", partial(cut, "search", slow(0.2)), touches=_SEARCH),
    Fault("search answers 2 s late", partial(cut, "search", slow(2.0)), shows=_parts("search"), touches=_SEARCH),
    Fault(
        "search accepts, never answers", partial(cut, "search", TcpProxy.stall), PAST_DEADLINES_S,
        shows=_parts("search"), touches=_SEARCH,
    ),
    Fault("search resets connections", partial(cut, "search", TcpProxy.reset), shows=_parts("search"), touches=_SEARCH),
    Fault("postgres answers 0.2 s late", partial(cut, "postgres", slow(0.2)), touches=NEED_POSTGRES),
    Fault(
        "postgres answers 2 s late", partial(cut, "postgres", slow(2.0)), 5.0,
        shows=_parts("database"), touches=NEED_POSTGRES,
    ),
    Fault(
        "postgres accepts, never answers", partial(cut, "postgres", TcpProxy.stall), 6.0,
        shows=_parts("database"), touches=NEED_POSTGRES,
    ),
    Fault(
        "postgres resets connections", partial(cut, "postgres", TcpProxy.reset),
        shows=_parts("database"), touches=NEED_POSTGRES,
    ),
    Fault(
        "search alone loses postgres", partial(cut, "postgres", TcpProxy.refuse, of="search"),
        shows=_parts("search"), touches=_SEARCH,
    ),
    Fault("redis answers 2 s late", partial(cut, "valkey", slow(2.0)), shows=_parts("redis"), touches=_REDIS),
    Fault(
        "redis accepts, never answers", partial(cut, "valkey", TcpProxy.stall), shows=_parts("redis"), touches=_REDIS
    ),
    Fault("redis refuses", partial(cut, "valkey", TcpProxy.refuse), shows=_parts("redis"), touches=_REDIS),
)  # fmt: skip

OF_STORES = (
    Fault("redis flushed", redis_flushed, 0.0),
    Fault("redis full", redis_full, touches=_REDIS),
    Fault("postgres out of connections", postgres_crowded, touches=NEED_POSTGRES),
    Fault("postgres read-only", postgres_read_only, touches=NEED_POSTGRES),
    Fault("disk full", disk_full, 5.0, touches=ALL_PARTS, fails=_parts("DISK_FULL", "RESOURCE_EXHAUSTED")),
)
