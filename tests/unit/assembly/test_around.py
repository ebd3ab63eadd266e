import pytest

from pampax.assembly import around
from pampax.assembly.candidates import Origin


@pytest.fixture
def file(make):
    """A type with a method that is cut into three chunks, and a function below."""
    definitions = [
        make.definition("Pool", 1, 100, kind="type"),
        make.definition("take", 11, 80, holder="Pool"),
        make.definition("spare", 101, 120),
    ]
    spans = [
        make.span(1, 10, "type", "Pool"), make.span(11, 40, "function", "Pool.take"),
        make.span(41, 60, "block", "Pool.take"), make.span(61, 100, "block", "Pool.take"),
        make.span(101, 120, "function", "spare"),
    ]  # fmt: skip
    return make.file("src/pool.py", [f"line {n}" for n in range(1, 121)], definitions, spans)


def places(candidates, origin):
    return [(each.place.start_line, each.place.end_line) for each in candidates if each.origin is origin]


def test_a_chunk_of_a_long_definition_brings_the_rest_of_it(make, file):
    found = around.around(make.hit("src/pool.py", 41, 60, 1.0, symbol="Pool.take"), file)
    assert places(found, Origin.REST) == [(11, 40), (61, 100)]
    assert {each.reason for each in found if each.origin is Origin.REST} == {"the rest of `Pool.take`"}


def test_a_method_brings_the_type_that_holds_it(make, file):
    found = around.around(make.hit("src/pool.py", 11, 40, 1.0, symbol="Pool.take"), file)
    assert places(found, Origin.DEFINITION) == [(1, 100)]


def test_neighbours_are_worth_little(make, file):
    found = around.around(make.hit("src/pool.py", 101, 120, 1.0, symbol="spare"), file)
    (neighbour,) = [each for each in found if each.origin is Origin.NEIGHBOUR]
    assert (neighbour.place.start_line, neighbour.value) == (61, around.NEIGHBOUR)


def test_the_tests_that_name_what_is_tested_come_first(make):
    texts = ["def test_give(): give()", "def test_take(): pool.take()", "def test_both(): pool.take()"]
    spans = [make.span(n, n, "function", f"test_{n}") for n in (1, 2, 3)]
    file = make.file("tests/test_pool.py", texts, [], spans)
    found = around.tests(file, file.lines, [make.hit("src/pool.py", 11, 40, 1.0, symbol="Pool.take")])
    assert [each.place.start_line for each in found] == [2, 3]
    assert found[0].reason == "tests `Pool.take`"


def test_tests_that_name_nothing_are_there_by_their_first_chunk(make):
    file = make.file("tests/test_pool.py", ["x", "y"], [], [make.span(1, 1, "block", ""), make.span(2, 2, "block", "")])
    (found,) = around.tests(file, file.lines, [make.hit("src/pool.py", 11, 40, 1.0, symbol="Pool.take")])
    assert (found.place.start_line, found.reason) == (1, "tests of `src/pool.py`")


def test_a_named_file_is_outlined_and_offered_chunk_by_chunk(file):
    outline, *chunks = around.seeds(file, 120)
    assert (outline.origin, outline.place.start_line, outline.place.end_line) == (Origin.OUTLINE, 1, 120)
    assert [each.place.start_line for each in chunks] == [1, 11, 41, 61, 101]
    assert {each.reason for each in chunks} == {"named in the request"}
