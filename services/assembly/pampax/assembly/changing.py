"""Files that the commits of before have changed together with what was found. Pure; `surroundings` reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pampax.assembly.candidates import Candidate, Origin, candidate
from pampax.assembly.markup import code
from pampax.assembly.source import SourceFile, Span
from pampax.codeintel.terms import distinct_terms
from pampax.graph.history import CoChange

MAX_CHANGED_WITH = 10  # files, those of the best hits
MAX_CHANGED_FILES = 12  # that are taken up for changing with them
LEAST_BESIDE = 0.04  # share of the commits over the place of what it changes with
CHANGED = 0.35  # share of the value of the file that it changes with, times the share of the commits
UNSURE = 6  # commits that are added to those of a file: two of five say less than twenty of fifty
MAX_LINES = 2_000  # of a file that are looked through for the words of the task


@dataclass(frozen=True, slots=True)
class Beside:
    """That a file changes with one which was found: `weight` is the share of the commits over the place of that one,
    whose best piece is worth `value`."""

    weight: float
    value: float
    found: str
    change: CoChange

    @property
    def share(self) -> float:
        return _share(self.change)

    @property
    def reason(self) -> str:
        return f"changed together with {code(self.found)} in {self.change.together} of {self.change.of} commits"


def beside(found: Sequence[tuple[str, float]], changes: Mapping[str, Sequence[CoChange]]) -> dict[str, Beside]:
    """Path -> what it changes with most surely. `found` are paths with the value of their best piece, best first."""
    best: dict[str, Beside] = {}
    for place, (path, value) in enumerate(found, 1):
        for change in changes.get(path, ()):
            one = Beside(_share(change) / place, value, path, change)
            known = best.get(change.path)
            if change.path != path and (known is None or one.weight > known.weight):
                best[change.path] = one
    return best


def taken_up(known: Mapping[str, Beside], files: Iterable[str]) -> list[str]:
    """Of the files in which nothing was found those that are looked into, the surest first."""
    held = set(files)
    worth = [path for path, one in known.items() if path not in held and one.weight >= LEAST_BESIDE]
    return sorted(worth, key=lambda path: (-known[path].weight, path))[:MAX_CHANGED_FILES]


def changed(file: SourceFile, lines: Sequence[str], one: Beside, terms: frozenset[str]) -> Candidate | None:
    """The span of the file that holds most of the task's terms, the first of equals; None for a file without spans."""
    spans = [span for span in file.spans if span.start_line <= MAX_LINES]
    if not spans:
        return None
    span = max(spans, key=lambda span: (len(terms & _terms(lines, span)), -span.start_line))
    place = file.place(span.start_line, span.end_line)
    return candidate(place, Origin.CHANGED, one.value * one.share * CHANGED, span.symbol, one.reason)


def as_reason(best: Candidate, one: Beside) -> Candidate:
    """The same lines once more, for the reason that the file changes with another one."""
    return candidate(best.place, Origin.CHANGED, one.value * one.share * CHANGED, best.symbol, one.reason)


def _share(change: CoChange) -> float:
    return change.together / (change.of + UNSURE)


def _terms(lines: Sequence[str], span: Span) -> set[str]:
    return distinct_terms("\n".join(lines[span.start_line - 1 : span.end_line]))
