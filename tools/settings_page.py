"""Writes the tables of docs/settings.md from the settings themselves; with --check, tells whether they are up to date.

python tools/settings_page.py [--check]
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from pampax.runtime.configuration.catalog import catalog, toml_value
from pampax.runtime.variables import CLI_VARIABLES, FILE_VARIABLE

PAGE = Path(__file__).resolve().parent.parent / "docs/settings.md"
# What stands between these two is written by this tool; the rest of the page by people.
_TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def settings() -> Iterable[str]:
    yield from _head("setting", "variable", "default", "meaning", "allowed", "read by")
    for each in catalog():
        default = "" if each.default == "" else f"`{toml_value(each.default)}`"
        meaning = f"{each.meaning} (secret)" if each.secret else each.meaning
        yield _row(f"`{each.name}`", f"`{each.variable}`", default, meaning, each.allowed, each.read_by)


def variables() -> Iterable[str]:
    yield from _head("variable", "meaning", "read by")
    yield _row(f"`{FILE_VARIABLE}`", "the file with settings", "all, and `pampax up`")
    for name, meaning in CLI_VARIABLES.items():
        yield _row(f"`{name}`", meaning, "the command line")


TABLES: Mapping[str, Callable[[], Iterable[str]]] = {"settings": settings, "variables": variables}


def filled(page: str) -> str:
    return _TABLE.sub(lambda found: found[1] + "\n".join(TABLES[found[2]]()) + "\n" + found[3], page)


def main() -> None:
    page = PAGE.read_text("utf-8")
    if "--check" not in sys.argv:
        PAGE.write_text(filled(page), "utf-8")
    elif filled(page) != page:
        raise SystemExit("docs/settings.md is stale: run `python tools/settings_page.py`")


def _head(*columns: str) -> Iterable[str]:
    yield _row(*columns)
    yield _row(*("---" for _ in columns))


def _row(*cells: str) -> str:
    escaped = [cell.replace("|", "\\|") for cell in cells]
    return f"| {' | '.join(escaped)} |"


if __name__ == "__main__":
    main()
