"""Term counts of a file's chunks as flat arrays: dictionaries cost both ends of a pipe more than the counting."""

from __future__ import annotations

import sys
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Self, overload

_WHOLE = "I"  # array's unsigned C int


@dataclass(frozen=True, slots=True)
class TermTable(Sequence[dict[str, int]]):
    """As a sequence: term -> count, per chunk. Terms of one chunk stand in no particular order.

    There is an entry per (chunk, distinct term), those of one chunk behind those of the chunk before.
    """

    vocabulary: tuple[str, ...]
    sizes: array[int]  # entries, per chunk
    places: array[int]  # of the term in the vocabulary, per entry
    counts: array[int]  # per entry

    @classmethod
    def of(cls, counted: Iterable[Mapping[str, int]]) -> Self:
        places: defaultdict[str, int] = defaultdict()
        places.default_factory = places.__len__  # a new term gets the next place
        table = cls((), array(_WHOLE), array(_WHOLE), array(_WHOLE))
        for counts in counted:
            table.sizes.append(len(counts))
            table.places.extend(map(places.__getitem__, counts))
            table.counts.extend(counts.values())
        return cls(tuple(places), table.sizes, table.places, table.counts)

    @classmethod
    def from_arrays(cls, vocabulary: Iterable[str], sizes: bytes, places: bytes, counts: bytes) -> Self:
        """Of the bytes of the three arrays; ValueError when they do not fit together. Tables share their terms."""
        table = cls(tuple(map(sys.intern, vocabulary)), _array(sizes), _array(places), _array(counts))
        entries = sum(table.sizes)
        if not len(table.places) == len(table.counts) == entries:
            raise ValueError("the entries of the chunks do not add up")
        if entries and max(table.places) >= len(table.vocabulary):
            raise ValueError("an entry's term is not in the vocabulary")
        return table

    def lengths(self) -> list[int]:
        """The sum of its counts, per chunk."""
        counts = iter(self.counts)
        return [sum(islice(counts, size)) for size in self.sizes]

    def __len__(self) -> int:
        return len(self.sizes)

    def __iter__(self) -> Iterator[dict[str, int]]:
        entries = zip(map(self.vocabulary.__getitem__, self.places), self.counts, strict=True)
        return (dict(islice(entries, size)) for size in self.sizes)

    @overload
    def __getitem__(self, index: int) -> dict[str, int]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, int]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, int] | list[dict[str, int]]:
        return list(self)[index]


def _array(data: bytes) -> array[int]:
    made = array(_WHOLE)
    made.frombytes(data)
    return made
