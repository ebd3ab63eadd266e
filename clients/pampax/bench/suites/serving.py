"""Suite `serve`: searches and bundles, cold and warm, by the kind of question, and with several clients at once.

Cold: this system was never asked that question, so no cached answer helps; processes and file caches are warm, as they
are in a system that serves. Warm: the same question again. The very first question after the start stands apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from uuid import uuid4

from pampax.bench.asking import Asker
from pampax.bench.corpus.questions import Question, pattern_of
from pampax.bench.figures import Figure
from pampax.bench.processes import Processes
from pampax.bench.suites import indexing
from pampax.bench.suites.job import Job, Remote
from pampax.bench.suites.searching import Asked, Target, assemble, load, over_and_over, search
from pampax.bench.system import environment
from pampax.core.errors import Unavailable

# Asked before the clock starts, so that connections, plans and directories are there.
WARM_UP = 10
# How many questions the clients of the warm load share.
_SHARED = 50


def measure(job: Job) -> list[Figure]:
    with _target(job) as (target, processes), target.connection() as asker:
        suite = _Serving(job, target, asker, processes)
        figures = [*suite.searches(), *suite.patterns(), *suite.bundles(), *suite.loads()]
        if processes is not None:
            figures.append(Figure("serve", "peak memory, all services", "MB", (sum(processes.peak_mb().values()),)))
    return figures


class _Serving:
    def __init__(self, job: Job, target: Target, asker: Asker, processes: Processes | None) -> None:
        self._job = job
        self._target = target
        self._asker = asker
        self._processes = processes
        self._fresh = job.repository.endless()
        self._asked: list[Question] = []

    def searches(self) -> Iterator[Figure]:
        self._job.tell("searching, one client")
        yield Figure("serve", "search, first after start", "ms", (self._ask(next(self._fresh)).milliseconds,))
        for question in islice(self._fresh, WARM_UP):
            self._ask(question)
        self._asked = list(islice(self._fresh, self._job.dose.cold))
        before = self._cpu_s()
        cold = [self._ask(question) for question in self._asked]
        yield self._times("search, cold", [each.milliseconds for each in cold], before)
        yield from _by_kind("search", cold)
        yield Figure("serve", "right file in the first 10", "%", (_share_found(cold),), "higher")
        before = self._cpu_s()
        warm = [self._ask(question) for _ in range(self._job.dose.warm_rounds) for question in self._asked]
        yield self._times("search, warm", [each.milliseconds for each in warm], before)
        yield Figure("serve", "answers that changed", "answers", (_changed(cold, warm),))

    def patterns(self) -> Iterator[Figure]:
        self._job.tell("searching for patterns")
        patterns = filter(None, map(pattern_of, self._fresh))
        self._ask(next(patterns))  # what the first one reads of each file is kept
        before = self._cpu_s()
        cold = [self._ask(pattern) for pattern in islice(patterns, self._job.dose.cold)]
        yield self._times("pattern, cold", [each.milliseconds for each in cold], before)
        yield from _by_kind("pattern", cold)
        yield Figure("serve", "right file in the first 10, by pattern", "%", (_share_found(cold),), "higher")

    def bundles(self) -> Iterator[Figure]:
        self._job.tell("assembling bundles")
        tasks = list(islice(self._fresh, self._job.dose.bundles))
        for name in ("bundle of 8,000 tokens, cold", "bundle of 8,000 tokens, warm"):
            before = self._cpu_s()
            yield self._times(name, [assemble(self._asker, self._target, task) for task in tasks], before)

    def loads(self) -> Iterator[Figure]:
        for clients in self._job.dose.clients:
            self._job.tell(f"searching, {clients} at once")
            who = f"{clients} client{'s' if clients > 1 else ''}"
            yield from self._load(f"cold, {who}", clients, self._fresh)
            yield from self._load(f"warm, {who}", clients, over_and_over(self._asked[:_SHARED]))

    def _load(self, name: str, clients: int, questions: Iterator[Question]) -> Iterator[Figure]:
        before = self._cpu_s()
        got = load(self._target, clients, self._job.dose.seconds, questions)
        yield Figure("serve", f"searches per second, {name}", "/s", (got.per_s,), "higher")
        yield self._times(f"search, {name}", got.milliseconds, before)

    def _ask(self, question: Question) -> Asked:
        return search(self._asker, self._target, question)

    def _times(self, name: str, samples: Sequence[float], before: float | None) -> Figure:
        return Figure("serve", name, "ms", tuple(samples), cpu_s=self._since(before))

    def _cpu_s(self) -> float | None:
        return None if self._processes is None else self._processes.cpu_s()

    def _since(self, before: float | None) -> float | None:
        now = self._cpu_s()
        return None if now is None or before is None else now - before


def _by_kind(what: str, asked: Sequence[Asked]) -> Iterator[Figure]:
    for kind in sorted({each.question.kind for each in asked}):
        samples = tuple(each.milliseconds for each in asked if each.question.kind == kind)
        yield Figure("serve", f"{what}, cold, by {kind}", "ms", samples)


def _share_found(asked: Sequence[Asked]) -> float:
    return 100 * sum(each.found for each in asked) / len(asked)


def _changed(cold: Sequence[Asked], warm: Sequence[Asked]) -> float:
    """How many warm answers list other results than the cold one to the same question did."""
    first = {each.question.text: each.results for each in cold}
    return float(sum(first[each.question.text] != each.results for each in warm))


@contextmanager
def _target(job: Job) -> Iterator[tuple[Target, Processes | None]]:
    """The corpus, indexed in a new system or under a new name in the one that runs already."""
    if job.remote is not None:
        with _uploaded(job, job.remote) as target:
            yield target, None
        return
    with job.system() as system:
        target = Target(system.endpoint, system.token, indexing.NAME)
        with target.connection() as asker:
            job.tell("indexing the corpus")
            indexing.create(asker, job.repository.folder)
            indexing.index(asker)
        yield target, system.processes()


@contextmanager
def _uploaded(job: Job, remote: Remote) -> Iterator[Target]:
    """A new name makes every question a cold one; the repository goes at the end."""
    target = Target(remote.endpoint, remote.token, f"bench-{uuid4().hex[:8]}")
    env = environment({"PAMPAX_ENDPOINT": remote.endpoint, "PAMPAX_TOKEN": remote.token})
    job.tell(f"uploading the corpus to {remote.endpoint} as {target.name}")
    try:
        job.installation.run(
            "index", str(job.repository.folder), "--name", target.name, "--upload",
            env=env, cwd=job.folder, timeout_s=indexing.INDEX_S,
        )  # fmt: skip
        yield target
    finally:
        with target.connection() as asker:
            _delete(asker, target.name)


def _delete(asker: Asker, name: str) -> None:
    try:
        asker.delete(f"/v1/repositories/{name}")
    except Unavailable:
        # Nothing was made, or the system is gone: what ended the block tells more.
        return
