"""The faults: what is done to the system, what it may cost, and what health must say meanwhile."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial

import psutil
import psycopg
import pytest

from ...tcp_proxy import TcpProxy  # noqa: TID252 - tests are no package
from .system import System, fill

Strike = Callable[[System], AbstractContextManager[None]]

HOLD_S = 3.0
# How soon a fault must show, and how soon everything must be as before once it is over.
SHOWS_WITHIN_S = 8.0
WHOLE_WITHIN_S = 40.0


@dataclass(frozen=True)
class Fault:
    """`strike` does it on entering and undoes it on leaving, `hold_s` later; a kill is over at once.

    `shows` are the parts of which health must say at some moment that they are not ok; `touches` those of which it may.
    `restarts` is how often each process is started anew. `silences`: the gateway itself cannot answer.
    `fails` are the reasons for which an operation may end without success.
    """

    name: str
    strike: Strike
    hold_s: float = HOLD_S
    shows: frozenset[str] = frozenset()
    touches: frozenset[str] = frozenset()
    restarts: Mapping[str, int] = field(default_factory=dict)
    silences: bool = False
    fails: frozenset[str] = frozenset()


@contextmanager
def killed(name: str, system: System) -> Iterator[None]:
    system.process(name).kill()
    yield


@contextmanager
def backend_killed(system: System) -> Iterator[None]:
    """Postgres then ends all its sessions and recovers."""
    with system.superuser() as connection:
        os.kill(connection.info.backend_pid, signal.SIGKILL)
        yield


@contextmanager
def frozen(name: str, system: System) -> Iterator[None]:
    """The process and its children, until the fault is over."""
    stopped: list[psutil.Process] = []
    try:
        for process in system.family(name):
            process.suspend()
            stopped.append(process)
        yield
    finally:
        for process in stopped:
            if process.is_running():
                process.resume()


@contextmanager
def told(name: str, number: int, system: System) -> Iterator[None]:
    """An orderly end, after which the supervisor starts it again."""
    system.process(name).send_signal(number)
    yield


@contextmanager
def cut(target: str, how: Callable[[TcpProxy], None], system: System, *, of: str = "") -> Iterator[None]:
    """Every link to the target, or the one that this process has."""
    links = [proxy for (process, end), proxy in system.links.items() if end == target and of in ("", process)]
    try:
        for proxy in links:
            how(proxy)
        yield
    finally:
        for proxy in links:
            proxy.heal()


def slow(seconds: float) -> Callable[[TcpProxy], None]:
    return lambda proxy: proxy.delay(seconds)


@contextmanager
def disk_full(system: System) -> Iterator[None]:
    """The one disk that data, clones, logs and state share."""
    if not os.path.ismount(system.data_dir.root.parent):
        pytest.skip("a disk of its own needs the right to mount one")
    filler = system.data_dir.root.parent / "filler"
    try:
        fill(filler)
        yield
    finally:
        filler.unlink(missing_ok=True)


@contextmanager
def redis_flushed(system: System) -> Iterator[None]:
    with system.redis() as client:
        client.flushall()
    yield


@contextmanager
def redis_full(system: System) -> Iterator[None]:
    """It then refuses every write and still reads."""
    with system.redis() as client:
        before = client.config_get("maxmemory")["maxmemory"]
        client.config_set("maxmemory", 1)
        try:
            yield
        finally:
            client.config_set("maxmemory", before)


@contextmanager
def postgres_crowded(system: System) -> Iterator[None]:
    """Somebody else takes all connections, and the services lose those that they had."""
    with ExitStack() as taken, system.superuser() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pampax-%'"
        )
        while True:
            try:
                taken.enter_context(system.superuser())
            except psycopg.OperationalError:
                break
        yield


@contextmanager
def postgres_read_only(system: System) -> Iterator[None]:
    with system.superuser() as connection:
        connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        connection.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute("ALTER SYSTEM RESET default_transaction_read_only")
            connection.execute("SELECT pg_reload_conf()")


ALL_PARTS = frozenset({"database", "redis", "search", "assembly", "indexing", "workers"})
NEED_POSTGRES = frozenset({"database", "search", "assembly", "indexing", "workers"})


def _parts(*names: str) -> frozenset[str]:
    return frozenset(names)


def _kill(name: str, *touches: str, silences: bool = False) -> Fault:
    return Fault(
        f"{name} killed", partial(killed, name), 0.0, touches=_parts(*touches), restarts={name: 1}, silences=silences
    )


FAULTS = (
    _kill("gateway", silences=True),
    _kill("search", "search"),
    _kill("assembly", "assembly"),
    _kill("indexing", "indexing"),
    _kill("worker", "workers"),
    _kill("postgres", *NEED_POSTGRES),
    _kill("valkey", "redis", "workers"),
    Fault("supervisor killed", partial(killed, "supervisor"), 0.0),
    Fault("postgres session killed", backend_killed, 0.0, touches=NEED_POSTGRES),
    Fault("gateway frozen", partial(frozen, "gateway"), silences=True),
    Fault("search frozen", partial(frozen, "search"), shows=_parts("search")),
    Fault("assembly frozen", partial(frozen, "assembly"), shows=_parts("assembly")),
    Fault("indexing frozen", partial(frozen, "indexing"), shows=_parts("indexing")),
    Fault("postgres frozen", partial(frozen, "postgres"), shows=_parts("database"), touches=NEED_POSTGRES),
    Fault("valkey frozen", partial(frozen, "valkey"), shows=_parts("redis"), touches=_parts("workers")),
    Fault("supervisor frozen", partial(frozen, "supervisor")),
    Fault(
        "postgres restarted", partial(told, "postgres", signal.SIGINT), 0.0,
        touches=NEED_POSTGRES, restarts={"postgres": 1},
    ),
    Fault(
        "valkey restarted", partial(told, "valkey", signal.SIGTERM), 0.0,
        touches=_parts("redis", "workers"), restarts={"valkey": 1},
    ),
    Fault("search answers 0.2 s late", partial(cut, "search", slow(0.2)), touches=_parts("search", "assembly")),
    Fault("search answers 2 s late", partial(cut, "search", slow(2.0)), shows=_parts("search")),
    Fault("search accepts, never answers", partial(cut, "search", TcpProxy.stall), 12.0, shows=_parts("search")),
    Fault("search resets connections", partial(cut, "search", TcpProxy.reset), shows=_parts("search")),
    Fault("postgres answers 0.2 s late", partial(cut, "postgres", slow(0.2)), touches=NEED_POSTGRES),
    Fault("postgres answers 2 s late", partial(cut, "postgres", slow(2.0)), 6.0, touches=NEED_POSTGRES),
    Fault("postgres accepts, never answers", partial(cut, "postgres", TcpProxy.stall), 12.0, touches=NEED_POSTGRES),
    Fault("postgres resets connections", partial(cut, "postgres", TcpProxy.reset), touches=NEED_POSTGRES),
    Fault(
        "search alone loses postgres", partial(cut, "postgres", TcpProxy.refuse, of="search"), touches=_parts("search")
    ),
    Fault(
        "redis answers 2 s late", partial(cut, "valkey", slow(2.0)),
        shows=_parts("redis"), touches=_parts("workers"),
    ),
    Fault(
        "redis accepts, never answers", partial(cut, "valkey", TcpProxy.stall),
        shows=_parts("redis"), touches=_parts("workers"),
    ),
    Fault("redis refuses", partial(cut, "valkey", TcpProxy.refuse), shows=_parts("redis"), touches=_parts("workers")),
    Fault("redis flushed", redis_flushed, 0.0),
    Fault("redis full", redis_full, touches=_parts("redis", "workers")),
    Fault("postgres out of connections", postgres_crowded, touches=NEED_POSTGRES),
    Fault("postgres read-only", postgres_read_only, touches=NEED_POSTGRES),
    Fault("disk full", disk_full, 5.0, touches=ALL_PARTS, fails=_parts("RESOURCE_EXHAUSTED", "DISK_FULL")),
)  # fmt: skip
