"""Text for agents: as few tokens as say it, and never more than was allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from pampax.codeintel.tokens import counter

# Assembly counts by the same one.
TOKENIZER = "o200k_base"
_LINE_CHARS = 160
_UNITS = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"))


def tokens(text: str) -> int:
    return counter(TOKENIZER).count(text)


def first_that_fits(budget: int, written: Iterable[str]) -> str:
    """Of texts that say less and less, the first within the budget; the last one, cut at a line, when none is."""
    text = ""
    for text in written:
        if tokens(text) <= budget:
            return text
    return cut(text, budget)


def cut(text: str, budget: int) -> str:
    """As many whole lines from the start as the budget allows."""
    lines = text.split("\n")
    return "\n".join(lines[: most_that_fits(budget, len(lines), lambda count: "\n".join(lines[:count]))])


def most_that_fits(budget: int, count: int, written: Callable[[int], str]) -> int:
    """The largest number up to `count` whose text is within the budget; texts grow with it."""
    low, high = 0, count
    while low < high:
        middle = (low + high + 1) // 2
        if tokens(written(middle)) <= budget:
            low = middle
        else:
            high = middle - 1
    return low


def one_line(text: str, most: int = _LINE_CHARS) -> str:
    """Without line breaks, and short."""
    flat = " ".join(text.split())
    return flat if len(flat) <= most else f"{flat[: most - 3]}..."


def code_lines(content: str, most: int) -> list[str]:
    """The first lines that hold something, short and without the indentation that all of them share."""
    lines = [line.expandtabs(4).rstrip() for line in content.splitlines()]
    shown = [line for line in lines if line.strip()][:most]
    indent = min((len(line) - len(line.lstrip()) for line in shown), default=0)
    return [
        line[indent:] if len(line) - indent <= _LINE_CHARS else f"{line[indent:][:_LINE_CHARS]}..." for line in shown
    ]


def place(path: str, start_line: int, end_line: int) -> str:
    return f"{path}:{start_line}-{end_line}" if end_line > start_line else f"{path}:{start_line}"


def counted(count: int, one: str) -> str:
    return f"{count:,} {one if count == 1 else one + 's'}"


def age(seconds: float) -> str:
    """`40 s`, `3 min`, `2 h`, `5 d`."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def listed(names: Sequence[str], most: int) -> str:
    """`a, b and 3 more`."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
