"""Pieces that say what a better one in another file says already: built, vendored or generated copies. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise

from pampax.assembly.candidates import Candidate, Origin, best_first
from pampax.assembly.source import FileKey, SourceFile

LEAST_PAIRS = 6  # of lines: less alike is no copy
ALIKE = 0.8  # share of its pairs of lines that stand in a better piece of another file
COPY = 0.25  # share of its value that a copy keeps

_Pair = tuple[str, str]


def without_copies(candidates: Iterable[Candidate], files: Mapping[FileKey, SourceFile]) -> tuple[Candidate, ...]:
    """Copies lose most of their value. What the request names itself is no copy."""
    seen: dict[_Pair, set[int]] = {}
    keys: list[FileKey] = []
    kept: list[Candidate] = []
    for each in sorted(candidates, key=best_first):
        pairs = _pairs(each, files[each.place.file])
        if len(pairs) < LEAST_PAIRS or each.origin in (Origin.OUTLINE, Origin.SEED):
            kept.append(each)
            continue
        alike = Counter(at for pair in pairs for at in seen.get(pair, ()) if keys[at] != each.place.file)
        if alike and max(alike.values()) >= ALIKE * len(pairs):
            kept.append(replace(each, value=round(each.value * COPY, 4)))
            continue
        for pair in pairs:
            seen.setdefault(pair, set()).add(len(keys))
        keys.append(each.place.file)
        kept.append(each)
    return tuple(kept)


def _pairs(each: Candidate, file: SourceFile) -> frozenset[_Pair]:
    """Neighbouring lines that say something, without their indentation; none where the text is not known."""
    text = file.text(each.place.start_line, each.place.end_line)
    lines = [line.strip() for line in text.split("\n")] if text else []
    return frozenset(pairwise(line for line in lines if any(char.isalnum() for char in line)))
