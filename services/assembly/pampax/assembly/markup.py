"""Markdown that stays whole whatever the code, the names and the task hold."""

from __future__ import annotations

import re

from pampax.core.visible import visible

_BACKTICKS = re.compile("`+")
_FENCE_TICKS = 3


def fenced(content: str, language: str) -> str:
    """A code block whose fence is longer than any run of backticks inside."""
    longest = max((len(run) for run in _BACKTICKS.findall(content)), default=0)
    fence = "`" * max(_FENCE_TICKS, longest + 1)
    return f"{fence}{_info(language)}\n{content}\n{fence}"


def code(text: str) -> str:
    """Inline code on one line."""
    line = one_line(text)
    longest = max((len(run) for run in _BACKTICKS.findall(line)), default=0)
    ticks = "`" * (longest + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def one_line(text: str) -> str:
    r"""Tasks, names and paths may hold what a terminal would obey: that is written out (`\x1b`)."""
    return visible(" ".join(text.split()))


def shortened(text: str, most: int) -> str:
    """At most `most` characters on one line, cut between words where that leaves more than half."""
    line = one_line(text)
    if len(line) <= most:
        return line
    head = line[: max(most - 1, 0)]
    cut = head.rpartition(" ")[0]
    return f"{cut if 2 * len(cut) > most else head}…"


def plain(text: str) -> str:
    """Text whose markup is inert."""
    return re.sub(r"([\\`<\[])", r"\\\1", text)


def _info(language: str) -> str:
    """Fences take their language from the first word; plain text needs none."""
    return "" if language == "text" else re.sub(r"[^\w+#.-]", "", language)
