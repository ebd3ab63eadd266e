"""Which of the new contents are parsed for a plan: all of a small tree, a deterministic sample of a large one.

Contents of one language are ordered by size and cut into strata of neighbours; the middle one of each stands for all of
them, byte for byte. Files of one language and about one size have about as many chunks, so a part of them tells the
whole within a few in a hundred.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from pampax.planning.model import ContentKey

# Parsed in some seconds.
PARSED_BYTES = 8 * 1024 * 1024
# Of a language with fewer contents all are parsed, of any other at least that many.
FEW = 60


@dataclass(frozen=True, slots=True)
class Stratum:
    """`chosen` stands for contents of so many bytes in all, its own included; `weight` 1.0 means for itself alone."""

    chosen: ContentKey
    weight: float


def strata(sizes: Mapping[ContentKey, int]) -> list[Stratum]:
    """The same for the same contents, in whatever order they come. Sizes are in bytes, none is 0."""
    step = max(1, -(-sum(sizes.values()) // PARSED_BYTES))
    ordered = sorted(sizes, key=lambda key: (key.language, sizes[key], key.blob_id))
    found = []
    for _, group in groupby(ordered, key=lambda key: key.language):
        keys = list(group)
        each = min(step, max(1, len(keys) // FEW))
        for start in range(0, len(keys), each):
            members = keys[start : start + each]
            chosen = members[len(members) // 2]
            found.append(Stratum(chosen, sum(sizes[key] for key in members) / sizes[chosen]))
    return found
