"""Keeping the lease of an operation alive from a thread, and telling the run when it must stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from types import TracebackType
from typing import Self

from pampax.core.errors import Aborted, Cancelled, PampaxError
from pampax.indexing.measures import Stages
from pampax.indexing.run.limits import Limits, kill_this_process
from pampax.indexing.run.pace import Pace
from pampax.runtime.diagnosis.resources import memory
from pampax.runtime.logging import get_logger
from pampax.runtime.telemetry.tracing import leave_trace
from pampax.storage.database import SyncDatabase
from pampax.storage.operations import LEASE_LOST, Lease, Progress, heartbeat, note_trouble

TTL_S = 20.0  # a killed worker's operation is free after that; with the reaper's period it is taken up within 30 s
PERIOD_S = 1.0  # also how long a cancelled run goes on, but for the step it is in
FIRST_PERIOD_S = 0.1  # doubled from beat to beat, so that a short run shows its stages too
_STATEMENT_S = 5.0
_LAST_WORD_S = 2.0
_JOIN_S = 10.0

_log = get_logger()


class Stopping(Exception):
    """This process is told to end; another one shall go on."""


class LeaseKeeper:
    """Context manager around the run of one operation. `report` and `check` are cheap: call them for every file."""

    def __init__(
        self,
        database: SyncDatabase,
        lease: Lease,
        stop_requested: Callable[[], bool],
        limits: Limits = Limits(),  # noqa: B008 - frozen
        *,
        period_s: float = PERIOD_S,
    ) -> None:
        self._database = database
        self._lease = lease
        self._stop_requested = stop_requested
        self._period_s = period_s
        self._limits = limits
        self._began = time.monotonic()
        self._progress = ("listing", 0, 0)
        self._problems = 0
        self._pace = Pace()  # belongs to the thread
        self._over: PampaxError | None = None
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
    def progress(self) -> Progress:
        """As noted last, without what only looking from time to time can tell."""
        stage, done, total = self._progress
        return Progress(stage, done, total, problems=self._problems)

    def note_problems(self, count: int) -> None:
        """So many files have a problem by now; said with the next heartbeat."""
        self._problems = count

    def note(self, stage: str, done: int, total: int = 0) -> None:
        """Said with the next heartbeat."""
        self._progress = (stage, done, total)
        self._stages.at(stage, done)

    def report(self, stage: str, done: int, total: int = 0) -> None:
        """Notes, then checks."""
        self.note(stage, done, total)
        self.check()

    def check(self) -> None:
        """Cancelled when somebody asked for it, Aborted when the lease is somebody else's, Stopping at shutdown,
        ResourceExhausted past a limit."""
        if self._lost:
            raise Aborted("another worker has taken this operation up", reason=LEASE_LOST)
        if self._cancelled:
            raise Cancelled("the operation was cancelled")
        if self._stop_requested():
            raise Stopping
        if self._over is not None:
            raise self._over

    def _keep(self) -> None:
        leave_trace()  # a span for each beat would tell nothing
        period_s = min(FIRST_PERIOD_S, self._period_s)
        while not self._lost and not self._closing.wait(period_s):
            self._hold_limits()
            self._beat()
            period_s = min(2 * period_s, self._period_s)

    def _hold_limits(self) -> None:
        seconds, resident = time.monotonic() - self._began, memory().resident
        self._over = self._over or self._limits.soft(seconds, resident)
        trouble = self._limits.hard(seconds, resident)
        if trouble:
            _log.error("run killed", op="lease", detail=trouble, stage=self._progress[0])
            self._say(trouble)
            kill_this_process()

    def _say(self, trouble: str) -> None:
        """The last word of this process, if the database is there to hear it."""
        stage, done, total = self._progress
        far = f" at {done} of {total} files" if total else ""
        try:
            with self._database.tenant(self._lease.tenant_id, timeout_s=_LAST_WORD_S) as conn:
                note_trouble(conn, self._lease, f"{trouble} while {stage}{far}")
        except Exception as error:  # noqa: BLE001 - whatever keeps it from being said must not keep the process alive
            _log.warning("reason not written", op="lease", detail=str(error))

    def _beat(self) -> None:
        stage, done, total = self._progress
        rate, remaining_s = self._pace.look(stage, done, total)
        progress = Progress(stage, done, total, rate, remaining_s, self._problems)
        try:
            with self._database.tenant(self._lease.tenant_id, timeout_s=_STATEMENT_S) as conn:
                answer = heartbeat(conn, self._lease, progress)
        except PampaxError as error:
            # The database is away or busy. A lease that expires meanwhile and that nobody takes lives on.
            _log.warning("heartbeat failed", op="lease", err_code=error.reason, detail=error.message)
            return
        except Exception as error:  # noqa: BLE001 - the thread must not end: nobody else hears of a cancel
            _log.error("heartbeat failed", op="lease", exc_info=error)
            return
        self._lost = not answer.alive
        self._cancelled = self._cancelled or answer.cancel_requested
