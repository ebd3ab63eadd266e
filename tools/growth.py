"""How the time of a first index grows with the repository: generated ones from 500 files to 50,000.

python tools/growth.py [--files 500 1500 5000 15000 50000] [--json] [--plot growth.svg]

Each repository is indexed once by an embedded system of its own, 3,000 bytes to a file. Growth is linear when time
grows as the files to the power of 1, fitted to all but the smallest; at most 1.1 is asked. Exit code 7 when it is more.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from matplotlib.figure import Figure as Sheet
from matplotlib.ticker import ScalarFormatter

from pampax.bench.asking import Asker
from pampax.bench.corpus.generated import write
from pampax.bench.corpus.plan import Plan, Size
from pampax.bench.plot import check_ending
from pampax.bench.suites.indexing import create, index
from pampax.bench.suites.job import scratch_folder
from pampax.bench.system import running, this_installation
from pampax.core.errors import ConfigError

EXIT_WORSE = 7
SIZES = (500, 1_500, 5_000, 15_000, 50_000)
BYTES_PER_FILE = 3_000
ALLOWED_EXPONENT = 1.1
HEADERS = ("FILES", "MB", "CHUNKS", "WORDS S", "COMPLETE S", "CPU S", "MS A FILE", "LARGEST WORKER PROCESS MB")


@dataclass(frozen=True, slots=True)
class Point:
    """One first index. Its words are found after `searchable_s`, its vectors too after `seconds`."""

    files: int
    megabytes: float
    chunks: int
    searchable_s: float
    seconds: float
    cpu_s: float
    worker_mb: float


def measured(files: int) -> Point:
    plan = Plan(Size(str(files), files, files * BYTES_PER_FILE))
    with scratch_folder() as folder:
        written = write(plan, folder / "corpus")
        with running(this_installation(), folder / "system") as system, Asker(system.endpoint, system.token) as asker:
            create(asker, folder / "corpus")
            processes = system.processes()
            before = processes.cpu_s()
            run = index(asker)
            return Point(
                written.files,
                written.bytes / 1e6,
                run.chunks,
                run.searchable_s,
                run.seconds,
                processes.cpu_s() - before,
                processes.largest_mb("worker"),
            )


def exponent(points: Sequence[Point]) -> float:
    """The slope of log(seconds) over log(files), without the first point: it is mostly what every run costs."""
    fitted = points[1:]
    files, seconds = [math.log(point.files) for point in fitted], [math.log(point.seconds) for point in fitted]
    return statistics.linear_regression(files, seconds).slope


def plot(points: Sequence[Point], path: Path) -> None:
    sheet = Sheet(figsize=(7.5, 5.0), layout="constrained")
    axis = sheet.subplots()
    files = [point.files for point in points]
    axis.plot(files, [point.seconds for point in points], "o-", color="#2f6090", label="complete")
    axis.plot(files, [point.searchable_s for point in points], "o-", color="#3d8a5a", label="words searchable")
    last = points[-1]
    linear = [last.seconds * count / last.files for count in files]
    axis.plot(files, linear, "--", color="#b7c9de", label="in proportion to the last")
    axis.set_xscale("log")
    axis.set_yscale("log")
    for each in (axis.xaxis, axis.yaxis):
        each.set_major_formatter(ScalarFormatter())
    axis.set_xticks(files, [f"{count:,}" for count in files])
    axis.minorticks_off()
    axis.set_xlabel("files of 3 KB")
    axis.set_ylabel("seconds")
    axis.legend(frameon=False)
    axis.grid(alpha=0.3)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    sheet.savefig(path)


def row(point: Point) -> tuple[str, ...]:
    return (
        f"{point.files:,}",
        f"{point.megabytes:.1f}",
        f"{point.chunks:,}",
        f"{point.searchable_s:.1f}",
        f"{point.seconds:.1f}",
        f"{point.cpu_s:.1f}",
        f"{1_000 * point.seconds / point.files:.2f}",
        f"{point.worker_mb:.0f}",
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--files", type=int, nargs="+", default=SIZES, metavar="N", help="of each repository; three or more"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="also draw it, as .svg or .png")
    asked = parser.parse_args()
    sizes = sorted(set(asked.files))
    if len(sizes) < 3 or sizes[0] < 1:
        parser.error("--files needs three different numbers or more to tell growth from what every run costs")
    if asked.plot:
        try:
            check_ending(asked.plot)
        except ConfigError as error:
            parser.error(error.message)
    points = []
    for files in sizes:
        sys.stderr.write(f"indexing {files:,} files\n")
        points.append(measured(files))
    slope = exponent(points)
    if asked.plot:
        plot(points, asked.plot)
    if asked.json:
        document = {"points": [asdict(point) for point in points], "exponent": slope, "allowed": ALLOWED_EXPONENT}
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        rows = [HEADERS, *map(row, points)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for cells in rows:
            sys.stdout.write("  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True)) + "\n")
        sys.stdout.write(f"time grows as files to the power {slope:.2f}; at most {ALLOWED_EXPONENT} is asked\n")
    return EXIT_WORSE if slope > ALLOWED_EXPONENT else 0


if __name__ == "__main__":
    sys.exit(main())
