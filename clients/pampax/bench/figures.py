"""What was measured: samples with a unit, and how they are summed up. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

Better = Literal["lower", "higher"]
# Of a figure with fewer samples a percentile would be one sample with a grand name.
FEWEST_FOR_P95 = 20
FEWEST_FOR_P99 = 100


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that was measured. `samples` are in the order in which they were taken, one for what happens once.

    `cpu_s`: processor seconds of all processes of the system while all samples were taken, None where that was not
    measured. `asked`: the bound that the median may not pass, in the same unit; None where nothing is asked.
    """

    suite: str
    name: str
    unit: str
    samples: tuple[float, ...]
    better: Better = "lower"
    cpu_s: float | None = None
    asked: float | None = None

    @property
    def key(self) -> tuple[str, str]:
        return (self.suite, self.name)

    @property
    def value(self) -> float:
        """The median: what is asked for, and what a round counts with."""
        return percentile(self.samples, 50)

    @property
    def cpu_ms_each(self) -> float | None:
        """Processor milliseconds per sample: how much work each is, however busy the machine was with others."""
        return None if self.cpu_s is None else 1_000 * self.cpu_s / len(self.samples)

    @property
    def p95(self) -> float | None:
        return percentile(self.samples, 95) if len(self.samples) >= FEWEST_FOR_P95 else None

    @property
    def p99(self) -> float | None:
        return percentile(self.samples, 99) if len(self.samples) >= FEWEST_FOR_P99 else None

    @property
    def missed(self) -> bool:
        """Whether it is worse than what is asked."""
        if self.asked is None:
            return False
        return self.value > self.asked if self.better == "lower" else self.value < self.asked


def percentile(samples: Sequence[float], percent: float) -> float:
    """Interpolated between the two nearest samples."""
    ordered = sorted(samples)
    place = (len(ordered) - 1) * percent / 100
    below, above = ordered[math.floor(place)], ordered[math.ceil(place)]
    return below + (above - below) * (place - math.floor(place))


def pooled(rounds: Sequence[Sequence[Figure]]) -> tuple[Figure, ...]:
    """The figures of several rounds as those of one run: samples and processor time together."""
    grouped: dict[tuple[str, str], list[Figure]] = {}
    for figures in rounds:
        for figure in figures:
            grouped.setdefault(figure.key, []).append(figure)
    return tuple(_pooled(same) for same in grouped.values())


def _pooled(same: Sequence[Figure]) -> Figure:
    spent = [figure.cpu_s for figure in same if figure.cpu_s is not None]
    samples = tuple(sample for figure in same for sample in figure.samples)
    return replace(same[0], samples=samples, cpu_s=sum(spent) if len(spent) == len(same) else None)
