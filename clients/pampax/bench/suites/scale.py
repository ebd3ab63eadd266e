"""Suite `scale`: how searches for words and for patterns grow with the index, and what the vector index finds of the
nearest chunks. A generated repository and a system of its own for each number of chunks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from pampax.bench.asking import Asker
from pampax.bench.corpus.plan import Size
from pampax.bench.corpus.questions import pattern_of
from pampax.bench.figures import Figure
from pampax.bench.processes import Processes
from pampax.bench.repository import Repository, generated_as
from pampax.bench.suites import indexing
from pampax.bench.suites.job import Job, scratch_folder
from pampax.bench.suites.searching import Target, search

CHUNKS_PER_FILE, BYTES_PER_FILE = 3.22, 3_000  # of generated repositories
WARM_UP = 10


def measure(job: Job) -> list[Figure]:
    return [figure for chunks in job.chunks for figure in _of_size(job, chunks)]


def _of_size(job: Job, chunks: int) -> Iterator[Figure]:
    files = round(chunks / CHUNKS_PER_FILE)
    name = f"{chunks:,} chunks"
    with scratch_folder(job.folder) as folder, job.system() as system:
        job.tell(f"{name}: writing {files:,} files")
        repository = generated_as(Size(name, files, files * BYTES_PER_FILE), folder / "corpus")
        target = Target(system.endpoint, system.token, indexing.NAME)
        with target.connection() as asker:
            job.tell(f"{name}: indexing")
            indexing.create(asker, repository.folder)
            run = indexing.index(asker)
            job.tell(f"{name}: searching {run.chunks:,} chunks")
            yield from _searches(job, repository, target, asker, system.processes(), name)
            checked = asker.post_document(f"/v1/repositories/{indexing.NAME}:check", {})
            if checked["recall"] is not None:
                yield Figure(
                    "scale", f"recall@10 of the vector index, {name}", "%", (100 * checked["recall"],), "higher"
                )


def _searches(
    job: Job, repository: Repository, target: Target, asker: Asker, processes: Processes, name: str
) -> Iterator[Figure]:
    fresh = repository.endless()
    for kind, questions in (("search", fresh), ("pattern", filter(None, map(pattern_of, fresh)))):
        for question in islice(questions, WARM_UP):
            search(asker, target, question)
        before = processes.cpu_s()
        asked = [search(asker, target, question) for question in islice(questions, job.dose.cold)]
        times = tuple(each.milliseconds for each in asked)
        yield Figure("scale", f"{kind}, cold, {name}", "ms", times, cpu_s=processes.cpu_s() - before)
        found = 100 * sum(each.found for each in asked) / len(asked)
        yield Figure("scale", f"right file in the first 10, by {kind}, {name}", "%", (found,), "higher")
    yield Figure("scale", f"memory of search, {name}", "MB", (processes.peak_mb()["search"],))
