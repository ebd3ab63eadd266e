"""What is done to the system: each strike holds inside its block and is over when it is left."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import psutil
import psycopg
import pytest

from ...tcp_proxy import TcpProxy  # noqa: TID252 - tests are no package
from .scene import Scene
from .system import fill, until

RUNS_WITHIN_S = 120.0  # a lease of the fault before may have to end first, on a busy machine


@contextmanager
def killed(name: str, scene: Scene) -> Iterator[None]:
    scene.system.process(name).kill()
    yield


@contextmanager
def backend_killed(scene: Scene) -> Iterator[None]:
    """Postgres then ends all its sessions and recovers."""
    with scene.system.superuser() as connection:
        os.kill(connection.info.backend_pid, signal.SIGKILL)
        yield


@contextmanager
def frozen(name: str, scene: Scene) -> Iterator[None]:
    """The process and its children until the fault is over; the supervisor, whose children are all, alone."""
    system = scene.system
    members = [system.process(name)] if name == "supervisor" else system.family(name)
    try:
        for process in members:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        yield
    finally:
        for process in members:
            with suppress(psutil.NoSuchProcess):
                process.resume()


@contextmanager
def run_killed(scene: Scene) -> Iterator[None]:
    """The worker, its children included, in the midst of an operation."""
    with _in_a_run(scene) as _child:
        for process in scene.system.family("worker"):
            process.kill()
    yield


@contextmanager
def run_frozen(scene: Scene) -> Iterator[None]:
    """The child that runs an operation: for longer than its lease, so that another takes the work up."""
    with _in_a_run(scene) as child:
        child.suspend()
    try:
        yield
    finally:
        child.resume()


@contextmanager
def _in_a_run(scene: Scene) -> Iterator[psutil.Process]:
    """The child of the worker that has published all but the last step, held there as long as the block lasts."""
    with scene.system.superuser() as connection, connection.transaction():
        connection.execute("LOCK TABLE snapshot IN SHARE MODE")  # reads go on
        scene.load.hurry()
        assert until(lambda: bool(connection.execute(WAITING).fetchall()), RUNS_WITHIN_S), "nothing is published"
        ((port,),) = connection.execute(WAITING).fetchall()
        origin = scene.system.links["worker", "postgres"].origin_of(port)
        yield next(
            process
            for process in scene.system.family("worker")
            if any(end.laddr and end.laddr.port == origin for end in process.net_connections("tcp"))
        )


WAITING = """
SELECT client_port FROM pg_stat_activity JOIN pg_locks USING (pid)
WHERE NOT granted AND relation = 'snapshot'::regclass
"""


@contextmanager
def told(name: str, number: int, scene: Scene) -> Iterator[None]:
    """An orderly end, after which the supervisor starts it again."""
    scene.system.process(name).send_signal(number)
    yield


@contextmanager
def cut(target: str, how: Callable[[TcpProxy], None], scene: Scene, *, of: str = "") -> Iterator[None]:
    """Every link to the target, or the one that this process has."""
    links = [proxy for (process, end), proxy in scene.system.links.items() if end == target and of in ("", process)]
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
def disk_full(scene: Scene) -> Iterator[None]:
    """The one disk that data, clones, logs and state share."""
    if not os.path.ismount(scene.system.disk):
        pytest.skip("a disk of its own needs the right to mount one")
    filler = scene.system.disk / "filler"
    try:
        fill(filler)
        yield
    finally:
        filler.unlink(missing_ok=True)


@contextmanager
def redis_flushed(scene: Scene) -> Iterator[None]:
    with scene.system.redis() as client:
        client.flushall()
    yield


@contextmanager
def redis_full(scene: Scene) -> Iterator[None]:
    """It then refuses every write and still reads."""
    with scene.system.redis() as client:
        before = client.config_get("maxmemory")["maxmemory"]
        client.config_set("maxmemory", 1)
        try:
            yield
        finally:
            client.config_set("maxmemory", before)


@contextmanager
def postgres_crowded(scene: Scene) -> Iterator[None]:
    """Somebody else takes all connections, those of the services included."""
    with ExitStack() as taken, scene.system.superuser() as connection:
        while connection.execute(COUNT_OURS).fetchall() != [(0,)]:
            _take_all(scene, taken)
            connection.execute(END_OURS)
            _take_all(scene, taken)
        yield


COUNT_OURS = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pampax-%'"
END_OURS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pampax-%'"


def _take_all(scene: Scene, taken: ExitStack) -> None:
    with suppress(psycopg.OperationalError):
        while True:
            taken.enter_context(scene.system.superuser())


@contextmanager
def postgres_read_only(scene: Scene) -> Iterator[None]:
    with scene.system.superuser() as connection:
        connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        connection.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute("ALTER SYSTEM RESET default_transaction_read_only")
            connection.execute("SELECT pg_reload_conf()")
