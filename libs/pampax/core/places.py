"""Places in code as people name them: `PATH`, `PATH:START-END`, `PATH:LINE` or `PATH#SYMBOL`."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINES = re.compile(r"(?P<path>.+?):(?P<start>[0-9]{1,9})(?:-(?P<end>[0-9]{1,9}))?", re.DOTALL)
_SYMBOL = re.compile(r"(?P<path>.+)#(?P<symbol>[^/#]*)", re.DOTALL)


@dataclass(frozen=True, slots=True, order=True)
class NamedPlace:
    """`start` and `end` are lines from 1, both included; 0 for the whole file or the lines of `symbol`."""

    path: str
    start: int = 0
    end: int = 0
    symbol: str = ""

    def __str__(self) -> str:
        if self.symbol:
            return f"{self.path}#{self.symbol}"
        if not self.start:
            return self.path
        return f"{self.path}:{self.start}" + (f"-{self.end}" if self.end != self.start else "")


def read_place(text: str) -> NamedPlace:
    """ValueError says in words what is wrong. `./src/app.py` means src/app.py."""
    while text.startswith("./"):
        text = text[2:]
    if lines := _LINES.fullmatch(text):
        start = int(lines["start"])
        end = int(lines["end"] or start)
        if not 1 <= start <= end:
            raise ValueError(f"lines count from 1 and the first comes first, as in src/app.py:10-20, got {text[:60]!r}")
        return NamedPlace(lines["path"], start, end)
    if symbol := _SYMBOL.fullmatch(text):
        if not symbol["symbol"].strip():
            raise ValueError(f"# stands before the name of a definition, as in src/app.py#main, got {text[:60]!r}")
        return NamedPlace(symbol["path"], symbol=symbol["symbol"].strip())
    return NamedPlace(text)
