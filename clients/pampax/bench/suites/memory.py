"""Suite `memory`: what each service holds when idle, after indexing and after searches, and whether it grows on."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from itertools import islice

from pampax.bench.asking import Asker
from pampax.bench.corpus.questions import Question
from pampax.bench.figures import Figure
from pampax.bench.processes import Processes
from pampax.bench.suites import indexing
from pampax.bench.suites.job import Job
from pampax.bench.suites.searching import Target, assemble, search

# Caches of the interpreter and pools settle within that time after a start.
SETTLE_S = 2.0
# A bundle among so many searches: assembly would be idle otherwise.
_SEARCHES_PER_BUNDLE = 25


def measure(job: Job) -> list[Figure]:
    with job.system() as system:
        processes = system.processes()
        time.sleep(SETTLE_S)
        idle = processes.resident_mb()
        target = Target(system.endpoint, system.token, indexing.NAME)
        with target.connection() as asker:
            job.tell("indexing the corpus")
            indexing.create(asker, job.repository.folder)
            indexing.index(asker)
            indexed = processes.resident_mb()
            half, whole = _halves(job, asker, target, processes)
        peak = processes.peak_mb()
    return [
        *_figures("idle", idle),
        *_figures("after indexing", indexed),
        *_figures("after searches", whole),
        *_figures("growth in the second half", {name: whole[name] - half[name] for name in whole}, "MB more"),
        *_figures("peak", peak),
    ]


def _halves(job: Job, asker: Asker, target: Target, processes: Processes) -> tuple[dict[str, float], dict[str, float]]:
    """Memory after the first and after the second half of the searches: what fills up once is full by the first."""
    fresh = job.repository.endless()
    job.tell(f"searching {2 * job.dose.searches} times")
    _work(asker, target, islice(fresh, job.dose.searches))
    half = processes.resident_mb()
    _work(asker, target, islice(fresh, job.dose.searches))
    return half, processes.resident_mb()


def _work(asker: Asker, target: Target, questions: Iterator[Question]) -> None:
    for number, question in enumerate(questions):
        search(asker, target, question)
        if number % _SEARCHES_PER_BUNDLE == 0:
            assemble(asker, target, question)


def _figures(when: str, megabytes: Mapping[str, float], unit: str = "MB") -> Iterator[Figure]:
    for service, value in sorted(megabytes.items()):
        yield Figure("memory", f"{when}, {service}", unit, (value,))
