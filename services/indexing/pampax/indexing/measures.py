"""What is measured of indexing: runs by how they ended, their stages, the queue."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from pampax.core.errors import PampaxError
from pampax.indexing.model import Priority
from pampax.runtime.telemetry.metrics import counter, gauge, histogram

TASK = "run_operation"
# What a gauge shows that cannot be measured now: its last value would look like news.
_UNKNOWN = float("nan")

_RUNS = counter("pampax_task_runs_total")
_SECONDS = histogram("pampax_task_seconds")
_IN_FLIGHT = gauge("pampax_tasks_in_flight")
_REFRESH = histogram("index_refresh_ms")
_ERRORS = counter("errors_total")
_STAGE_SECONDS = histogram("pampax_index_stage_seconds")
_FILES = counter("pampax_index_files_total")
_WAITING = gauge("pampax_queue_waiting")
_OLDEST = gauge("pampax_queue_oldest_seconds")
_WORKERS = gauge("pampax_workers_alive")
_PRIORITIES = gauge("pampax_queue_priority_oldest_seconds")
_LOOKS = counter("pampax_refresh_looks_total")
_FAILING = gauge("pampax_refresh_failing")
_OVERDUE = gauge("pampax_refresh_overdue_seconds")
_CHECKED = gauge("pampax_check_documents")
_DIFFERING = gauge("pampax_check_differing")
_RECALL = gauge("pampax_check_recall_ratio")
_CHECK_AGE = gauge("pampax_check_age_seconds")
_COUNTED_AT_ONCE = 100


@dataclass(slots=True)
class Run:
    """One attempt at an operation. How it ended: succeeded, failed, cancelled, left, lost; or crashed, unless told."""

    outcome: str = "crashed"
    error: PampaxError | None = None
    _started: float = field(default_factory=time.perf_counter)

    def ended(self, outcome: str, error: PampaxError | None = None) -> None:
        self.outcome, self.error = outcome, error

    @property
    def duration_ms(self) -> float:
        """So far."""
        return round((time.perf_counter() - self._started) * 1_000, 3)


@contextmanager
def measured_run() -> Iterator[Run]:
    run = Run()
    under_way = _IN_FLIGHT.labels(TASK)
    under_way.inc()
    try:
        yield run
    finally:
        under_way.dec()
        _RUNS.labels(TASK, run.outcome).inc()
        _SECONDS.labels(TASK).observe(run.duration_ms / 1_000)
        if run.outcome == "succeeded":
            _REFRESH.observe(run.duration_ms)
        if run.error is not None:
            _ERRORS.labels(type(run.error).__name__).inc()


class Stages:
    """The stages of one run, one after the other. `at` is called for every file, so it counts them by the hundred."""

    def __init__(self) -> None:
        self._stage = ""
        self._since = 0.0
        self._done = self._counted = 0

    def at(self, stage: str, done: int) -> None:
        """So many files of this stage are done."""
        if stage != self._stage:
            self.end()
            self._stage, self._since, self._done, self._counted = stage, time.perf_counter(), 0, 0
        self._done = max(done, self._done)
        if self._done - self._counted >= _COUNTED_AT_ONCE:
            self._count()

    def end(self) -> None:
        if self._stage:
            self._count()
            _STAGE_SECONDS.labels(self._stage).observe(time.perf_counter() - self._since)
            self._stage = ""

    def _count(self) -> None:
        if self._done > self._counted:
            _FILES.labels(self._stage).inc(self._done - self._counted)
            self._counted = self._done


def queue_waits(messages: int | None) -> None:
    """None when the broker does not tell."""
    _WAITING.set(_UNKNOWN if messages is None else messages)


def queue_stands(oldest_s: float, workers: int) -> None:
    """How long the oldest operation has waited that nobody works on, and how many processes could."""
    _OLDEST.set(oldest_s)
    _WORKERS.set(workers)


def priorities_wait(oldest_s: Mapping[str, float]) -> None:
    """For each priority, how long the oldest operation has waited that nobody works on."""
    for priority, seconds in oldest_s.items():
        _PRIORITIES.labels(priority).set(seconds)


def looked_at(outcome: str) -> None:
    """A source, on its schedule: unchanged, moved or failed."""
    _LOOKS.labels(outcome).inc()


def refresh_stands(failing: int, overdue_s: float) -> None:
    """How many schedules fail, and how late the latest look is."""
    _FAILING.set(failing)
    _OVERDUE.set(overdue_s)


def queue_unknown() -> None:
    """Postgres does not tell how it stands."""
    for each in (_OLDEST, _WORKERS, _FAILING, _OVERDUE):
        each.set(_UNKNOWN)
    for priority in Priority:
        _PRIORITIES.labels(priority.value).set(_UNKNOWN)


def checks_stand(documents: int, differing: int, recall: float, age_s: float) -> None:
    """What the latest checks of all repositories have found; NaN for what no check has told."""
    _CHECKED.set(documents)
    _DIFFERING.set(differing)
    _RECALL.set(recall)
    _CHECK_AGE.set(age_s)
