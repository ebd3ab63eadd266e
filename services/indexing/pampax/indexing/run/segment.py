"""The rows of one segment: documents with consecutive ordinals, and per term one packed list over all of them."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pampax.codeintel.counted import TermTable
from pampax.codeintel.grams import gram_bitmap
from pampax.codeintel.model import Symbol
from pampax.indexing.run.derive import Document
from pampax.storage import posting
from pampax.storage.blobs import compress

FUNCTION = "function"  # a chunk's kind
WORDS, NAMES = 0, 1  # posting.field
MAX_FOLDED_CHARS = 200


@dataclass(frozen=True, slots=True)
class Segment:
    """Documents whose chunks take the ordinals from `first_chunk` on."""

    documents: Sequence[Document]
    first_chunk: int

    def blob_rows(self) -> Iterator[tuple[bytes, int, bytes]]:
        contents = {document.blob_id: document.content for document in self.documents}
        for blob_id, content in contents.items():
            yield blob_id, len(content), compress(content)

    def document_rows(self) -> Iterator[tuple[bytes, str, int, int, int, int, int, str | None, bytes, bytes, bytes]]:
        for document, first in self._numbered():
            yield (
                document.blob_id, document.language, first, len(document.chunks), document.analysis.parsed.lines,
                len(document.content), sum(_lengths(document.analysis.chunk_terms)), document.problem,
                bytes(chunk.kind == FUNCTION for chunk in document.chunks), gram_bitmap(document.content),
                compress(uses) if (uses := document.analysis.parsed.uses) else b"",
            )  # fmt: skip

    def chunk_rows(self) -> Iterator[tuple[int, bytes, str, int, int, str, str]]:
        for document, first in self._numbered():
            for ordinal, chunk in enumerate(document.chunks, first):
                yield (
                    ordinal, document.blob_id, document.language, chunk.start_line, chunk.end_line, chunk.kind,
                    chunk.symbol,
                )  # fmt: skip

    def symbol_rows(self) -> Iterator[tuple[int, str, str, str, str, int, int, str, str, bool]]:
        for document, first in self._numbered():
            starts = [chunk.start_line for chunk in document.chunks]
            for symbol in document.analysis.parsed.symbols:
                yield _symbol_row(symbol, first + max(0, bisect_right(starts, symbol.start_line) - 1))

    def posting_rows(self) -> Iterator[tuple[int, str, bytes]]:
        """In the order of the key, so that neighbours in the index are written together."""
        for field in (WORDS, NAMES):
            terms, lists = self._lists(field)
            yield from ((field, term, entries) for term, entries in zip(terms, lists, strict=True))

    def vectors(self) -> tuple[NDArray[np.int32], NDArray[np.float32]] | None:
        """Ordinals and rows of all chunks; None when they follow later."""
        vectors = [document.vectors for document in self.documents if document.vectors is not None]
        if not vectors:
            return None
        rows = np.concatenate(vectors)
        return np.arange(self.first_chunk, self.first_chunk + len(rows), dtype=np.int32), rows

    def _numbered(self) -> Iterator[tuple[Document, int]]:
        first = self.first_chunk
        for document in self.documents:
            yield document, first
            first += len(document.chunks)

    def _lists(self, field: int) -> tuple[list[str], Iterator[bytes]]:
        """The terms of all documents in order, and of each the packed list over all chunks."""
        tables = [_table(document, field) for document in self.documents]
        numbers: defaultdict[str, int] = defaultdict()
        numbers.default_factory = numbers.__len__
        # Where a document's vocabulary begins in that of all documents, one behind the other, per entry.
        begins = np.cumsum([0, *(len(table.vocabulary) for table in tables)])[:-1]
        begins = np.repeat(begins, [len(table.places) for table in tables])
        number_of = np.array([numbers[term] for table in tables for term in table.vocabulary], np.intp)
        terms = sorted(numbers)
        rank_of = np.empty(len(terms), np.intp)
        rank_of[[numbers[term] for term in terms]] = np.arange(len(terms))
        entries = rank_of[number_of[_flat(table.places for table in tables) + begins]]
        sizes = _flat(table.sizes for table in tables)
        ordinals = np.repeat(np.arange(self.first_chunk, self.first_chunk + len(sizes)), sizes)
        lengths = np.repeat(np.array([length for table in tables for length in _lengths(table)], np.int64), sizes)
        order = np.argsort(entries, kind="stable")  # ordinals rise within a term
        starts = np.searchsorted(entries[order], np.arange(len(terms)))
        tfs = _flat(table.counts for table in tables)
        return terms, posting.pack_lists(starts, ordinals[order], tfs[order], lengths[order])


def _table(document: Document, field: int) -> TermTable:
    return document.analysis.chunk_terms if field == WORDS else document.analysis.name_terms


def _flat(arrays: Iterable[array[int]]) -> NDArray[np.int64]:
    return np.frombuffer(b"".join(arrays), np.uintc).astype(np.int64)


def _lengths(table: TermTable) -> list[int]:
    """As long as a posting can say; the snapshot's mean length is made of the same figures."""
    return [min(length, posting.MAX_LENGTH) for length in table.lengths()]


def _symbol_row(symbol: Symbol, chunk: int) -> tuple[int, str, str, str, str, int, int, str, str, bool]:
    return (
        chunk, symbol.name, symbol.name.lower()[:MAX_FOLDED_CHARS], symbol.qualified_name, symbol.kind,
        symbol.start_line, symbol.end_line, symbol.signature, symbol.doc, symbol.exported,
    )  # fmt: skip
