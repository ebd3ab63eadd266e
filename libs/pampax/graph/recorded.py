"""Links that a SCIP index recorded of one file, packed as JSON of columns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

MAX_RECORDED_BYTES = 64 * 1024 * 1024  # packed; a file of 1 MiB has at most a few hundred thousand uses


class Place(NamedTuple):
    """A definition as it stood when the index was taken: its name outlives changes of its file, its line may not."""

    path: str
    qualified_name: str
    line: int


# What the name on a line means.
Recorded: TypeAlias = Mapping[tuple[int, str], tuple[Place, ...]]


def pack(recorded: Recorded) -> bytes:
    names: dict[str, int] = {}
    places: dict[Place, int] = {}
    rows = [
        (line, names.setdefault(name, len(names)), [places.setdefault(each, len(places)) for each in found])
        for (line, name), found in recorded.items()
    ]
    return json.dumps([list(names), list(places), rows], separators=(",", ":")).encode()


def unpack(data: bytes) -> Recorded:
    """ValueError when the bytes are none of `pack`."""
    try:
        names, places, rows = json.loads(data)
        known = [Place(*each) for each in places]
        return {(line, names[name]): tuple(known[each] for each in found) for line, name, found in rows}
    except (TypeError, IndexError) as error:
        raise ValueError("these are not the links of a file") from error
