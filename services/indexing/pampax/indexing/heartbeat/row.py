"""A worker process tells the database every few seconds that it lives and what it does: what health is told by."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import psutil

from pampax.core.errors import PampaxError
from pampax.runtime.diagnosis.resources import disk, memory
from pampax.runtime.logging import get_logger
from pampax.storage.database import SyncDatabase
from pampax.storage.heartbeats import WorkerLoad, WorkerProcess, beat, leave, remove_gone

PERIOD_S = 5.0
_STATEMENT_S = 3.0
_LEAVE_S = 1.0
# By how much the start of one process may be told differently, because the clock was set in between.
_SAME_START_S = 1.0

_log = get_logger()


class HeartbeatRow:
    """One row for one process, written from a thread of its own until closed; the database may be away meanwhile."""

    def __init__(
        self,
        database: SyncDatabase,
        process: WorkerProcess,
        folder: Path,
        parent_silent_s: Callable[[], float],
        *,
        period_s: float = PERIOD_S,
    ) -> None:
        self._database = database
        self._process = process
        self._folder = folder
        self._parent_silent_s = parent_silent_s
        self._period_s = period_s
        self._operation_id: UUID | None = None
        self._told = True
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Takes the row away; a second at the most, and a database that does not answer keeps it."""
        self._closing.set()
        self._thread.join(_LEAVE_S)
        try:
            with self._database.untenanted(timeout_s=_LEAVE_S) as conn:
                leave(conn, self._process.worker_id)
        except PampaxError as error:
            _log.info("heartbeat not taken away", op="heartbeat", err_code=error.reason)
        self._database.close()

    def works_on(self, operation_id: UUID | None) -> None:
        """Told with the next beat."""
        self._operation_id = operation_id

    def _run(self) -> None:
        while not self._closing.is_set():
            self._beat()
            self._closing.wait(self._period_s)

    def _beat(self) -> None:
        try:
            with self._database.untenanted(timeout_s=_STATEMENT_S) as conn:
                beat(conn, self._process, self._load())
                remove_gone(conn, self._process.host, _runs)
        except PampaxError as error:
            self._failed(error.message)
        except Exception as error:  # noqa: BLE001 - the thread must not end: a process that works would be called silent
            self._failed(f"{type(error).__name__}: {error}")
        else:
            self._told = True

    def _failed(self, detail: str) -> None:
        """Once: what is away is told of by others every second."""
        if self._told:
            _log.warning("heartbeat not written", op="heartbeat", detail=detail)
        self._told = False

    def _load(self) -> WorkerLoad:
        used, space = memory(), disk(self._folder)
        return WorkerLoad(
            operation_id=self._operation_id,
            parent_silent_s=self._parent_silent_s(),
            resident_bytes=used.resident,
            memory_used_bytes=used.used,
            memory_limit_bytes=used.limit,
            disk_free_bytes=space.free if space else 0,
            disk_total_bytes=space.total if space else 0,
        )


def _runs(pid: int, started: float | None) -> bool:
    """A process of that number, and no later one that has it now."""
    try:
        found = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True
    return started is None or abs(found - started) < _SAME_START_S
