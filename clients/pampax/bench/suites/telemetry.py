"""Suite `telemetry`: how much throughput metrics and traces cost.

Two systems stand side by side, one with metrics and with every request traced to a collector, one with neither. They
are asked in turn (on, off, off, on, ...), so that what disturbs the machine disturbs both; each pair of neighbours
gives one ratio, and the median of the ratios counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from statistics import median

from pampax.bench.collector import collector
from pampax.bench.corpus.questions import Question
from pampax.bench.figures import Figure
from pampax.bench.processes import Processes
from pampax.bench.suites import indexing
from pampax.bench.suites.job import Job
from pampax.bench.suites.searching import Target, load, over_and_over, search

CLIENTS = 8
_SHARED = 50
_OFF = {"PAMPAX_TELEMETRY__METRICS": "false", "PAMPAX_TELEMETRY__OTLP_ENDPOINT": ""}


def measure(job: Job) -> list[Figure]:
    with ExitStack() as stack:
        endpoint = stack.enter_context(collector())
        settings = {"PAMPAX_TELEMETRY__METRICS": "true", "PAMPAX_TELEMETRY__OTLP_ENDPOINT": endpoint}
        on = _Side(job, stack.enter_context(_indexed(job, settings)))
        off = _Side(job, stack.enter_context(_indexed(job, _OFF)))
        for number in range(job.dose.telemetry_rounds):
            job.tell(f"searching with telemetry and without, round {number + 1} of {job.dose.telemetry_rounds}")
            for side in (on, off) if number % 2 == 0 else (off, on):
                side.round()
    return [
        *_compared("cold", on.cold, off.cold),
        *_compared("warm", on.warm, off.warm),
    ]


@dataclass(frozen=True, slots=True)
class _Round:
    per_s: float
    cpu_ms: float  # processor milliseconds of the system per search


@dataclass(frozen=True, slots=True)
class _System:
    target: Target
    processes: Processes


class _Side:
    """One of the two systems, and its rounds so far."""

    def __init__(self, job: Job, system: _System) -> None:
        self._system = system
        self._seconds = job.dose.seconds
        self._fresh = job.repository.endless()
        self._shared = list(islice(self._fresh, _SHARED))
        self.cold: list[_Round] = []
        self.warm: list[_Round] = []
        with system.target.connection() as asker:
            for question in self._shared:
                search(asker, system.target, question)

    def round(self) -> None:
        self.cold.append(self._load(self._fresh))
        self.warm.append(self._load(over_and_over(self._shared)))

    def _load(self, questions: Iterator[Question]) -> _Round:
        before = self._system.processes.cpu_s()
        got = load(self._system.target, CLIENTS, self._seconds, questions)
        spent = self._system.processes.cpu_s() - before
        return _Round(got.per_s, 1_000 * spent / len(got.milliseconds))


@contextmanager
def _indexed(job: Job, settings: Mapping[str, str]) -> Iterator[_System]:
    with job.system(settings) as system:
        target = Target(system.endpoint, system.token, indexing.NAME)
        with target.connection() as asker:
            job.tell("indexing the corpus")
            indexing.create(asker, job.repository.folder)
            indexing.index(asker)
        yield _System(target, system.processes())


def _compared(name: str, on: list[_Round], off: list[_Round]) -> Iterator[Figure]:
    pairs = list(zip(on, off, strict=True))
    kept = tuple(100 * a.per_s / b.per_s for a, b in pairs)
    cost = tuple(100 * a.cpu_ms / b.cpu_ms - 100 for a, b in pairs)
    yield Figure("telemetry", f"{name} throughput with", "/s", (median(each.per_s for each in on),), "higher")
    yield Figure("telemetry", f"{name} throughput without", "/s", (median(each.per_s for each in off),), "higher")
    yield Figure("telemetry", f"{name} throughput kept", "%", kept, "higher")
    yield Figure("telemetry", f"{name} processor time per search", "% more", cost)
