"""What the code of a file uses: names with the form of their use, what it imports, and variables of a known type.

Only the syntax tree speaks here, nothing is resolved: `pampax.graph` does that, with all files of a snapshot in view.
Packed they are JSON of columns, whose names and lines an archiver then folds well.
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import NamedTuple

from pampax.codeintel.bindings import Bound
from pampax.codeintel.imports import Imported

MAX_USES_BYTES = 16 * 1024 * 1024  # packed; the densest file of 1 MiB has a tenth of it
EXPRESSION = "()"  # what a name is reached through that is no plain path


class UseKind(StrEnum):
    """How a name is used. A constructor is called; a READ is passed on, assigned or returned."""

    CALL = "call"
    INHERIT = "inherit"
    TYPE = "type"
    READ = "read"


class Use(NamedTuple):
    """`through` is what the name is reached through, as written (`self`, `http.client`, `Pool()`), EXPRESSION where
    that is no plain path, and "" for a bare name."""

    name: str
    kind: UseKind
    through: str
    line: int


class Uses(NamedTuple):
    """In order of lines; of equal uses on one line one is kept."""

    uses: tuple[Use, ...] = ()
    imports: tuple[Imported, ...] = ()
    bound: tuple[Bound, ...] = ()


_KINDS = tuple(UseKind)


def pack(uses: Uses) -> bytes:
    """Empty for a file that uses nothing."""
    if not any(uses):
        return b""
    numbers: dict[str, int] = {}
    forms: dict[tuple[str, UseKind, str], list[int]] = {}
    for use in uses.uses:
        forms.setdefault((use.name, use.kind, use.through), []).append(use.line)
    rows = [
        (numbers.setdefault(name, len(numbers)), _KINDS.index(kind), numbers.setdefault(through, len(numbers)), lines)
        for (name, kind, through), lines in forms.items()
    ]
    parts = [list(numbers), rows, uses.imports, uses.bound]
    return json.dumps(parts, separators=(",", ":")).encode()


def unpack(data: bytes) -> Uses:
    """ValueError when the bytes are none of `pack`."""
    if not data:
        return Uses()
    try:
        names, rows, imports, bound = json.loads(data)
        uses = [
            Use(names[name], _KINDS[kind], names[through], line)
            for name, kind, through, lines in rows
            for line in lines
        ]
        return Uses(
            tuple(sorted(uses, key=lambda use: (use.line, use.name, use.through))),
            tuple(Imported(*each) for each in imports),
            tuple(Bound(*each) for each in bound),
        )
    except (TypeError, IndexError) as error:
        raise ValueError("these are not the uses of a file") from error
