"""One document's stored rows against those that its content gives now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pampax.codeintel.uses import MAX_USES_BYTES
from pampax.indexing.checking.model import ShownDocument
from pampax.indexing.run.derive import Document
from pampax.indexing.run.segment import Segment
from pampax.storage import posting
from pampax.storage.blobs import decompress_bounded
from pampax.storage.posting import Posting

Term: TypeAlias = tuple[int, str]  # field and term
Row: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, slots=True, eq=False)
class StoredRows:
    """Of several documents. Chunk and symbol rows begin with the chunk's ordinal; of the lists there is what names a
    chunk of theirs. `others` are grams and uses, by blob id and language."""

    chunks: Sequence[Row]
    symbols: Sequence[Row]
    vectors: Mapping[int, NDArray[np.float32]]
    lists: Mapping[Term, Posting]
    others: Mapping[tuple[bytes, str], tuple[bytes, bytes]]


class Derived:
    """What a document's rows should be, at the ordinals that it has."""

    def __init__(self, shown: ShownDocument, document: Document) -> None:
        self.shown = shown
        segment = Segment([document], shown.first_chunk)
        *self._document, self._grams, self._uses = next(segment.document_rows())
        self._chunks = list(segment.chunk_rows())
        self._symbols = sorted(segment.symbol_rows())
        vectors = segment.vectors()
        assert vectors is not None
        self._ordinals, self._vectors = vectors
        self._lists = {(field, term): entries for field, term, entries in segment.posting_rows()}

    @property
    def terms(self) -> frozenset[Term]:
        return frozenset(self._lists)

    def differing(self, stored: StoredRows, *, vectors: bool = True) -> list[str]:
        """The parts that differ; without `vectors` some are still to come, and none is looked at."""
        grams, uses = stored.others.get((self.shown.blob_id, self.shown.language), (None, None))
        return [
            part
            for part, same in (
                ("document", self._same_document()),
                ("chunks", _within(self.shown, stored.chunks) == self._chunks),
                ("symbols", _within(self.shown, stored.symbols) == self._symbols),
                ("grams", grams == self._grams),
                ("uses", uses is not None and _unfolded(uses) == _unfolded(self._uses)),
                ("terms", all(self._same_list(term, stored.lists.get(term)) for term in self._lists)),
                ("vectors", not vectors or self._same_vectors(stored.vectors)),
            )
            if not same
        ]

    def _same_document(self) -> bool:
        shown = self.shown
        row = [
            shown.blob_id, shown.language, shown.first_chunk, shown.chunk_count, shown.lines, shown.size,
            shown.term_count, None, shown.functions,
        ]  # fmt: skip
        return row == self._document

    def _same_list(self, term: Term, stored: Posting | None) -> bool:
        if stored is None:
            return False
        mine = posting.unpack(self._lists[term])
        start, end = np.searchsorted(stored.ordinals, (self.shown.ordinals.start, self.shown.ordinals.stop))
        part = slice(int(start), int(end))
        return (
            np.array_equal(stored.ordinals[part], mine.ordinals)
            and np.array_equal(stored.tfs[part], mine.tfs)
            and np.array_equal(stored.lengths[part], mine.lengths)
        )

    def _same_vectors(self, stored: Mapping[int, NDArray[np.float32]]) -> bool:
        """Stored as halves."""
        halves = self._vectors.astype(np.float16).astype(np.float32)
        return all(
            (found := stored.get(int(ordinal))) is not None and np.array_equal(found, expected, equal_nan=True)
            for ordinal, expected in zip(self._ordinals, halves, strict=True)
        )


class Strays:
    """Which of the compared documents a list names that should not."""

    def __init__(self, derived: Sequence[Derived]) -> None:
        self._derived = sorted(derived, key=lambda each: each.shown.first_chunk)
        self._starts = np.array([each.shown.ordinals.start for each in self._derived], np.int64)
        self._ends = np.array([each.shown.ordinals.stop for each in self._derived], np.int64)

    def among(self, term: Term, listed: Posting) -> list[ShownDocument]:
        if not self._derived:
            return []
        owners = np.searchsorted(self._starts, listed.ordinals, side="right") - 1
        inside = (owners >= 0) & (listed.ordinals < self._ends[owners])
        named = (self._derived[number] for number in np.unique(owners[inside]).tolist())
        return [each.shown for each in named if term not in each.terms]


def _unfolded(uses: bytes) -> bytes:
    """Another version of the archiver may fold the same bytes in another way."""
    return decompress_bounded(uses, MAX_USES_BYTES)


def _within(shown: ShownDocument, rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row[0] in shown.ordinals]
