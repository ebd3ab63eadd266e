"""Term counts as flat arrays say the same as one dictionary per chunk."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pampax.codeintel.counted import TermTable

COUNTS = st.lists(st.dictionaries(st.text(max_size=4), st.integers(1, 70_000), max_size=6), max_size=6)


@given(COUNTS)
def test_a_table_reads_as_the_counts_that_it_was_made_of(counts: list[dict[str, int]]) -> None:
    table = TermTable.of(counts)
    assert list(table) == counts
    assert [table[at] for at in range(len(table))] == counts
    assert table[1:] == counts[1:]
    assert table.lengths() == [sum(each.values()) for each in counts]


@given(COUNTS)
def test_a_table_survives_its_arrays(counts: list[dict[str, int]]) -> None:
    table = TermTable.of(counts)
    arrays = [each.tobytes() for each in (table.sizes, table.places, table.counts)]
    assert TermTable.from_arrays(table.vocabulary, *arrays) == table


@pytest.mark.parametrize(
    ("sizes", "places", "counts"),
    [([1], [], []), ([], [0], [1]), ([2], [0, 0], [1]), ([1], [1], [1])],
)
def test_arrays_that_do_not_fit_together_are_refused(sizes: list[int], places: list[int], counts: list[int]) -> None:
    with pytest.raises(ValueError, match="the"):
        TermTable.from_arrays(["term"], *(array("I", each).tobytes() for each in (sizes, places, counts)))


def test_half_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="bytes"):
        TermTable.from_arrays([], b"\0\0\0", b"", b"")
