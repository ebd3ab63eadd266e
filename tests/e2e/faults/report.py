"""The table of faults: what each did to users, and how long it took until all was as before."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from .answers import Outcome

PROPERTY = "fault"
KILLED_PROPERTY = "killed run"
# What health says of a part that did not answer in its tenth of a second: on a busy machine that is nobody's fault.
LATE = "no answer within"

HEADINGS = (
    "fault",
    "held s",
    "whole",
    "degraded",
    "refused",
    "no answer",
    "longest wait s",
    "answers s",
    "all s",
    "health said",
)


PAGE = """# What happens when something breaks

The last recorded run of the fault suite: one fault at a time on a system of `pampax up` whose processes reach each
other through proxies, under a light load of searches, bundles and a new edition to index every two seconds.

    make test PYTEST_ARGS="tests/e2e/faults --faults-report docs/faults.md"

Of every answer the suite checks that it equals one of the known whole answers for its generation or is labelled as
degraded; of every refusal that it is a problem document with the right status and reason, in time; of every operation
that was accepted that it ends and takes effect exactly once. None of the rows below broke one of these rules.

- *held*: how long the fault lasted; 0 for one that is over at once, as a kill.
- *whole, degraded, refused, no answer*: what users got, searches, bundles and requests to index together, from the
  beginning of the fault to the end of the recovery. A refusal is told with its status and reason.
- *answers*: seconds from the end of the fault until new searches and bundles were answered whole.
- *all*: seconds until an operation that was begun after the fault had ended well, every process was ready and
  `pampax health` ok. A run whose worker died or froze is taken up by another when its lease of 20 s has run out.
- *health said*: the parts that were not ok at some moment, of those that the fault can touch.

{table}
## Runs in which a process dies

An indexing run of 500 files each, one process of the system killed with SIGKILL at a random moment of it. Every one of
them succeeded, and what it left in the database equals what an undisturbed run leaves, row by row.

    KILLED_RUNS=20 make test PYTEST_ARGS="tests/e2e/faults --faults-report docs/faults.md"

- *in*: the stage that the run was in.
- *taken up*: seconds until somebody worked on it again; a worker's lease of 20 s runs out first.
- *ended*: seconds until it had ended.

{killed}"""

KILLED_HEADINGS = ("killed", "in", "taken up s", "ended s")


@dataclass(frozen=True)
class Row:
    """`answers_s` and `all_s` count from the end of the fault; the numbers of answers from its beginning to `all_s`."""

    fault: str
    held_s: float
    ok: int
    degraded: dict[str, int]
    refused: dict[str, int]
    silent: int
    longest_s: float
    answers_s: float
    all_s: float
    health: list[str]

    @classmethod
    def of(
        cls, fault: str, held_s: float, seen: Sequence[Outcome], answers_s: float, all_s: float, health: set[str]
    ) -> Row:
        asked = [outcome for outcome in seen if outcome.kind in ("search", "bundle", "index")]
        counts = Counter(outcome.verdict for outcome in asked)
        return cls(
            fault,
            round(held_s, 1),
            counts["ok"],
            dict(Counter(outcome.reason for outcome in asked if outcome.verdict == "degraded")),
            dict(Counter(outcome.reason for outcome in asked if outcome.verdict == "refused")),
            counts["silent"],
            round(max((outcome.took_s for outcome in asked), default=0.0), 1),
            round(answers_s, 1),
            round(all_s, 1),
            sorted(health),
        )

    def cells(self) -> tuple[str, ...]:
        return (
            self.fault, str(self.held_s), str(self.ok), _listed(self.degraded), _listed(self.refused),
            str(self.silent or ""), str(self.longest_s), str(self.answers_s), str(self.all_s),
            ", ".join(self.health) or "ok",
        )  # fmt: skip


@dataclass(frozen=True, order=True)
class KilledRun:
    """Seconds count from the kill."""

    victim: str
    stage: str
    taken_up_s: float
    ended_s: float

    def cells(self) -> tuple[str, ...]:
        return self.victim, self.stage, f"{self.taken_up_s:.1f}", f"{self.ended_s:.1f}"


def attach(request: pytest.FixtureRequest, row: Row | KilledRun) -> None:
    """To the test's report, which finds its way to whoever prints the summary, out of another process as well."""
    name = PROPERTY if isinstance(row, Row) else KILLED_PROPERTY
    request.node.user_properties.append((name, asdict(row)))


def attached(reports: Iterable[pytest.TestReport]) -> list[Row]:
    """The rows of all reports, by the name of the fault."""
    found = (Row(**value) for report in reports for name, value in report.user_properties if name == PROPERTY)
    return sorted(found, key=lambda row: row.fault)


def killed_runs(reports: Iterable[pytest.TestReport]) -> list[KilledRun]:
    return sorted(
        KilledRun(**value) for report in reports for name, value in report.user_properties if name == KILLED_PROPERTY
    )


def health_looks(seen: Sequence[Outcome]) -> list[dict[str, Any]]:
    return [outcome.body for outcome in seen if outcome.kind == "health" and outcome.verdict == "ok"]


def unwell(seen: Sequence[Outcome], *, late: bool = True) -> Counter[str]:
    """In how many looks at health each part was not ok; `late=False` leaves out those that were only not in time."""
    parts = [part for look in health_looks(seen) for part in look["components"] if part["status"] != "ok"]
    return Counter(part["name"] for part in parts if late or LATE not in part["advice"])


def table(rows: Sequence[Row]) -> str:
    return _markdown(HEADINGS, rows)


def killed_table(rows: Sequence[KilledRun]) -> str:
    return _markdown(KILLED_HEADINGS, rows)


def write(path: Path, rows: Sequence[Row], killed: Sequence[KilledRun]) -> None:
    """A page of Markdown, or JSON where the name says so."""
    if path.suffix == ".json":
        path.write_text(json.dumps([asdict(row) for row in (*rows, *killed)], indent=1) + "\n")
    else:
        path.write_text(PAGE.format(table=table(rows), killed=killed_table(killed)))


def _markdown(headings: Sequence[str], rows: Sequence[Row] | Sequence[KilledRun]) -> str:
    lines = [tuple(headings), *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    shown = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    return "\n".join([shown[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *shown[1:]]) + "\n"


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
