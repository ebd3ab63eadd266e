"""How likely it is that a file belongs to a task."""

import pytest

from pampax.assembly.candidates import Origin
from pampax.assembly.composing import compose
from pampax.assembly.standing import Signs, signs_of, standings, weighed
from pampax.codeintel.tokens import counter

BEST = ("demo", "best.py")
OTHER = ("demo", "other.py")


def _standing(signs):
    return standings({BEST: Signs(best=1.0, all=1.0), OTHER: signs})[OTHER]


def test_the_best_file_stands_at_one_and_none_at_nothing():
    standing = standings({BEST: Signs(best=1.0, all=1.0), OTHER: Signs()})
    assert standing[BEST] == 1
    assert 0 < standing[OTHER] < 0.1
    assert standings({}) == {}


@pytest.mark.parametrize(
    ("less", "more"),
    [
        (Signs(best=0.2), Signs(best=0.4)),
        (Signs(best=0.2, all=0.2), Signs(best=0.2, all=0.8)),
        (Signs(best=0.2), Signs(best=0.2, beside=0.3)),
        (Signs(best=0.2), Signs(best=0.2, tested=0.9)),
        (Signs(), Signs(beside=0.3)),
    ],
)
def test_more_of_a_sign_stands_higher(less, more):
    assert _standing(less) < _standing(more) < 1


def test_what_surely_changes_with_the_best_file_stands_like_a_good_match():
    assert _standing(Signs(beside=0.4)) > _standing(Signs(best=0.2))


def test_a_file_is_judged_by_its_best_piece_and_all_its_matches(make):
    candidates = [
        make.hit("best.py", 1, 9, 1.0), make.hit("best.py", 20, 29, 0.5), make.hit("other.py", 1, 9, 0.1),
        make.hit("other.py", 30, 39, 0.9, origin=Origin.NEIGHBOUR),
        make.hit("test_best.py", 1, 9, 0.3, origin=Origin.TEST),
    ]  # fmt: skip
    signs = signs_of(candidates, {OTHER: 0.25}, {("demo", "test_best.py"): 1.0})
    assert signs == {
        BEST: Signs(best=1.0, all=1.5),
        OTHER: Signs(best=0.1, all=0.1, beside=0.25),
        ("demo", "test_best.py"): Signs(best=0.3, tested=1.0, is_test=True),
    }


def test_pieces_lose_value_in_files_that_stand_low(make):
    candidates = [make.hit("best.py", 1, 9, 1.0), make.hit("other.py", 1, 9, 0.5)]
    best, other = weighed(candidates, {BEST: 1.0, OTHER: 0.25})
    assert best.value == 1.0
    assert 0.1 < other.value < 0.5


def test_the_first_piece_of_a_file_that_stands_well_is_shown_by_a_line_at_least(make):
    definitions = [make.definition("compute", 1, 300)]
    files = {
        ("demo", f"p{n}.py"): make.file(f"p{n}.py", [f"    value_{at} = {at}" for at in range(300)], definitions)
        for n in range(12)
    }
    candidates = [make.hit(path, 1, 300, 1.0 - n / 20, symbol="compute") for n, (_, path) in enumerate(files)]
    shown = compose(make.subject(), candidates, files, 2_000, counter("bytes4")).items
    assert {item.path for item in shown} == {path for _, path in files}


def test_a_file_below_the_floor_is_not_shown_for_its_matches_but_for_what_it_defines(make):
    files = {("demo", path): make.file(path, ["x = 1"] * 20) for path in ("best.py", "match.py", "used.py")}
    candidates = [
        make.hit("best.py", 1, 20, 1.0), make.hit("match.py", 1, 20, 0.2),
        make.hit("used.py", 1, 20, 0.2, origin=Origin.DEFINITION),
    ]  # fmt: skip
    low = dict.fromkeys(files, 0.05) | {("demo", "best.py"): 1.0}
    composed = compose(make.subject(), candidates, files, 8_000, counter("bytes4"), standing=low)
    assert [item.path for item in composed.items] == ["best.py", "used.py"]
    assert [each.path for each in composed.omitted] == ["match.py"]
