"""What two groups of rounds say about two states of the code. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from pampax.bench.figures import Better, Figure
from pampax.bench.significance import holm, mann_whitney, ratio, ratio_interval, smallest_possible

# A smaller difference is not worth a red build: machines that are not set up for measuring vary by that much.
THRESHOLD = 0.10
# The risk of calling an equal figure worse, for all figures of a comparison together.
ALPHA = 0.05
# What follows from figures that are compared already, or is a difference and has no ratio.
_DERIVED_UNITS = frozenset({"files/s", "MB/s", "MB more", "% more"})
# Processor time is told in hundredths of a second per process, of which there are about twenty; below that sum the
# rounding would decide.
LEAST_CPU_S = 0.5


class Verdict(StrEnum):
    """`unclear`: the difference is large enough to matter and may still be chance."""

    SAME = "same"
    BETTER = "better"
    WORSE = "worse"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure of both sides. `ratio` is B / A of the medians; `interval` that of the ratio at 95 %.

    `probability` is that of such a difference in this direction if nothing had changed, corrected for the number of
    figures.
    """

    suite: str
    name: str
    unit: str
    better: Better
    a: tuple[float, ...]
    b: tuple[float, ...]
    ratio: float
    interval: tuple[float, float]
    probability: float
    verdict: Verdict


def compare(a: Sequence[Sequence[Figure]], b: Sequence[Sequence[Figure]]) -> list[Compared]:
    """Each figure that both sides have in every round, by the median of each round.

    Processor time per sample is a figure of its own where there is enough of it: it hangs least on what else runs.
    """
    sides = [_by_round(rounds) for rounds in (a, b)]
    shared = [key for key in sides[0] if key in sides[1]]
    rows = [(key, sides[0][key], sides[1][key]) for key in shared]
    complete = [row for row in rows if len(row[1].values) == len(a) and len(row[2].values) == len(b)]
    return _judged([row for row in complete if _tells(row[0])])


def compare_samples(a: Iterable[Figure], b: Iterable[Figure]) -> list[Compared]:
    """The samples inside one run each in place of rounds. Weaker: they all come from one start of one system."""
    before, after = (
        {(*each.key, each.unit): _Values(each.better, list(each.samples)) for each in side} for side in (a, b)
    )
    rows = [(key, before[key], after[key]) for key in before if key in after]
    return _judged([row for row in rows if _tells(row[0])])


def enough(rounds_a: int, rounds_b: int, figures: int) -> bool:
    """Whether so many rounds could show anything for so many figures at once."""
    return smallest_possible(rounds_a, rounds_b) * figures <= ALPHA


@dataclass(frozen=True, slots=True)
class _Values:
    better: Better
    values: list[float]


_Key = tuple[str, str, str]


def _by_round(rounds: Sequence[Sequence[Figure]]) -> dict[_Key, _Values]:
    found: dict[_Key, _Values] = {}
    for figures in rounds:
        for figure in figures:
            found.setdefault((*figure.key, figure.unit), _Values(figure.better, [])).values.append(figure.value)
            if figure.cpu_s is not None and figure.cpu_ms_each is not None and figure.cpu_s >= LEAST_CPU_S:
                key = (figure.suite, f"{figure.name}, processor", "CPU ms")
                found.setdefault(key, _Values("lower", [])).values.append(figure.cpu_ms_each)
    return found


def _tells(key: _Key) -> bool:
    return key[2] not in _DERIVED_UNITS


def _judged(rows: Sequence[tuple[_Key, _Values, _Values]]) -> list[Compared]:
    """Both directions are families of tests of their own: whether anything is worse does not hang on what is better."""
    raised = holm([mann_whitney(a.values, b.values) for _, a, b in rows])
    lowered = holm([mann_whitney(b.values, a.values) for _, a, b in rows])
    return [
        _compared(key, a, b, up if median(b.values) >= median(a.values) else down)
        for (key, a, b), up, down in zip(rows, raised, lowered, strict=True)
    ]


def _compared(key: _Key, a: _Values, b: _Values, chance: float) -> Compared:
    suite, name, unit = key
    change = ratio(median(a.values), median(b.values))
    interval = ratio_interval(a.values, b.values)
    return Compared(
        suite, name, unit, a.better, tuple(a.values), tuple(b.values), change, interval, chance,
        _verdict(a.better, change, chance),
    )  # fmt: skip


def _verdict(better: Better, change: float, chance: float) -> Verdict:
    """How much worse is told as slowness: half the throughput is twice as slow."""
    slowness = change if better == "lower" else ratio(change, 1.0)
    if 1 / (1 + THRESHOLD) <= slowness <= 1 + THRESHOLD:
        return Verdict.SAME
    if chance > ALPHA:
        return Verdict.UNCLEAR
    return Verdict.WORSE if slowness > 1 else Verdict.BETTER
