"""The one task: an operation by its ids. What runs it is made in each child after the fork and kept between tasks."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from typing import TypeAlias
from uuid import UUID

from celery import Celery, Task, signals
from kombu.exceptions import OperationalError

from pampax.core.errors import PampaxError
from pampax.indexing.celery_app import RUN_OPERATION
from pampax.indexing.run.runner import Runner
from pampax.indexing.transport import PATIENT, URGENT
from pampax.runtime.context import REQUEST_ID_KEY, TRACEPARENT_KEY, enter_request
from pampax.runtime.logging import get_logger
from pampax.storage.operations import Next

# How long the clone of a deleted repository may stay on the disk of a worker without work.
TIDY_PERIOD_S = 60.0
# A run makes rows by the hundred thousand that live until it ends: with Python's 700, looking through them again and
# again takes a fifth of a refresh of 50,000 files.
_NEW_OBJECTS_A_COLLECTION = 50_000

# Begins to trace in this process and returns what ends it: threads that send spans do not survive a fork.
StartTracing: TypeAlias = Callable[[], Callable[[], None]]

_log = get_logger()


class Child:
    """What one child process holds: a runner, and a thread that looks after the disk while there is nothing to run."""

    def __init__(self, make_runner: Callable[[], Runner], start_tracing: StartTracing) -> None:
        self._make_runner = make_runner
        self._start_tracing = start_tracing
        self._stop_tracing: Callable[[], None] | None = None
        self._runner: Runner | None = None
        self._closing = threading.Event()

    def open(self, **_: object) -> None:
        self._stop_tracing = self._start_tracing()
        runner = self._runner = self._make_runner()
        gc.freeze()
        gc.set_threshold(_NEW_OBJECTS_A_COLLECTION)
        threading.Thread(target=self._tidy, args=(runner,), name="tidy", daemon=True).start()

    def _tidy(self, runner: Runner) -> None:
        while not self._closing.is_set():
            runner.remove_forgotten_mirrors()
            self._closing.wait(TIDY_PERIOD_S)

    def close(self, **_: object) -> None:
        self._closing.set()
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.close()
        if self._stop_tracing is not None:
            self._stop_tracing()

    def run(self, operation_id: str, tenant_id: str) -> Next | None:
        if self._runner is None:
            self.open()
        assert self._runner is not None
        return self._runner.run(UUID(operation_id), UUID(tenant_id))


def register_tasks(app: Celery, make_runner: Callable[[], Runner], start_tracing: StartTracing) -> Child:
    """The caller keeps the child: Celery's signals hold no strong reference to it."""
    child = Child(make_runner, start_tracing)
    signals.worker_process_init.connect(child.open)
    signals.worker_process_shutdown.connect(child.close)

    # Late acknowledgement, limits and no result: see celery_app. Never retried by Celery: the reaper does that.
    def run_operation(task: Task, operation_id: str, tenant_id: str) -> None:
        enter_request({name: task.request.get(name) or "" for name in (REQUEST_ID_KEY, TRACEPARENT_KEY)})
        try:
            following = child.run(operation_id, tenant_id)
        except PampaxError as error:
            _log.warning("operation not run", op="task", err_code=error.reason, detail=error.message)
            return
        if following is not None:
            _send(app, following, tenant_id)

    app.task(run_operation, name=RUN_OPERATION, bind=True, shared=False)
    return child


def _send(app: Celery, following: Next, tenant_id: str) -> None:
    """The next operation of the repository. If that fails, the reaper finds it."""
    try:
        arguments, priority = [str(following.operation_id), tenant_id], URGENT if following.urgent else PATIENT
        app.send_task(RUN_OPERATION, args=arguments, priority=priority, retry=False)
    except OperationalError as error:
        _log.info("next operation not sent", op="task", error=type(error).__name__)
