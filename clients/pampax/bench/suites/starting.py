"""Suite `start`: how long the commands take that start and stop a system."""

from __future__ import annotations

from pampax.bench.figures import Figure
from pampax.bench.suites.job import Job, scratch_folder
from pampax.bench.system import System


def measure(job: Job) -> list[Figure]:
    with scratch_folder(job.folder) as folder:
        system = System(job.installation, folder)
        try:
            job.tell("starting a system for the first time")
            first = system.up()
            down = system.down()
            job.tell("starting it again")
            warm = system.up()
        finally:
            system.down()
    rows = (("up, first", first), ("up, warm", warm), ("down", down))
    return [Figure("start", name, "s", (seconds,)) for name, seconds in rows]
