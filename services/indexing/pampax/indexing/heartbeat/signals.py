"""The pulse and the heartbeats of a Celery worker, tied to what happens in its processes."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from uuid import UUID, uuid4

import psutil
from billiard import current_process  # type: ignore[import-untyped]  # no stubs are published
from celery import signals

from pampax.core.version import own_version
from pampax.indexing.heartbeat.pulse import ChildPulse, ParentPulse, Pulse
from pampax.indexing.heartbeat.row import HeartbeatRow
from pampax.runtime.settings import Settings
from pampax.storage.database import SyncDatabase
from pampax.storage.heartbeats import WorkerProcess

COMPONENT = "heartbeat"
FILE_NAME = "worker.beat"
_MOST_SILENT_S = 1e9  # of a parent that has not beaten at all


class Heartbeats:
    """Made in the parent before it forks; the caller keeps it, because Celery's signals hold no strong reference."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pulse = Pulse(settings.indexing.concurrency)
        self._parent = ParentPulse(self._pulse, beat_file(settings))
        self._child: ChildPulse | None = None
        self._row: HeartbeatRow | None = None
        signals.worker_init.connect(self._begin)
        signals.worker_shutdown.connect(self._end)
        signals.worker_process_init.connect(self._begin_child)
        signals.worker_process_shutdown.connect(self._end_child)
        signals.task_prerun.connect(self._begin_task)
        signals.task_postrun.connect(self._end_task)

    def _begin(self, **_: object) -> None:
        self._parent.start()

    def _end(self, **_: object) -> None:
        self._parent.close()

    def _begin_child(self, **_: object) -> None:
        place: int = 1 + getattr(current_process(), "index", 0)
        self._child = ChildPulse(self._pulse, place)
        self._child.start()
        settings = self._settings
        database = SyncDatabase(settings.database.url, pool_max=1, component=COMPONENT)
        process = WorkerProcess(
            worker_id=uuid4(),
            host=socket.gethostname(),
            pid=os.getpid(),
            process_started=psutil.Process().create_time(),
            parent_pid=os.getppid(),
            version=own_version(),
            concurrency=settings.indexing.concurrency,
        )
        folder = settings.indexing.cache_dir
        self._row = HeartbeatRow(database, process, folder, self._parent_silent_s)
        self._row.start()

    def _parent_silent_s(self) -> float:
        return min(self._pulse.silent_s(0), _MOST_SILENT_S)

    def _end_child(self, **_: object) -> None:
        if self._row is not None:
            self._row.close()
        if self._child is not None:
            self._child.close()

    def _begin_task(self, args: list[str] | tuple[str, ...] = (), **_: object) -> None:
        if self._row is not None and args:
            self._row.works_on(UUID(args[0]))

    def _end_task(self, **_: object) -> None:
        if self._row is not None:
            self._row.works_on(None)


def beat_file(settings: Settings) -> Path:
    """Where the worker's parent shows its pulse."""
    named = settings.indexing.heartbeat_file
    return Path(named) if named else settings.indexing.cache_dir / FILE_NAME
