"""On which line of a TOML file a setting stands: the parser of the standard library does not tell."""

from __future__ import annotations

import re

_HEADING = re.compile(r"\s*\[{1,2}([^\[\]#]+)\]")
_KEY = re.compile(r"""\s*([\w."' -]+?)\s*=""")


def lines_of(text: str) -> dict[str, int]:
    """The line of each key and heading, by its dotted name.

    Looks at line beginnings only, which serves files like ours; what it cannot place has no line.
    """
    found: dict[str, int] = {}
    heading = ""
    for number, line in enumerate(text.splitlines(), 1):
        if match := _HEADING.match(line):
            heading = _dotted(match[1])
            found.setdefault(heading, number)
        elif match := _KEY.match(line):
            name = _dotted(match[1])
            found.setdefault(f"{heading}.{name}" if heading else name, number)
    return found


def _dotted(key: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in key.split("."))
