"""Suite `index`: a repository for the first time, unchanged, with one file changed and with one percent of them.

Times are from the request until the operation is seen to be done, over REST and beside nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pampax.bench.asking import Asker
from pampax.bench.figures import Figure
from pampax.bench.processes import Processes
from pampax.bench.suites.job import Job
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
        first = _timed("first index", asker, processes, changed=corpus.files)
        job.tell("indexing what has changed")
        unchanged = _timed("unchanged", asker, processes, changed=0)
        with _changed(files[:1]):
            one = _timed("one file changed", asker, processes, changed=1)
        # Not that one again: what it was changed to is known by now.
        percent_of_files = files[1::_PERCENT]
        with _changed(percent_of_files):
            percent = _timed("1 % changed", asker, processes, changed=len(percent_of_files))
        peak = sum(processes.peak_mb().values())
    return [
        first,
        Figure("index", "first index, files", "files/s", (corpus.files / first.value,), "higher"),
        Figure("index", "first index, bytes", "MB/s", (corpus.bytes / 1e6 / first.value,), "higher"),
        unchanged,
        one,
        percent,
        Figure("index", "peak memory, all services", "MB", (peak,)),
    ]


def create(asker: Asker, folder: Path) -> None:
    """Makes the repository, whose files the system reads in place."""
    asker.post("/v1/repositories", {"name": NAME, "source": {"path": str(folder)}})


def index(asker: Asker) -> tuple[float, int]:
    """Indexes the repository and waits for it; seconds, and how many contents were new to it."""
    started = time.perf_counter()
    operation = asker.post_document(f"/v1/repositories/{NAME}:index", {})
    while not operation["done"]:
        passed = time.perf_counter() - started
        if passed > INDEX_S:
            raise DeadlineExceeded(f"indexing takes more than {INDEX_S:.0f} s; choose a smaller corpus")
        time.sleep(min(max(passed * _LOOK_SHARE, _SHORTEST_LOOK_S), _LONGEST_LOOK_S))
        operation = asker.get(f"/v1/operations/{operation['id']}")
    if operation["state"] != "succeeded":
        raise Internal(f"indexing the corpus {operation['state']}: {operation.get('error')}")
    return time.perf_counter() - started, operation["result"]["new_blobs"]


def _timed(name: str, asker: Asker, processes: Processes, *, changed: int) -> Figure:
    """Internal when an index that is wrong was fast."""
    before = processes.cpu_s()
    seconds, new = index(asker)
    spent = processes.cpu_s() - before
    if new > changed or bool(new) != bool(changed):
        raise Internal(f"{name}: {changed} files have changed and {new} were indexed; the figures would be worthless")
    return Figure("index", name, "s", (seconds,), cpu_s=spent)


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
