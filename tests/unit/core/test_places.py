from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pampax.core.ids import chunk_id, range_id, read_chunk_id
from pampax.core.places import NamedPlace, read_place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("src/a.py", NamedPlace("src/a.py")),
        ("./src/a.py", NamedPlace("src/a.py")),
        ("src/a.py:7", NamedPlace("src/a.py", 7, 7)),
        ("src/a.py:7-9", NamedPlace("src/a.py", 7, 9)),
        ("src/a.py#Pool.take", NamedPlace("src/a.py", symbol="Pool.take")),
        ("a:b/c.py:7", NamedPlace("a:b/c.py", 7, 7)),
        ("docs/C#/notes.md", NamedPlace("docs/C#/notes.md")),
    ],
)
def test_a_place_is_a_path_with_lines_or_a_name(text, place):
    assert read_place(text) == place
    assert read_place(str(place)) == place


@pytest.mark.parametrize("text", ["a.py:0", "a.py:9-7", "a.py#", "a.py# "])
def test_lines_and_names_that_cannot_be_are_told(text):
    with pytest.raises(ValueError, match=r"as in src/app\.py"):
        read_place(text)


@given(st.text())
def test_any_text_is_a_place_with_one_spelling_or_is_refused(text):
    with suppress(ValueError):
        assert read_place(str(read_place(text))) == read_place(text)


def test_an_id_of_lines_holds_that_of_its_chunk():
    chunk = chunk_id("ab" * 20, "python", 10, 20)
    assert read_chunk_id(chunk) == (chunk, 0, 0)
    assert read_chunk_id(range_id(chunk, 12, 40)) == (chunk, 12, 40)


@pytest.mark.parametrize(
    "text", ["", "x", "a" * 23, "a" * 24 + ".", "a" * 24 + ".0-2", "a" * 24 + ".5-2", "a" * 24 + ".1"]
)
def test_what_is_no_id_is_none(text):
    assert read_chunk_id(text) is None
