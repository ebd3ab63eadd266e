"""Packed posting lists: what goes in comes out, segments merge exactly, damage is told."""

from contextlib import suppress
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pampax.core.errors import Internal
from pampax.storage import bitmap, posting

Entry = tuple[int, int, int]

# Ordinals near each other and far apart, so that all widths of the differences are met.
entries = st.dictionaries(
    st.one_of(st.integers(0, 300), st.integers(0, 100_000), st.integers(0, 2**31 - 1)),
    st.tuples(st.integers(1, 1000), st.integers(0, 100_000)),
    max_size=200,
).map(lambda by_ordinal: [(ordinal, *by_ordinal[ordinal]) for ordinal in sorted(by_ordinal)])


def pack(rows: list[Entry]) -> bytes:
    columns: list[Any] = [list(column) for column in zip(*rows, strict=True)] if rows else [[], [], []]
    return posting.pack(*columns)


def rows_of(data: bytes) -> list[Entry]:
    found = posting.unpack(data)
    return list(zip(found.ordinals.tolist(), found.tfs.tolist(), found.lengths.tolist(), strict=True))


@given(entries)
def test_a_list_comes_back_with_its_numbers_capped(rows: list[Entry]) -> None:
    assert rows_of(pack(rows)) == [(ordinal, min(tf, 255), min(length, 65535)) for ordinal, tf, length in rows]


@given(entries)
def test_the_types_are_those_that_scoring_expects(rows: list[Entry]) -> None:
    found = posting.unpack(pack(rows))

    assert [array.dtype.name for array in (found.ordinals, found.tfs, found.lengths)] == ["int32", "uint8", "uint16"]


@given(entries, st.lists(st.integers(0, 200), max_size=4))
def test_merging_segments_equals_packing_at_once(rows: list[Entry], cuts: list[int]) -> None:
    bounds = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    segments = [pack(rows[start:end]) for start, end in pairwise(bounds)]

    assert posting.merge(segments) == pack(rows)


def test_segments_merge_in_any_order() -> None:
    assert posting.merge([pack([(7, 1, 2), (9, 1, 2)]), pack([(3, 4, 5), (8, 6, 7)])]) == pack(
        [(3, 4, 5), (7, 1, 2), (8, 6, 7), (9, 1, 2)]
    )


def test_merging_nothing_is_the_empty_list() -> None:
    assert rows_of(posting.merge([])) == []


@given(entries, st.sets(st.integers(0, 300)))
def test_document_frequency_is_the_number_of_live_entries(rows: list[Entry], live: set[int]) -> None:
    mask = bitmap.unpack(bitmap.pack(np.array(sorted(live), dtype=np.int32)), 2**9)
    ordinals = posting.unpack(pack([row for row in rows if row[0] < 2**9])).ordinals

    assert int(mask[ordinals].sum()) == len(live & {ordinal for ordinal, _, _ in rows})


@pytest.mark.parametrize("gap", [1, 255, 256, 65_535, 65_536, 2**31 - 1])
def test_each_difference_takes_the_narrowest_width_that_holds_it(gap: int) -> None:
    width = 1 if gap < 256 else 2 if gap < 65_536 else 4

    data = pack([(0, 1, 1), (gap, 1, 1)])

    assert len(data) == len(pack([(0, 1, 1)])) + width + 3
    assert [row[0] for row in rows_of(data)] == [0, gap]


def test_a_list_of_one_takes_twelve_bytes() -> None:
    assert len(pack([(1_000_000, 3, 40)])) == 12


@pytest.mark.parametrize("ordinals", [[3, 3], [4, 3], [-1, 3], [-1]])
def test_ordinals_that_do_not_rise_are_refused(ordinals: list[int]) -> None:
    with pytest.raises(ValueError, match="must rise"):
        posting.pack(ordinals, [1] * len(ordinals), [1] * len(ordinals))


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="differ in number"):
        posting.pack([1, 2], [1], [1, 2])


@given(entries, st.data())
def test_cut_or_grown_bytes_are_told_as_damage(rows: list[Entry], data: st.DataObject) -> None:
    whole = pack(rows)
    length = data.draw(st.integers(0, len(whole) + 9).filter(lambda length: length != len(whole)))

    with pytest.raises(Internal, match="damaged"):
        posting.unpack(whole[:length].ljust(length, b"x"))


@given(st.binary(max_size=64))
def test_any_bytes_are_a_list_or_told_as_damage(data: bytes) -> None:
    with suppress(Internal):
        posting.unpack(data)


def test_ordinals_beyond_the_bound_are_told_as_damage() -> None:
    data = bytearray(pack([(0, 1, 1), (2**31 - 1, 1, 1)]))
    data[5] = 0xFF  # the first ordinal: the sum now passes 2**31

    with pytest.raises(Internal, match="too large"):
        posting.unpack(bytes(data))


@given(st.lists(entries.filter(bool), max_size=6))
def test_many_lists_packed_at_once_have_the_bytes_of_each_alone(lists: list[list[Entry]]) -> None:
    flat = [entry for rows in lists for entry in rows]
    starts = [sum(map(len, lists[:at])) for at in range(len(lists))]
    columns: list[Any] = [[entry[at] for entry in flat] for at in range(3)]
    assert list(posting.pack_lists(starts, *columns)) == [pack(rows) for rows in lists]


@pytest.mark.parametrize("ordinals", [[3, 3], [4, 2], [-1, 5]])
def test_many_lists_refuse_ordinals_that_do_not_rise(ordinals: list[int]) -> None:
    with pytest.raises(ValueError, match="rise"):
        list(posting.pack_lists([0], ordinals, [1, 1], [1, 1]))
