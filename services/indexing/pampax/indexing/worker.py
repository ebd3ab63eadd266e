"""The processes that run operations: Celery's prefork worker, and one that does a single repository's work and ends."""

from __future__ import annotations

import mmap
import os
import signal
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from uuid import UUID

from billiard.util import get_logger as pool_logger  # type: ignore[import-untyped]  # no stubs are published
from celery import Celery, signals
from celery.platforms import SecurityWarning

from pampax.core.errors import Internal
from pampax.embedding.static import load_default
from pampax.indexing.celery_app import GRACE_S, make_celery
from pampax.indexing.credentials.sealing import Sealer
from pampax.indexing.heartbeat.signals import Heartbeats
from pampax.indexing.refresh.beat import Beat, register_looking
from pampax.indexing.refresh.looking import Looking
from pampax.indexing.run.indexing import GitPolicy
from pampax.indexing.run.limits import Limits
from pampax.indexing.run.runner import Runner
from pampax.indexing.tasks import register_tasks
from pampax.runtime.logging import get_logger
from pampax.runtime.settings import Settings
from pampax.runtime.telemetry.children import reader
from pampax.runtime.telemetry.exposition import show_metrics
from pampax.runtime.telemetry.tracing import configure_tracing
from pampax.storage.database import SyncDatabase

COMPONENT = "indexing-worker"
# The run, its heartbeat, the look after the disk, and one to spare while Postgres comes back.
CONNECTIONS = 4
# Of operations that waited for one another; a process that did more would have no end in a busy repository.
MOST_IN_A_ROW = 100
_MIB = 1024 * 1024

_log = get_logger()


class StopFlag:
    """Set once, seen by this process and by the children that it forks."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, 1)

    def set(self) -> None:
        self._shared[0] = 1

    def __call__(self) -> bool:
        return self._shared[0] == 1


def make_looking(settings: Settings) -> Looking:
    """Everything that looking at sources needs; call it after forking."""
    database = SyncDatabase(settings.database.url, pool_max=1, component=COMPONENT)
    return Looking(database, git_policy(settings))


def git_policy(settings: Settings) -> GitPolicy:
    return GitPolicy(
        settings.indexing.cache_dir / "mirrors",
        settings.indexing.allow_private_git,
        own_credentials=settings.mode == "embedded",
        sealer=Sealer(settings.indexing.credential_keys),
    )


def make_runner(settings: Settings, stop_requested: Callable[[], bool]) -> Runner:
    """Everything that a run needs; call it after forking."""
    database = SyncDatabase(settings.database.url, pool_max=CONNECTIONS, component=COMPONENT)
    git = git_policy(settings)
    return Runner(database, load_default(), git, stop_requested=stop_requested, limits=limits_of(settings))


def limits_of(settings: Settings) -> Limits:
    """As settings have them, where 0 stands for none."""
    own = settings.indexing
    return Limits(
        soft_s=own.task_soft_limit_s or None,
        hard_s=own.task_hard_limit_s or None,
        soft_bytes=own.task_memory_mib * _MIB or None,
        hard_bytes=own.task_memory_hard_mib * _MIB or None,
        attempts=own.task_attempts,
    )


def run_operation(settings: Settings, operation_id: UUID, tenant_id: UUID) -> None:
    """This operation and those of the same repository that wait behind it; SIGTERM ends it within seconds."""
    settings.require("database.url")
    stop = StopFlag()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    with ExitStack() as parts:
        parts.callback(configure_tracing(COMPONENT, settings.telemetry))
        runner = parts.enter_context(make_runner(settings, stop))
        following: UUID | None = operation_id
        for _ in range(MOST_IN_A_ROW):
            if following is None or stop():
                return
            # The kernel's alarm ends a process that is too stuck to end itself.
            signal.setitimer(signal.ITIMER_REAL, settings.indexing.task_hard_limit_s and alarm_s(settings))
            found = runner.run(following, tenant_id)
            following = found.operation_id if found else None


def alarm_s(settings: Settings) -> float:
    return settings.indexing.task_hard_limit_s + GRACE_S


def run_worker(settings: Settings, metrics: Path | None = None) -> None:
    """Serves the queue until SIGTERM; runs under way then give their leases back.

    `metrics` is the folder that `share_metrics` made, for a worker that shows what its children count.
    """
    settings.require("database.url", "redis.url")
    app = make_celery(settings.redis.url, settings.indexing.task_hard_limit_s or None)
    stop = StopFlag()
    start_tracing = partial(configure_tracing, COMPONENT, settings.telemetry)
    _child = register_tasks(app, lambda: make_runner(settings, stop), start_tracing)
    register_looking(app, lambda: make_looking(settings))
    _beat = Beat(app)

    _heartbeats = Heartbeats(settings)

    # Held here, because Celery's signals keep no strong reference.
    def keep_logging(**_: object) -> None:
        """Connected, it keeps Celery from setting up logging of its own."""
        pool_logger().propagate = True  # left alone, it writes lines in a form of its own

    def stop_runs(**_: object) -> None:
        stop.set()

    signals.setup_logging.connect(keep_logging)
    signals.worker_shutting_down.connect(stop_runs)
    # It warns of root because of pickled messages; ours are JSON, and accepted as nothing else.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    _log.info("serving", op="serve", service="worker", concurrency=settings.indexing.concurrency)
    with ExitStack() as parts:
        _show(settings, metrics, parts)
        _start(app, settings.indexing.concurrency)


def _show(settings: Settings, metrics: Path | None, parts: ExitStack) -> None:
    if metrics is None:
        return
    shown = show_metrics(settings, settings.indexing.worker_metrics_address, *reader(metrics))
    if shown is not None:
        parts.callback(shown.close)
        # A child that outlives its parent must not keep the address from the next one.
        os.register_at_fork(after_in_child=shown.let_go)


def _start(app: Celery, concurrency: int) -> None:
    """Celery's own command does the same, and takes a fifth of a second to import."""
    worker = app.Worker(
        pool="prefork", concurrency=concurrency, quiet=True,
        without_gossip=True, without_mingle=True, without_heartbeat=True,
    )  # fmt: skip
    worker.start()
    if worker.exitcode:
        raise Internal("the worker ended because of an error of its own; its log tells which")
