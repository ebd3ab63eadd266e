"""Measures the system as a user runs it and prints a table beside the asked and the recorded figures.

    python -m benchmarks.run [--record] [--json FILE]

Cold: a question this system was never asked. Warm: the same question again, answered from the cache. Times are wall
clock at the client; memory is the resident set of a service with all its children. Machines differ: compare ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks.corpus import SMALL_FILES, questions, write_corpus

RECORD = Path(__file__).parent / "record.json"
PAMPAX = Path(sys.executable).parent / "pampax"
COLD_QUESTIONS = 200
WARM_ROUNDS = 3
BUNDLES = 40
COMMAND_TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure; `asked` is the bound it must stay under, None when there is none."""

    name: str
    value: float
    unit: str
    asked: float | None = None


class System:
    """A running system of its own data directory, driven through the command line and HTTP."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self._environment = {**os.environ, "PAMPAX_DATA_DIR": str(data_dir)}

    def command(self, *arguments: str) -> str:
        finished = subprocess.run(
            [str(PAMPAX), *arguments], env=self._environment, capture_output=True, text=True,
            timeout=COMMAND_TIMEOUT_S, check=False,
        )  # fmt: skip
        if finished.returncode:
            raise SystemExit(
                f"pampax {' '.join(arguments)} ended with {finished.returncode}: {finished.stderr.strip()}"
            )
        return finished.stdout

    def timed(self, *arguments: str) -> float:
        started = time.perf_counter()
        self.command(*arguments)
        return time.perf_counter() - started

    def client(self) -> httpx.Client:
        state = json.loads(self.command("up", "--detach", "--json"))
        return httpx.Client(
            base_url=state["endpoint"], headers={"Authorization": f"Bearer {state['token']}"}, timeout=30
        )

    def resident_mb(self) -> dict[str, float]:
        """Per service, its resident memory with all its children."""
        status = json.loads(self.command("status", "--json"))
        return {service["name"]: _resident_mb(service["pid"]) for service in status["services"] if service["pid"]}


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--record", action="store_true", help="keep these figures as the recorded ones")
    ask.add_argument("--json", type=Path, help="also write the figures to this file")
    given = ask.parse_args()
    figures = list(measure())
    recorded = (
        {row["name"]: row["value"] for row in json.loads(RECORD.read_text())["figures"]} if RECORD.exists() else {}
    )
    print(table(figures, recorded))
    document = {
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
        "figures": [asdict(f) for f in figures],
    }
    for target in filter(None, (given.json, RECORD if given.record else None)):
        target.write_text(json.dumps(document, indent=2) + "\n")
    missed = [figure.name for figure in figures if figure.asked is not None and figure.value > figure.asked]
    if missed:
        raise SystemExit(f"over the asked figure: {', '.join(missed)}")


def measure() -> Iterator[Figure]:
    with scratch() as folder:
        corpus, system = folder / "corpus", System(folder / "data")
        megabytes = write_corpus(corpus) / 1e6
        try:
            yield Figure("up, first start", system.timed("up", "--detach"), "s")
            system.command("down")
            yield Figure("up, warm", system.timed("up", "--detach"), "s", asked=10)
            yield Figure(
                f"index {SMALL_FILES} files, {megabytes:.1f} MB",
                system.timed("index", str(corpus), "--name", "bench"),
                "s",
                asked=10,
            )
            yield Figure("index again, unchanged", system.timed("index", str(corpus), "--name", "bench"), "s")
            (corpus / "one_more.py").write_text("def added_by_the_benchmark():\n    return 1\n")
            yield Figure("index again, one file more", system.timed("index", str(corpus), "--name", "bench"), "s")
            with system.client() as client:
                yield from _searches(client)
                yield from _bundles(client)
            for name, megabytes in sorted(system.resident_mb().items()):
                yield Figure(f"resident memory, {name}", megabytes, "MB", asked=400)
        finally:
            system.command("down")


def _searches(client: httpx.Client) -> Iterator[Figure]:
    asked = questions(COLD_QUESTIONS)
    search = _poster(client, "/v1/search", lambda question: {"query": question, "repos": ["bench"]})
    search("warm the connection up")
    cold = [search(question) for question in asked]
    warm = [search(question) for _ in range(WARM_ROUNDS) for question in asked]
    yield from _spread("search, cold", cold, asked_ms=60)
    yield from _spread("search, warm", warm, asked_ms=5)


def _bundles(client: httpx.Client) -> Iterator[Figure]:
    asked = questions(BUNDLES, seed=7)
    assemble = _poster(client, "/v1/bundles", lambda task: {"task": task, "repos": ["bench"], "token_budget": 8000})
    yield from _spread("bundle of 8,000 tokens, cold", [assemble(task) for task in asked], asked_ms=None)
    yield from _spread("bundle of 8,000 tokens, warm", [assemble(task) for task in asked], asked_ms=None)


def _poster(client: httpx.Client, route: str, body: Callable[[str], dict[str, Any]]) -> Callable[[str], float]:
    def post(text: str) -> float:
        started = time.perf_counter()
        client.post(route, json=body(text)).raise_for_status()
        return (time.perf_counter() - started) * 1000

    return post


def _spread(name: str, milliseconds: list[float], *, asked_ms: float | None) -> Iterator[Figure]:
    yield Figure(f"{name}, p50", statistics.median(milliseconds), "ms", asked=asked_ms)
    yield Figure(f"{name}, p95", statistics.quantiles(milliseconds, n=20)[-1], "ms")


def _resident_mb(pid: int) -> float:
    """A process and what its children have for themselves: pages that they share with it count once."""
    process = psutil.Process(pid)
    own = sum(each.memory_full_info().uss for each in process.children(recursive=True))
    return (process.memory_info().rss + own) / 1e6


def table(figures: list[Figure], recorded: dict[str, float]) -> str:
    rows = [("figure", "measured", "asked", "recorded", "ratio")]
    for figure in figures:
        before = recorded.get(figure.name)
        rows.append(
            (
                figure.name,
                f"{figure.value:.1f} {figure.unit}",
                "" if figure.asked is None else f"< {figure.asked:g} {figure.unit}",
                "" if before is None else f"{before:.1f}",
                "" if not before else f"{figure.value / before:.2f}",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that the unprivileged servers of a system started as root can reach."""
    with tempfile.TemporaryDirectory(prefix="pampax-bench-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


if __name__ == "__main__":
    main()
