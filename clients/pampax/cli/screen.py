"""Where a command writes: decorated on a terminal, plain and stable in a pipe, one document as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pampax.cli.words import visible

if TYPE_CHECKING:
    from rich.console import Console

# Text alone, or text and its style.
Segment = str | tuple[str, str]
_GAP = "  "
# Headers of columns that stand to the right.
_NUMBERS_TEXT = """
    A AGE B B/A BEFORE CHUNKS FILES GENERATION N P P50 P95 P99 PID POINTS RANK RATIO REFS RESTARTS SIZE SKIPPED TOOK
    VALUE
"""
_NUMBERS = frozenset({"CPU S", *_NUMBERS_TEXT.split()})


class Screen:
    """Standard output. Everything written here is shown as it is, never obeyed by a terminal."""

    def __init__(self, *, decorated: bool) -> None:
        self.decorated = decorated

    def line(self, *segments: Segment) -> None:
        if not self.decorated:
            sys.stdout.write("".join(visible(_text(segment)) for segment in segments).rstrip() + "\n")
            return
        from rich.text import Text

        text = Text()
        for segment in segments:
            text.append(visible(_text(segment)), "" if isinstance(segment, str) else segment[1])
        self.console.print(text, soft_wrap=True)

    def text(self, text: str) -> None:
        """Several lines as they are; what a terminal would obey is written out on a terminal only."""
        shown = visible(text, keep_lines=True) if self.decorated else text
        sys.stdout.write(shown if shown.endswith("\n") or not shown else shown + "\n")

    def table(self, headers: Sequence[str], rows: Sequence[Sequence[str]], indent: str = "") -> None:
        """Columns under headers in capitals; numbers to the right. Nothing is cut where nobody looks."""
        shown = [[visible(cell) for cell in row] for row in rows]
        if self.decorated:
            self._rich_table(headers, shown, indent)
            return
        lines = [list(headers), *shown]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for cells in lines:
            columns = zip(headers, cells, widths, strict=True)
            padded = (cell.rjust(width) if head in _NUMBERS else cell.ljust(width) for head, cell, width in columns)
            sys.stdout.write((indent + _GAP.join(padded)).rstrip() + "\n")

    def code(self, content: str, language: str, first_line: int) -> None:
        """Lines of code with their numbers."""
        if not self.decorated:
            for number, line in enumerate(content.split("\n"), first_line):
                sys.stdout.write(f"{number:>6}  {visible(line.expandtabs(4))}".rstrip() + "\n")
            return
        from rich.padding import Padding
        from rich.syntax import Syntax

        safe = visible(content, keep_lines=True)
        syntax = Syntax(
            safe, language, line_numbers=True, start_line=first_line, theme="ansi_dark", background_color="default"
        )
        self.console.print(Padding(syntax, (0, 0, 0, 2)))

    def document(self, document: Mapping[str, Any]) -> None:
        """One JSON document, keys in the order given."""
        sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")

    def event(self, document: Mapping[str, Any]) -> None:
        """One JSON document on a line of its own, at once."""
        sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
        sys.stdout.flush()

    @cached_property
    def console(self) -> Console:
        from rich.console import Console

        return Console(highlight=False, markup=False, emoji=False)

    def _rich_table(self, headers: Sequence[str], rows: Sequence[Sequence[str]], indent: str) -> None:
        from rich.padding import Padding
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for header in headers:
            table.add_column(header, justify="right" if header in _NUMBERS else "left", overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell, _STYLES.get(cell, "")) for cell in row))
        self.console.print(Padding(table, (0, 0, 0, len(indent))))


def note(text: str) -> None:
    """A line beside the result, on stderr."""
    sys.stdout.flush()
    sys.stderr.write(visible(text, keep_lines=True) + "\n")


# States have the colours of traffic lights.
_STYLES = {
    "ok": "green",
    "ready": "green",
    "current": "green",
    "active": "green",
    "behind": "yellow",
    "diverged": "yellow",
    "unknown": "yellow",
    "unused": "yellow",
    "degraded": "yellow",
    "starting": "yellow",
    "restarting": "yellow",
    "waiting": "yellow",
    "stopping": "yellow",
    "failed": "bold red",
    "dead": "bold red",
    "stopped": "dim",
}


def style_of(state: str) -> str:
    return _STYLES.get(state, "")


def _text(segment: Segment) -> str:
    return segment if isinstance(segment, str) else segment[0]
