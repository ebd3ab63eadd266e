import pytest

from pampax.assembly.compact import MAX_REASON_CHARS, brief, numbered
from pampax.core.ids import chunk_id, range_id


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("best match for the task (mentions `a` and `b`; its path matches)", "best match for the task"),
        (
            "match 2 for the task (close in meaning); defines `f`, which `g` uses",
            "match 2 for the task; defines `f`, which `g` uses",
        ),
        (f"defines `{'x' * 60}`, which `{'y' * 60}` uses", f"defines `{'x' * 60}`, which…"),
    ],
)
def test_a_reason_is_brief_and_its_code_stays_closed(reason, told):
    assert brief(reason) == told
    assert len(told) <= MAX_REASON_CHARS


def test_lines_stand_behind_their_numbers():
    assert numbered("a\n\n  b", 9) == "9: a\n10:\n11:   b"


def test_lines_are_named_by_the_chunk_that_they_begin_in(make):
    spans = [make.span(1, 4, "block", ""), make.span(6, 9, "function", "f")]
    file = make.file("a.py", ["x"] * 9, spans=spans)
    assert file.id_of(1, 4) == ""  # nobody knows the content
    known = make.known(file, "ab" * 20)
    first, second = (chunk_id("ab" * 20, "python", *lines) for lines in ((1, 4), (6, 9)))
    assert [known.id_of(*lines) for lines in ((1, 4), (6, 9))] == [first, second]
    assert known.id_of(3, 9) == range_id(first, 3, 9)
    assert known.id_of(5, 5) == range_id(first, 5, 5)
    assert known.id_of(7, 8) == range_id(second, 7, 8)
