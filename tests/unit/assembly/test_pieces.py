from dataclasses import replace

import pytest

from pampax.assembly.bundle import Rendering
from pampax.assembly.pieces import merged, piece_of


@pytest.fixture
def file(make):
    lines = [f"line {number}" for number in range(1, 101)]
    definitions = [make.definition("Pool", 1, 60, kind="type"), make.definition("take", 10, 30, holder="Pool")]
    return make.file("pool.py", lines, definitions)


def places(chosen, file):
    return [(p.place.start_line, p.place.end_line, p.rendering) for p in merged(chosen, {("demo", "pool.py"): file})]


def full(make, *ranges):
    return [(make.hit("pool.py", start, end, 1.0 / at), Rendering.FULL) for at, (start, end) in enumerate(ranges, 1)]


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        ([(1, 10), (11, 20)], [(1, 20)]),
        ([(1, 10), (14, 20)], [(1, 20)]),
        ([(1, 10), (15, 20)], [(1, 10), (15, 20)]),
        ([(5, 50), (10, 20)], [(5, 50)]),
        ([(30, 40), (1, 31)], [(1, 40)]),
        ([(90, 100), (1, 2), (50, 60)], [(1, 2), (50, 60), (90, 100)]),
    ],
)
def test_ranges_that_touch_become_one_piece(make, file, ranges, expected):
    assert [each[:2] for each in places(full(make, *ranges), file)] == expected


def test_lines_that_were_not_read_are_not_merged_across(make, file):
    holes = make.file("pool.py", [], file.definitions)
    holes.lines.update({number: f"line {number}" for number in (*range(1, 11), *range(13, 20))})
    assert [each[:2] for each in places(full(make, (1, 10), (13, 19)), holes)] == [(1, 10), (13, 19)]


def test_a_merged_piece_keeps_every_reason_and_its_lines(make, file):
    chosen = [
        (make.hit("pool.py", 1, 10, 0.5, reason="defines `Pool`, which `take` uses"), Rendering.FULL),
        (make.hit("pool.py", 11, 20, 1.0, reason="best match for the task", rank=1), Rendering.FULL),
        (make.hit("pool.py", 21, 30, 0.2, reason="match 4 for the task", rank=4), Rendering.FULL),
    ]
    (piece,) = merged(chosen, {("demo", "pool.py"): file})
    assert piece.reason == "best match for the task, with match 4; defines `Pool`, which `take` uses"
    assert piece.content.split("\n") == [f"line {number}" for number in range(1, 31)]


def test_what_the_text_shows_already_is_not_outlined_again(make, file):
    chosen = [
        (make.hit("pool.py", 1, 60, 0.5, symbol="Pool"), Rendering.SIGNATURE),
        (make.hit("pool.py", 1, 60, 1.0), Rendering.FULL),
    ]
    assert places(chosen, file) == [(1, 60, Rendering.FULL)]


def test_what_an_outline_says_needs_no_line_of_its_own(make, file):
    chosen = [
        (make.hit("pool.py", 1, 60, 0.5, symbol="Pool"), Rendering.SKELETON),
        (make.hit("pool.py", 10, 30, 1.0, symbol="Pool.take"), Rendering.SIGNATURE),
    ]
    assert places(chosen, file) == [(1, 60, Rendering.SKELETON)]


def test_one_liners_come_after_code(make, file):
    chosen = [
        (make.hit("pool.py", 1, 2, 1.0), Rendering.REFERENCE),
        (make.hit("pool.py", 70, 80, 0.1), Rendering.FULL),
    ]
    assert places(chosen, file) == [(70, 80, Rendering.FULL), (1, 2, Rendering.REFERENCE)]


@pytest.mark.parametrize("head", ["_codes =", "_codes = {", "_codes = (", "_codes=["])
def test_the_head_of_a_table_ends_before_its_value(make, head):
    table = replace(make.definition("_codes", 3, 40, kind="variable"), signature=head)
    pool = make.file("codes.py", [], [table])
    piece = piece_of(make.hit("codes.py", 3, 40, 1.0, symbol="_codes"), Rendering.SIGNATURE, pool)
    assert piece is not None
    assert piece.content == "_codes"


def test_a_piece_tells_how_many_definitions_begin_in_it(make):
    definitions = [
        make.definition("limit", 1, 1, kind="variable"),
        make.definition("take", 2, 10),
        make.definition("inner", 3, 5, holder="take"),
        make.definition("give", 12, 20),
        make.definition("close", 22, 30),
        make.definition("drain", 32, 40),
    ]
    pool = make.file("pool.py", [f"line {number}" for number in range(1, 51)], definitions)
    (piece,) = merged([(make.hit("pool.py", 1, 50, 1.0, symbol="give"), Rendering.FULL)], {("demo", "pool.py"): pool})
    assert piece.title == "`give` and 3 more"


def test_what_holds_the_symbol_needs_no_mention(make, file):
    (piece,) = merged(
        [(make.hit("pool.py", 1, 60, 1.0, symbol="Pool.take"), Rendering.FULL)], {("demo", "pool.py"): file}
    )
    assert piece.title == "`Pool.take`"
