"""Packed posting lists: which chunks hold a term, how often, and how long each of those chunks is.

Layout, little endian: u8 tag (version << 4 | bytes per delta), u32 count, u32 first ordinal, then the
count - 1 differences to the ordinal before (u8, u16 or u32, whichever is enough), count x u16 lengths, count x u8 term
frequencies. A list of one takes 12 bytes. Document frequency is not stored: it is the number of entries that are live.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pampax.storage.blobs import corrupt

VERSION = 1
MAX_TF = 255
MAX_LENGTH = 65535
_HEADER = struct.Struct("<BII")
_SINGLE = struct.Struct("<BIIHB")
_DELTA_TYPES: dict[int, np.dtype[Any]] = {1: np.dtype("<u1"), 2: np.dtype("<u2"), 4: np.dtype("<u4")}
_LENGTH_TYPE: np.dtype[np.uint16] = np.dtype("<u2")

Integers = Sequence[int] | NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Posting:
    """Parallel arrays in ascending order of `ordinals`: int32, uint8, uint16. They may be read-only."""

    ordinals: NDArray[np.int32]
    tfs: NDArray[np.uint8]
    lengths: NDArray[np.uint16]


def pack(ordinals: Integers, tfs: Integers, lengths: Integers) -> bytes:
    """Ordinals strictly ascending, else ValueError; term frequencies and lengths are capped."""
    if not len(ordinals) == len(tfs) == len(lengths):
        raise ValueError("ordinals, tfs and lengths differ in number")
    if len(ordinals) == 1 and ordinals[0] >= 0:  # most terms occur once: spare them the array work
        return _SINGLE.pack(_tag(1), 1, ordinals[0], min(lengths[0], MAX_LENGTH), min(tfs[0], MAX_TF))
    if not len(ordinals):
        return _HEADER.pack(_tag(1), 0, 0)
    places = np.asarray(ordinals, dtype=np.int64)
    deltas = np.diff(places)
    if places[0] < 0 or (deltas <= 0).any():
        raise ValueError("ordinals start at 0 and must rise")
    width = _width(int(deltas.max()))
    return b"".join(
        (
            _HEADER.pack(_tag(width), len(places), places[0]),
            deltas.astype(_DELTA_TYPES[width]).tobytes(),
            np.minimum(lengths, MAX_LENGTH).astype(_LENGTH_TYPE).tobytes(),
            np.minimum(tfs, MAX_TF).astype(np.uint8).tobytes(),
        )
    )


def pack_lists(starts: Integers, ordinals: Integers, tfs: Integers, lengths: Integers) -> Iterator[bytes]:
    """`pack` of many lists at once, none of them empty, which lie one behind the other: `starts` says where each one
    begins. Costs a microsecond a list, where `pack` costs twenty."""
    begins = np.asarray(starts, dtype=np.int64)
    places = np.asarray(ordinals, dtype=np.int64)
    deltas = np.diff(places, prepend=0)
    deltas[begins] = 1  # not stored, but no reason for a refusal either
    if (places < 0).any() or (deltas <= 0).any():
        raise ValueError("ordinals start at 0 and must rise")
    widths = [_width(largest) for largest in np.maximum.reduceat(deltas, begins).tolist()] if len(begins) else []
    stored = {width: deltas.astype(kind).tobytes() for width, kind in _DELTA_TYPES.items()}
    packed_lengths = np.minimum(lengths, MAX_LENGTH).astype(_LENGTH_TYPE).tobytes()
    packed_tfs = np.minimum(tfs, MAX_TF).astype(np.uint8).tobytes()
    ends = [*begins.tolist(), len(places)][1:]
    for at, end, first, width in zip(begins.tolist(), ends, places[begins].tolist(), widths, strict=True):
        header = _HEADER.pack(_tag(width), end - at, first)
        within = stored[width][width * (at + 1) : width * end]
        yield b"".join((header, within, packed_lengths[2 * at : 2 * end], packed_tfs[at:end]))


def unpack(data: bytes) -> Posting:
    """Internal when the bytes are damaged. Term frequencies and lengths are views of `data`."""
    width, count, first = _read_header(data)
    if count == 0:
        return Posting(np.empty(0, np.int32), np.empty(0, np.uint8), np.empty(0, np.uint16))
    deltas_end = _HEADER.size + width * (count - 1)
    lengths_end = deltas_end + _LENGTH_TYPE.itemsize * count
    ordinals = np.empty(count, dtype=np.int64)
    ordinals[0] = first
    ordinals[1:] = np.frombuffer(data, _DELTA_TYPES[width], count - 1, _HEADER.size)
    np.cumsum(ordinals, out=ordinals)
    if ordinals[-1] > np.iinfo(np.int32).max:
        raise corrupt("posting list", "its ordinals are too large")
    return Posting(
        ordinals.astype(np.int32),
        np.frombuffer(data, np.uint8, count, lengths_end),
        np.frombuffer(data, _LENGTH_TYPE, count, deltas_end),
    )


def concatenate(postings: Sequence[Posting]) -> Posting:
    """One list of several segments, which share no ordinal."""
    if len(postings) == 1:
        return postings[0]
    if not postings:
        return Posting(np.empty(0, np.int32), np.empty(0, np.uint8), np.empty(0, np.uint16))
    ordinals = np.concatenate([each.ordinals for each in postings])
    order = np.argsort(ordinals, kind="stable")
    return Posting(
        ordinals[order],
        np.concatenate([each.tfs for each in postings])[order],
        np.concatenate([each.lengths for each in postings])[order],
    )


def merge(lists: Sequence[bytes]) -> bytes:
    """The packed lists of several segments as the one that packing at once would have made."""
    whole = concatenate([unpack(each) for each in lists])
    return pack(whole.ordinals, whole.tfs, whole.lengths)


def _read_header(data: bytes) -> tuple[int, int, int]:
    """Width, count and first ordinal; Internal unless the total length is exactly what they ask for."""
    if len(data) < _HEADER.size:
        raise corrupt("posting list", f"{len(data)} bytes are too few")
    tag, count, first = _HEADER.unpack_from(data)
    version, width = tag >> 4, tag & 0xF
    if version != VERSION or width not in _DELTA_TYPES:
        raise corrupt("posting list", f"tag {tag:#x} is not known")
    expected = _HEADER.size + (width * (count - 1) + 3 * count if count else 0)
    if len(data) != expected:
        raise corrupt("posting list", f"{len(data)} bytes instead of {expected}")
    return width, count, first


def _tag(width: int) -> int:
    return VERSION << 4 | width


def _width(largest: int) -> int:
    return 1 if largest <= 0xFF else 2 if largest <= 0xFFFF else 4
