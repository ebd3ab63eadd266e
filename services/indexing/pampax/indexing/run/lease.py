"""Keeping the lease of an operation alive from a thread, and telling the run when it must stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context
from types import TracebackType
from typing import Self

from pampax.core.errors import Aborted, Cancelled, PampaxError
from pampax.indexing.measures import Stages
from pampax.runtime.logging import get_logger
from pampax.runtime.telemetry.tracing import leave_trace
from pampax.storage.database import SyncDatabase
from pampax.storage.operations import LEASE_LOST, Lease, heartbeat

TTL_S = 20.0  # a killed worker's operation is free after that; with the reaper's period it is taken up within 30 s
PERIOD_S = 1.0  # also how long a cancelled run goes on, but for the step it is in
_STATEMENT_S = 5.0
_JOIN_S = 10.0

_log = get_logger()


class Stopping(Exception):
    """This process is told to end; another one shall go on."""


class LeaseKeeper:
    """Context manager around the run of one operation. `report` and `check` are cheap: call them for every file."""

    def __init__(
        self, database: SyncDatabase, lease: Lease, stop_requested: Callable[[], bool], *, period_s: float = PERIOD_S
    ) -> None:
        self._database = database
        self._lease = lease
        self._stop_requested = stop_requested
        self._period_s = period_s
        self._progress = ("listing", 0, 0)
        self._stages = Stages()
        self._lost = False
        self._cancelled = False
        self._closing = threading.Event()
        # In a copy of the run's context, so that its lines have the ids of the run.
        self._thread = threading.Thread(target=copy_context().run, args=(self._keep,), name="lease", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closing.set()
        self._thread.join(_JOIN_S)
        self._stages.end()

    @property
    def lease(self) -> Lease:
        return self._lease

    @property
    def progress(self) -> tuple[str, int, int]:
        """Stage, files done, files to do."""
        return self._progress

    def note(self, stage: str, done: int, total: int = 0) -> None:
        """Said with the next heartbeat."""
        self._progress = (stage, done, total)
        self._stages.at(stage, done)

    def report(self, stage: str, done: int, total: int = 0) -> None:
        """Notes, then checks."""
        self.note(stage, done, total)
        self.check()

    def check(self) -> None:
        """Cancelled when somebody asked for it, Aborted when the lease is somebody else's, Stopping at shutdown."""
        if self._lost:
            raise Aborted("another worker has taken this operation up", reason=LEASE_LOST)
        if self._cancelled:
            raise Cancelled("the operation was cancelled")
        if self._stop_requested():
            raise Stopping

    def _keep(self) -> None:
        leave_trace()  # a span for each beat would tell nothing
        while not self._lost and not self._closing.wait(self._period_s):
            self._beat()

    def _beat(self) -> None:
        try:
            with self._database.tenant(self._lease.tenant_id, timeout_s=_STATEMENT_S) as conn:
                answer = heartbeat(conn, self._lease, *self._progress)
        except PampaxError as error:
            # The database is away or busy. A lease that expires meanwhile and that nobody takes lives on.
            _log.warning("heartbeat failed", op="lease", err_code=error.reason, detail=error.message)
            return
        except Exception as error:  # noqa: BLE001 - the thread must not end: nobody else hears of a cancel
            _log.error("heartbeat failed", op="lease", exc_info=error)
            return
        self._lost = not answer.alive
        self._cancelled = self._cancelled or answer.cancel_requested
