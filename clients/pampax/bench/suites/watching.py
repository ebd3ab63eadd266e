"""How long it takes from saving a file until a search finds what was saved, with `pampax watch` beside the system.

Part of the suite `index`: its repository is there, and was indexed with its files as they are.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from pampax.bench.asking import Asker
from pampax.bench.figures import Figure
from pampax.bench.processes import Processes
from pampax.bench.system import RUN, System, environment
from pampax.core.errors import DeadlineExceeded, Internal

FOUND_S = 60.0
# A search costs two milliseconds of a core while nothing is published, which the refresh lacks meanwhile.
LOOK_S = 0.02
END_S = 30.0


def measure_saves(
    system: System, asker: Asker, processes: Processes, name: str, folder: Path, files: Sequence[Path]
) -> list[Figure]:
    """A save of each; no figures if the installation cannot watch. The files, and the index, are then as before."""
    with _watching(system, name, folder) as said:
        if said is None or _event(said, "watching") is None:
            return []
        before = processes.cpu_s()
        samples = [_saved(asker, said, name, path, number) for number, path in enumerate(files)]
        spent = processes.cpu_s() - before
    found = tuple(total for total, _ in samples)
    alone = tuple(total - waited for total, waited in samples)
    return [
        Figure("index", "saved until found", "s", found, cpu_s=spent),
        Figure("index", "saved until found, without the wait", "s", alone),
    ]


def _saved(asker: Asker, said: IO[str], name: str, path: Path, number: int) -> tuple[float, float]:
    """Seconds from the save until a search answers with it, and what of that `watch` has waited for more changes."""
    word = f"savedword{number}x{time.monotonic_ns()}"
    content = path.read_bytes()
    path.write_bytes(content + f"\n// {word}\n".encode())
    started = time.perf_counter()
    question = {"query": word, "repos": [name], "mode": "lexical"}
    while not any(word in each["content"] for each in asker.post_document("/v1/search", question)["results"]):
        if time.perf_counter() - started > FOUND_S:
            raise DeadlineExceeded(f"what was saved was not found within {FOUND_S:.0f} s")
        time.sleep(LOOK_S)
    taken = time.perf_counter() - started
    refreshed = _event(said, "refreshed")
    path.write_bytes(content)
    if refreshed is None or _event(said, "refreshed") is None:
        raise Internal("pampax watch ended while it was measured")
    return taken, float(refreshed["waited_s"])


def _event(said: IO[str], kind: str) -> dict[str, Any] | None:
    """The next event of that kind; None when there is none any more."""
    for line in said:
        document: dict[str, Any] = json.loads(line)
        if document["event"] == kind:
            return document
    return None


@contextmanager
def _watching(system: System, name: str, folder: Path) -> Iterator[IO[str] | None]:
    env = environment({"PAMPAX_DATA_DIR": str(system.data_dir), **system.settings})
    command = [str(system.installation.python), *RUN, "watch", str(folder), "--repo", name, "--json"]
    process = subprocess.Popen(
        command, env=env, cwd=system.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        yield process.stdout
    finally:
        process.terminate()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(END_S)
        if process.stdout is not None:
            process.stdout.close()
