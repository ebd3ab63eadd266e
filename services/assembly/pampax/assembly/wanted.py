"""Kinds of files that a request asks for: what speaks against them otherwise is lifted. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pampax.assembly.candidates import Candidate, Origin
from pampax.assembly.inside import KINDS_OF_FILES, Inside, kinds_of_files
from pampax.assembly.request import BundleRequest
from pampax.assembly.searching import Hit

# Of search's evidence: what a path loses for being a test, an example or prose.
PENALTY = "kind_of_path"
# A wanted test is worth this much more; an unwanted one is worth about a third of what it tests.
WANTED_TEST = 2.5
MOST = 1.0  # a test is never worth more than the best hit


def shown_hits(hits: Iterable[Hit], request: BundleRequest, inside: Inside, named: frozenset[str]) -> tuple[Hit, ...]:
    """Those that may be shown, in their order, under a path that may be; without their penalty where they are wanted.
    `named` paths are shown whatever the request leaves out."""
    found = (_shown(hit, inside, named) for hit in hits)
    wanted = [KINDS_OF_FILES[name] for name in kinds_of_files(request, "with")]
    return tuple(
        _lifted(hit) if any(is_wanted(hit.place.path) for is_wanted in wanted) else hit
        for hit in found
        if hit is not None
    )


def lifted_tests(candidates: Sequence[Candidate], request: BundleRequest) -> tuple[Candidate, ...]:
    """Tests around the hits, for who wants them as much as what they test."""
    if request.tests != "with":
        return tuple(candidates)
    return tuple(
        replace(each, value=round(max(each.value, min(each.value * WANTED_TEST, MOST)), 4))
        if each.origin is Origin.TEST
        else each
        for each in candidates
    )


def _shown(hit: Hit, inside: Inside, named: frozenset[str]) -> Hit | None:
    for path in (hit.place.path, *hit.other_paths):
        if path in named or not inside.hides(path):
            return hit if path == hit.place.path else replace(hit, place=replace(hit.place, path=path))
    return None


def _lifted(hit: Hit) -> Hit:
    penalty = sum(min(part.score, 0.0) for part in hit.evidence if part.source == PENALTY)
    return replace(hit, score=round(hit.score - penalty, 4))
