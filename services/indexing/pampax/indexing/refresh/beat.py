"""Celery's beat in each worker, and the one task that it sends: look at the sources that are due.

Beats know nothing of one another. What is due stands in the database, where what one round takes the others pass over.
"""

from __future__ import annotations

from collections.abc import Callable

from celery import Celery, beat, signals

from pampax.core.errors import PampaxError
from pampax.indexing.refresh.looking import Looking
from pampax.runtime.logging import get_logger

LOOK = "pampax.indexing.refresh_sources"
# How late a look may be; with several workers less.
PERIOD_S = 15.0
# A round ends long before that. A process that hangs is replaced, and with it goes what it ran.
LIMIT_S = 300.0

_log = get_logger()


class Beat:
    """A thread in the worker's first process, while it serves. The caller keeps it: signals hold no strong reference.

    A thread, because a process of its own would outlive a worker that is killed.
    """

    def __init__(self, app: Celery, *, period_s: float = PERIOD_S) -> None:
        # One that was not taken in time is of no use beside the next.
        app.conf.beat_schedule = {"refresh": {"task": LOOK, "schedule": period_s, "options": {"expires": period_s}}}
        self._app = app
        self._service: beat.Service | None = None
        signals.worker_ready.connect(self.start)
        signals.worker_shutting_down.connect(self.stop)

    def start(self, **_: object) -> None:
        # In memory: there is nothing to remember between two starts.
        thread = beat.EmbeddedService(self._app, thread=True, scheduler_cls="celery.beat:Scheduler")
        self._service = thread.service
        thread.start()

    def stop(self, **_: object) -> None:
        """Does not wait for it: it sleeps most of the time, and nothing is lost with it."""
        if self._service is not None:
            self._service.stop()


def register_looking(app: Celery, make_looking: Callable[[], Looking]) -> None:
    """What a child process needs for it is made with its first round, and kept."""
    made: list[Looking] = []

    def refresh_sources() -> None:
        if not made:
            made.append(make_looking())
        try:
            made[0].round()
        except PampaxError as error:
            _log.warning("sources not looked at", op="refresh", err_code=error.reason, detail=error.message)

    app.task(refresh_sources, name=LOOK, shared=False, time_limit=LIMIT_S, acks_late=False)
