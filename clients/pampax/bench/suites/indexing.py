"""Suite `index`: a repository for the first time, unchanged, with one file changed and with one percent of them.

And how long it takes until what was saved is found.

Times are from the request until the operation is seen to be done, over REST and beside nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pampax.bench.asking import Asker
from pampax.bench.figures import Figure
from pampax.bench.processes import Processes
from pampax.bench.suites.job import Job
from pampax.bench.suites.watching import measure_saves
from pampax.core.errors import DeadlineExceeded, Internal

NAME = "bench"
# The large corpus takes minutes on two cores.
INDEX_S = 3_600.0
# Looking costs the system three milliseconds of a core: a share of the time that has passed costs always the same
# share of it, and is as exact as that.
_LOOK_SHARE, _SHORTEST_LOOK_S, _LONGEST_LOOK_S = 0.02, 0.01, 0.5
_PERCENT = 100


def measure(job: Job) -> list[Figure]:
    corpus = job.repository.corpus
    files = sorted(path for path in job.repository.folder.rglob("*") if path.is_file())
    with job.system() as system, Asker(system.endpoint, system.token) as asker:
        processes = system.processes()
        create(asker, job.repository.folder)
        job.tell(f"indexing {corpus.files} files")
        first, searchable_s = _timed("first index", asker, processes, changed=corpus.files)
        job.tell("indexing what has changed")
        unchanged, _ = _timed("unchanged", asker, processes, changed=0)
        with _changed(files[:1]):
            one, _ = _timed("one file changed", asker, processes, changed=1)
        # Not that one again: what it was changed to is known by now.
        percent_of_files = files[1::_PERCENT]
        with _changed(percent_of_files):
            percent, _ = _timed("1 % changed", asker, processes, changed=len(percent_of_files))
        job.tell("saving files beside `pampax watch`")
        saves = measure_saves(system, asker, processes, NAME, job.repository.folder, _spread(files, job.dose.saves))
        peak = sum(processes.peak_mb().values())
    return [
        first,
        Figure("index", "first index, words searchable", "s", (searchable_s,)),
        Figure("index", "first index, files", "files/s", (corpus.files / first.value,), "higher"),
        Figure("index", "first index, bytes", "MB/s", (corpus.bytes / 1e6 / first.value,), "higher"),
        unchanged,
        one,
        percent,
        *saves,
        Figure("index", "peak memory, all services", "MB", (peak,)),
    ]


def create(asker: Asker, folder: Path) -> None:
    """Makes the repository, whose files the system reads in place."""
    asker.post("/v1/repositories", {"name": NAME, "source": {"path": str(folder)}})


@dataclass(frozen=True, slots=True)
class Run:
    """Of an operation: how long it took, when words, names and paths were found, how many contents were new, and of how
    many chunks the index consists now."""

    seconds: float
    searchable_s: float
    new_blobs: int
    chunks: int


def index(asker: Asker, name: str = NAME) -> Run:
    """Indexes the repository and waits for it."""
    started = time.perf_counter()
    searchable_s = None
    operation = asker.post_document(f"/v1/repositories/{name}:index", {})
    while not operation["done"]:
        passed = time.perf_counter() - started
        if passed > INDEX_S:
            raise DeadlineExceeded(f"indexing takes more than {INDEX_S:.0f} s; choose a smaller corpus")
        time.sleep(min(max(passed * _LOOK_SHARE, _SHORTEST_LOOK_S), _LONGEST_LOOK_S))
        operation = asker.get(f"/v1/operations/{operation['id']}")
        if searchable_s is None and operation["stage"] == "embedding":
            searchable_s = time.perf_counter() - started
    if operation["state"] not in ("succeeded", "partial"):
        raise Internal(f"indexing {name} {operation['state']}: {operation.get('error')}")
    seconds = time.perf_counter() - started
    result = operation["result"]
    return Run(seconds, searchable_s or seconds, result["new_blobs"], result["status"]["chunks"])


def _timed(name: str, asker: Asker, processes: Processes, *, changed: int) -> tuple[Figure, float]:
    """And after what time words were found. Internal when an index that is wrong was fast."""
    before = processes.cpu_s()
    run = index(asker)
    spent, new = processes.cpu_s() - before, run.new_blobs
    if new > changed or bool(new) != bool(changed):
        raise Internal(f"{name}: {changed} files have changed and {new} were indexed; the figures would be worthless")
    return Figure("index", name, "s", (run.seconds,), cpu_s=spent), run.searchable_s


def _spread(files: Sequence[Path], count: int) -> Sequence[Path]:
    """Not the first two, which were changed before: what they were changed to may be known."""
    return files[2 :: max(len(files) // count, 1)][:count]


@contextmanager
def _changed(files: Sequence[Path]) -> Iterator[None]:
    """A line more in each of the files; none after the block, so that the next round finds what this one found."""
    contents = [path.read_bytes() for path in files]
    for path, content in zip(files, contents, strict=True):
        path.write_bytes(content + b"\n// one line more\n")
    try:
        yield
    finally:
        for path, content in zip(files, contents, strict=True):
            path.write_bytes(content)
