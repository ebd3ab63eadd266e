"""Writes the tables of docs/telemetry.md from the registry of names; with --check, tells whether they are up to date.

python tools/telemetry_page.py [--check]
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from pampax.runtime.telemetry.names import EVENTS, METRICS, SPANS

PAGE = Path(__file__).resolve().parent.parent / "docs/telemetry.md"
# What stands between these two is written by this tool; the rest of the page by people.
_TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def metrics() -> Iterable[str]:
    yield from _head("metric", "kind", "unit", "labels", "what it is")
    for each in METRICS.values():
        yield _row(f"`{each.name}`", each.kind, each.unit, ", ".join(each.labels), each.help)


def spans() -> Iterable[str]:
    yield from _head("span", "attributes, under `pampax.`", "what it is")
    for each in SPANS.values():
        yield _row(f"`{each.name}`", ", ".join(each.attributes), each.help)


def events() -> Iterable[str]:
    yield from _head("`msg`", "what it means")
    for each in EVENTS.values():
        yield _row(f"`{each.name}`", each.help)


TABLES: Mapping[str, Callable[[], Iterable[str]]] = {"metrics": metrics, "spans": spans, "events": events}


def filled(page: str) -> str:
    return _TABLE.sub(lambda found: found[1] + "\n".join(TABLES[found[2]]()) + "\n" + found[3], page)


def main() -> None:
    page = PAGE.read_text("utf-8")
    if "--check" not in sys.argv:
        PAGE.write_text(filled(page), "utf-8")
    elif filled(page) != page:
        raise SystemExit("docs/telemetry.md is stale: run `python tools/telemetry_page.py`")


def _head(*columns: str) -> Iterable[str]:
    yield _row(*columns)
    yield _row(*("---" for _ in columns))


def _row(*cells: str) -> str:
    escaped = [cell.replace("|", "\\|") for cell in cells]
    return f"| {' | '.join(escaped)} |"


if __name__ == "__main__":
    main()
