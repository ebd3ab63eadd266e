"""Path patterns as in .gitignore, matched in time linear in the path.

A repository's owner chooses both the pattern and the paths, and one expression for a whole pattern backtracks for
minutes over a path that is made for it. Here every star takes the first place that fits, which is never worse than a
later one: what follows it is of fixed length, and below a matching folder everything matches.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import groupby

from pampax.core.errors import InvalidRequest

MAX_CHARS = 500

Matches = Callable[[str], object]
_TOKEN = re.compile(
    r"(?P<stars>\*+)|(?P<any>\?)|\[(?P<negated>[!^]?+)(?P<set>\]?[^\]]+|\])\]|\\?(?P<letter>.)", re.DOTALL
)


def compile_glob(glob: str, field: str = "path_glob") -> Callable[[str], bool]:
    """Whether a path relative to the root matches. InvalidRequest says what is wrong with the field."""
    if len(glob) > MAX_CHARS:
        raise _refused(field, f"must have at most {MAX_CHARS} characters, has {len(glob)}")
    glob = glob.strip()
    parts = [part for part in glob.split("/") if part]
    if not parts or glob[0] in "!#":
        raise _refused(field, f"{glob!r} names no paths; write a pattern as in .gitignore, for example src/**/*.py")
    below = glob.endswith("/")
    if below and set(parts) == {"**"}:
        parts = ["**", "*"]
    while len(parts) > 1 and parts[-1] == "**":
        parts, below = parts[:-1], True
    anywhere = parts[0] == "**" or (len(parts) == 1 and "/" not in glob.rstrip("/"))
    try:
        blocks = [
            [_part(part) for part in group] for gap, group in groupby(parts, lambda part: part == "**") if not gap
        ]
    except re.error as error:
        raise _refused(field, f"{glob!r} cannot be read: {error}") from None

    def matches(path: str) -> bool:
        names = path.split("/")
        end = 0
        for nth, block in enumerate(blocks):
            found = _end(block, names, end, fixed=nth == 0 and not anywhere)
            if found is None:
                return False
            end = found
        return not below or end < len(names)

    return matches


def _end(block: Sequence[Matches], names: Sequence[str], start: int, *, fixed: bool) -> int | None:
    """Where the first run of names from `start` ends that the block matches; a `fixed` run begins there."""
    last = start if fixed else len(names) - len(block)
    for first in range(start, min(last, len(names) - len(block)) + 1):
        if all(match(name) for match, name in zip(block, names[first : first + len(block)], strict=True)):
            return first + len(block)
    return None


def _part(part: str) -> Matches:
    """Matches one name. Pieces between stars are atomic: once found they are not looked for again."""
    pieces = [""]
    for token in _TOKEN.finditer(part):
        if token["stars"]:
            pieces.append("")
        elif token["any"]:
            pieces[-1] += "."
        elif token["set"]:
            content = re.sub(r"[\[\\&~|^]", r"\\\g<0>", token["set"])
            pieces[-1] += f"[{'^' if token['negated'] else ''}{content}]"
        else:
            pieces[-1] += re.escape(token["letter"])
    first, *middle = pieces
    if not middle:
        return re.compile(first, re.DOTALL).fullmatch
    *inner, last = middle
    found = "".join(f"(?>.*?{piece})" for piece in inner)
    return re.compile(f"{first}{found}.*{last}", re.DOTALL).fullmatch


def _refused(field: str, why: str) -> InvalidRequest:
    return InvalidRequest(f"{field} {why}", fields={field: why})
