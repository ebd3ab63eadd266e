"""Bitmaps of live ordinals: exact, small, and honest about damage."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pampax.core.errors import Internal
from pampax.storage import bitmap

ordinal_sets = st.sets(st.integers(0, 5_000), max_size=300)


def pack(ordinals: set[int]) -> bytes:
    return bitmap.pack(np.array(list(ordinals), dtype=np.int32))


@given(ordinal_sets)
def test_a_set_comes_back(ordinals: set[int]) -> None:
    mask = bitmap.unpack(pack(ordinals))

    assert mask.dtype == np.bool_
    assert set(np.flatnonzero(mask).tolist()) == ordinals
    assert len(mask) == max(ordinals, default=-1) + 1


@given(ordinal_sets, st.integers(0, 6_000))
def test_a_mask_is_cut_or_padded_to_the_asked_size(ordinals: set[int], size: int) -> None:
    mask = bitmap.unpack(pack(ordinals), size)

    assert len(mask) == size
    assert set(np.flatnonzero(mask).tolist()) == {ordinal for ordinal in ordinals if ordinal < size}


def test_a_million_random_chunks_stay_below_125_kilobytes() -> None:
    live = np.flatnonzero(np.random.default_rng(7).random(1_000_000) < 0.5).astype(np.int32)

    assert len(bitmap.pack(live)) < 125_500


def test_a_million_neighbouring_chunks_take_next_to_nothing() -> None:
    assert len(bitmap.pack(np.arange(1_000_000, dtype=np.int32))) < 200


def test_negative_ordinals_are_refused() -> None:
    with pytest.raises(ValueError, match="start at 0"):
        bitmap.pack(np.array([-1, 2], dtype=np.int32))


@given(ordinal_sets.filter(bool), st.data())
def test_cut_bytes_are_told_as_damage(ordinals: set[int], data: st.DataObject) -> None:
    whole = pack(ordinals)

    with pytest.raises(Internal, match="bitmap is damaged"):
        bitmap.unpack(whole[: data.draw(st.integers(0, len(whole) - 1))])


@given(st.binary(max_size=64))
def test_any_bytes_are_a_bitmap_or_told_as_damage(data: bytes) -> None:
    with suppress(Internal):
        bitmap.unpack(data)


def test_a_length_that_the_bits_do_not_fill_is_told_before_memory_is_taken() -> None:
    data = bytearray(pack({1, 2, 3}))
    data[1:5] = b"\xff\xff\xff\xff"

    with pytest.raises(Internal, match="damaged"):
        bitmap.unpack(bytes(data))
