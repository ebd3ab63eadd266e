"""Whether two groups of rounds differ by more than chance.

The test is Mann and Whitney's, one-sided and exact: it asks in how many of all ways to deal the same values to the two
sides the second comes out as high as it did. It takes only the order of the values, and timings need that: they are
skewed, and one round that was disturbed would move a mean and a t-test. The interval around the ratio is a bootstrap
over rounds and says how large the difference may be; it does not decide, because with so few rounds its own coverage
is poor.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from statistics import NormalDist, median

# Rounds per side up to which all ways are counted: C(20, 10) = 184,756 of them, by dynamic programming.
EXACT_UP_TO = 12
RESAMPLES = 2_000
_SEED = 1


def mann_whitney(lower: Sequence[float], higher: Sequence[float]) -> float:
    """The probability of the second group being so much higher if both were the same; 0.5 and more when it is not.

    Exact with ties up to EXACT_UP_TO values each, beyond by the normal approximation with a correction for ties.
    """
    values = sorted([*lower, *higher])
    # Doubled ranks are whole numbers even where ties share one.
    doubled = {value: values.index(value) + 1 + len(values) - values[::-1].index(value) for value in set(values)}
    observed = sum(doubled[value] for value in higher)
    ranks = [doubled[value] for value in values]
    if max(len(lower), len(higher)) <= EXACT_UP_TO:
        return _exact(ranks, len(higher), observed)
    return _approximate(ranks, len(higher), observed)


def smallest_possible(rounds_a: int, rounds_b: int) -> float:
    """The smallest probability that so many rounds can show, when no value of one side reaches the other."""
    return 1 / math.comb(rounds_a + rounds_b, rounds_b)


def holm(probabilities: Sequence[float]) -> list[float]:
    """Holm's correction: so many figures are tested at once that one of them would often pass by chance alone."""
    order = sorted(range(len(probabilities)), key=probabilities.__getitem__)
    corrected = [0.0] * len(probabilities)
    largest = 0.0
    for place, number in enumerate(order):
        largest = max(largest, min(1.0, probabilities[number] * (len(order) - place)))
        corrected[number] = largest
    return corrected


def ratio_interval(before: Sequence[float], after: Sequence[float], share: float = 0.95) -> tuple[float, float]:
    """Bootstrap interval of median(after) / median(before); the same numbers give the same interval."""
    chance = Random(_SEED)  # noqa: S311 - the same for everybody is the point
    ratios = sorted(
        _ratio(chance.choices(before, k=len(before)), chance.choices(after, k=len(after))) for _ in range(RESAMPLES)
    )
    cut = int(RESAMPLES * (1 - share) / 2)
    return ratios[cut], ratios[-1 - cut]


def ratio(before: float, after: float) -> float:
    """after / before; nothing stays nothing."""
    return after / before if before else math.inf if after else 1.0


def _ratio(before: Sequence[float], after: Sequence[float]) -> float:
    return ratio(median(before), median(after))


def _exact(ranks: Sequence[int], count: int, observed: int) -> float:
    """The share of all choices of `count` ranks whose sum reaches the observed one."""
    ways: list[dict[int, int]] = [{0: 1}, *({} for _ in range(count))]
    for rank in ranks:
        for chosen in range(count, 0, -1):
            for total, number in ways[chosen - 1].items():
                ways[chosen][total + rank] = ways[chosen].get(total + rank, 0) + number
    reached = sum(number for total, number in ways[count].items() if total >= observed)
    return reached / math.comb(len(ranks), count)


def _approximate(ranks: Sequence[int], count: int, observed: int) -> float:
    size, rest = len(ranks), len(ranks) - count
    mean = sum(ranks) / size
    spread = sum((rank - mean) ** 2 for rank in ranks) / (size - 1)
    deviation = math.sqrt(spread * count * rest / size)
    if not deviation:
        return 1.0
    return 1 - NormalDist().cdf((observed - 1 - mean * count) / deviation)
