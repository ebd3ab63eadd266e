"""Percentiles, the test for a difference, and the verdict that is made of it."""

import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pampax.bench.comparison import Verdict, compare, compare_samples, enough
from pampax.bench.figures import Figure, percentile, pooled
from pampax.bench.significance import holm, mann_whitney, ratio_interval, smallest_possible

SOME = st.lists(st.integers(0, 6).map(float), min_size=1, max_size=4)


def timed(name: str, *values: float, unit: str = "ms", cpu_s: float | None = None) -> list[list[Figure]]:
    """A round for each value."""
    return [[Figure("serve", name, unit, (value,), cpu_s=cpu_s)] for value in values]


def test_percentiles_are_interpolated() -> None:
    assert percentile([4, 1, 3, 2], 50) == 2.5
    assert percentile([1, 2, 3, 4, 5], 95) == pytest.approx(4.8)
    assert percentile([7], 99) == 7


def test_a_percentile_is_told_of_enough_samples_only() -> None:
    few, some, many = (Figure("s", "n", "ms", tuple(map(float, range(count)))) for count in (19, 99, 100))
    assert (few.p95, few.p99) == (None, None)
    assert some.p95 is not None
    assert some.p99 is None
    assert many.p99 == pytest.approx(98.01)


def test_a_figure_is_missed_on_the_side_that_is_worse() -> None:
    assert Figure("s", "n", "ms", (5.1,), asked=5).missed
    assert not Figure("s", "n", "ms", (5.0,), asked=5).missed
    assert Figure("s", "n", "%", (89.0,), "higher", asked=90).missed
    assert not Figure("s", "n", "%", (91.0,), "higher", asked=90).missed
    assert not Figure("s", "n", "ms", (1e9,)).missed


def test_rounds_are_pooled_by_figure() -> None:
    one, two = timed("a", 1.0, 2.0, cpu_s=3.0)
    (figure,) = pooled([one, two])
    assert (figure.samples, figure.cpu_s, figure.value) == ((1.0, 2.0), 6.0, 1.5)
    assert figure.cpu_ms_each == 3_000
    (unknown,) = pooled([one, timed("a", 1.0)[0]])
    assert unknown.cpu_s is None


@given(SOME, SOME)
def test_the_probability_is_the_share_of_all_ways_to_deal_the_values(a: list[float], b: list[float]) -> None:
    def rank_sum(chosen: tuple[int, ...], values: list[float]) -> float:
        return sum(sum(other < values[n] for other in values) + values.count(values[n]) / 2 for n in chosen)

    values = [*a, *b]
    observed = rank_sum(tuple(range(len(a), len(values))), values)
    ways = list(itertools.combinations(range(len(values)), len(b)))
    reached = sum(rank_sum(way, values) >= observed for way in ways)
    assert mann_whitney(a, b) == pytest.approx(reached / len(ways))


def test_separate_groups_have_the_smallest_probability() -> None:
    assert mann_whitney([1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]) == pytest.approx(smallest_possible(6, 6))
    assert smallest_possible(6, 6) == pytest.approx(1 / 924)


def test_equal_groups_are_not_told_apart() -> None:
    assert mann_whitney([3.0] * 5, [3.0] * 5) == 1
    assert mann_whitney([3.0] * 50, [3.0] * 50) == 1


def test_many_values_are_judged_like_few() -> None:
    chance = random.Random(5)
    a = [chance.gauss(10, 1) for _ in range(200)]
    b = [chance.gauss(12, 1) for _ in range(200)]
    assert mann_whitney(a, b) < 1e-6
    assert mann_whitney(b, a) > 0.99
    assert 0.01 < mann_whitney(a, [chance.gauss(10, 1) for _ in range(200)]) < 0.99


def test_the_approximation_agrees_with_counting() -> None:
    a, b = [float(n) for n in range(12)], [n + 4.5 for n in range(12)]
    assert mann_whitney([*a, -1.0], b) == pytest.approx(mann_whitney(a, b), abs=0.02)


def test_many_figures_make_each_less_certain() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_the_interval_holds_the_ratio_and_is_the_same_each_time() -> None:
    a, b = [10.0, 11, 9, 10, 10, 12], [20.0, 22, 19, 21, 20, 18]
    low, high = ratio_interval(a, b)
    assert low < 2 < high
    assert (low, high) == ratio_interval(a, b)
    assert ratio_interval([0.0], [1.0]) == (math.inf, math.inf)
    assert ratio_interval([0.0], [0.0]) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("after", "verdict"),
    [
        ((20.0, 21, 22, 23, 24, 25), Verdict.WORSE),
        ((5.0, 5.1, 5.2, 5.3, 5.4, 5.5), Verdict.BETTER),
        ((10.3, 10.9, 10.1, 10.2, 10.6, 10.7), Verdict.SAME),
        ((9.0, 30, 9.5, 31, 10, 29), Verdict.UNCLEAR),
    ],
)
def test_a_difference_counts_when_it_is_large_and_certain(after: tuple[float, ...], verdict: Verdict) -> None:
    (row,) = compare(timed("search", 10, 10.1, 10.2, 10.3, 10.4, 10.5), timed("search", *after))
    assert row.verdict is verdict


def test_less_throughput_is_worse() -> None:
    def rates(*values: float) -> list[list[Figure]]:
        return [[Figure("serve", "rate", "/s", (value,), "higher")] for value in values]

    (row,) = compare(rates(100, 101, 102, 103), rates(50, 51, 52, 53))
    assert row.verdict is Verdict.WORSE
    (row,) = compare(rates(50, 51, 52, 53), rates(100, 101, 102, 103))
    assert row.verdict is Verdict.BETTER


def test_processor_seconds_are_a_figure_where_there_are_enough() -> None:
    rows = compare(timed("a", 1, 2, 3, cpu_s=4.0), timed("a", 1, 2, 3, cpu_s=5.0))
    assert [(row.name, row.unit, row.a) for row in rows][1] == ("a, processor", "CPU ms", (4_000.0,) * 3)
    assert len(rows) == 2
    assert [row.name for row in compare(timed("a", 1, cpu_s=0.1), timed("a", 1, cpu_s=0.1))] == ["a"]


def test_figures_that_follow_from_others_are_not_compared() -> None:
    rows = compare(timed("rate", 1, 2, 3, unit="files/s"), timed("rate", 1, 2, 3, unit="files/s"))
    assert rows == []


def test_a_figure_that_one_side_lacks_in_a_round_is_left_out() -> None:
    assert compare([*timed("a", 1, 2), [], []], timed("a", 1, 2, 3, 4)) == []
    assert compare(timed("a", 1), timed("b", 1)) == []


def test_nothing_became_something() -> None:
    (row,) = compare(timed("wrong answers", 0, 0, 0, 0), timed("wrong answers", 2, 2, 3, 2))
    assert row.ratio == math.inf
    assert row.verdict is Verdict.WORSE
    (row,) = compare(timed("wrong answers", 0, 0), timed("wrong answers", 0, 0))
    assert row.verdict is Verdict.SAME


def test_samples_stand_in_for_rounds() -> None:
    before = Figure("serve", "search", "ms", tuple(float(n) for n in range(100, 140)))
    after = Figure("serve", "search", "ms", tuple(float(n) for n in range(200, 240)))
    (row,) = compare_samples([before], [after])
    assert row.verdict is Verdict.WORSE


def test_few_rounds_cannot_show_much() -> None:
    assert enough(6, 6, 40)
    assert not enough(3, 3, 2)
