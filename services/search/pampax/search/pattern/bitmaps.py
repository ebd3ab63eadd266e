"""The grams of a snapshot's documents, in memory: which of them may hold what a pattern needs.

Documents whose bitmaps have the same size are rows of one array, so that a gram is looked up in all of them at once.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pampax.codeintel.grams import Hashes, gram_places
from pampax.search.pattern.needs import AllOf, Need
from pampax.search.postgres import read_documents, read_grams
from pampax.storage.database import Connection
from pampax.storage.snapshots import Snapshot

Ints = NDArray[np.int32]
MAX_GRAMS = 24  # of one piece of text that are looked up; more hardly narrow it further
ONE_BY_ONE = 2  # of them, after which so few rows are left that the others are looked up together


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Documents by their first chunk, ascending, and the bitmap of each."""

    documents: Ints
    bits: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class GramBitmaps:
    """By size of the bitmap in bytes. Size 0 are documents of which nothing is known, as older builds have them."""

    by_size: Mapping[int, _Rows]

    @property
    def size(self) -> int:
        return sum(rows.bits.nbytes for rows in self.by_size.values())

    def documents(self) -> Ints:
        return np.sort(np.concatenate([_NONE, *(rows.documents for rows in self.by_size.values())]))

    def holding(self, need: Need) -> Ints:
        """The documents, by first chunk and ascending, that may hold it. Cost: 0.1 ms for 10,000 and a gram that is
        rare."""
        found = [
            rows.documents[_holding(rows.bits, need, np.arange(len(rows.documents))) if size else slice(None)]
            for size, rows in self.by_size.items()
        ]
        return np.sort(np.concatenate([_NONE, *found]))

    def changed(self, live: Ints, fresh: Iterable[tuple[int, bytes]]) -> GramBitmaps:
        """Those of the `live` documents that are here, and the fresh ones."""
        added: defaultdict[int, dict[int, bytes]] = defaultdict(dict)
        for document, bitmap in fresh:
            added[len(bitmap)][document] = bitmap
        sizes = sorted(self.by_size.keys() | added.keys())
        return GramBitmaps({size: _changed(self.by_size.get(size), size, live, added[size]) for size in sizes})


_NONE = np.zeros(0, np.int32)
EMPTY = GramBitmaps({})


async def read_bitmaps(conn: Connection, snapshot: Snapshot, like: GramBitmaps | None) -> GramBitmaps:
    """`like` are those of another snapshot of the same build: what both show is not read again."""
    like = like or EMPTY
    live = await read_documents(conn, snapshot)
    missing = live[~np.isin(live, like.documents(), assume_unique=True)]
    fresh = await read_grams(conn, snapshot, missing.tolist())
    return await asyncio.to_thread(like.changed, live, fresh)


def _changed(rows: _Rows | None, size: int, live: Ints, added: Mapping[int, bytes]) -> _Rows:
    documents = np.array(sorted(added), np.int32)
    bits = np.frombuffer(b"".join(added[document] for document in documents.tolist()), np.uint8)
    bits = bits.reshape(len(documents), size)
    if rows is None:
        return _Rows(documents, bits)
    stay = np.isin(rows.documents, live, assume_unique=True)
    documents = np.concatenate([rows.documents[stay], documents])
    order = np.argsort(documents)
    return _Rows(documents[order], np.concatenate([rows.bits[stay], bits])[order])


def _holding(bits: NDArray[np.uint8], need: Need, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Those of the rows that may hold it."""
    if isinstance(need, bytes):
        places = _spread(gram_places(need, bits.shape[1]))
        for place in places[:ONE_BY_ONE]:
            rows = rows[_are_set(bits[rows, place >> 3], place)]
        rest = places[ONE_BY_ONE:]
        return rows[_are_set(bits[rows[:, None], rest >> 3], rest).all(axis=1)]
    if isinstance(need, AllOf):
        for part in need.parts:
            rows = _holding(bits, part, rows)
        return rows
    return np.unique(np.concatenate([_holding(bits, part, rows) for part in need.parts]))


def _are_set(some: NDArray[np.uint8], places: Hashes | np.uint32) -> NDArray[np.bool_]:
    """Whether each byte has the bit of its place."""
    are_set: NDArray[np.bool_] = some & (1 << (places & 7)) != 0
    return are_set


def _spread(places: Hashes) -> Hashes:
    """At most MAX_GRAMS, from the whole of the text."""
    chosen = np.linspace(0, len(places) - 1, min(len(places), MAX_GRAMS)).round().astype(np.intp)
    return places[chosen]
