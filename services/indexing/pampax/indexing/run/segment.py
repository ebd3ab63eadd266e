"""The rows of one segment: documents with consecutive ordinals, and per term one packed list over all of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pampax.codeintel.model import Symbol
from pampax.indexing.run.derive import Document
from pampax.storage import posting
from pampax.storage.blobs import compress

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

    def document_rows(self) -> Iterator[tuple[bytes, str, int, int, int, int, int, str | None]]:
        for document, first in self._numbered():
            yield (
                document.blob_id, document.language, first, len(document.chunks), document.analysis.parsed.lines,
                len(document.content), sum(map(_length, document.analysis.chunk_terms)), document.problem,
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
        for field in (WORDS, NAMES):
            for term, entries in self._lists(field).items():
                ordinals, tfs, lengths = zip(*entries, strict=True)
                yield field, term, posting.pack(ordinals, tfs, lengths)

    def vectors(self) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Ordinals and rows of all chunks."""
        rows = np.concatenate([document.vectors for document in self.documents])
        return np.arange(self.first_chunk, self.first_chunk + len(rows), dtype=np.int32), rows

    def _numbered(self) -> Iterator[tuple[Document, int]]:
        first = self.first_chunk
        for document in self.documents:
            yield document, first
            first += len(document.chunks)

    def _lists(self, field: int) -> dict[str, list[tuple[int, int, int]]]:
        """Per term, ascending: (ordinal, term frequency, length of the chunk)."""
        lists: dict[str, list[tuple[int, int, int]]] = {}
        for document, first in self._numbered():
            counts = document.analysis.chunk_terms if field == WORDS else document.analysis.name_terms
            for ordinal, terms in enumerate(counts, first):
                length = _length(terms)
                for term, tf in terms.items():
                    lists.setdefault(term, []).append((ordinal, tf, length))
        return lists


def _length(terms: dict[str, int]) -> int:
    """As long as a posting can say; the snapshot's mean length is made of the same figures."""
    return min(sum(terms.values()), posting.MAX_LENGTH)


def _symbol_row(symbol: Symbol, chunk: int) -> tuple[int, str, str, str, str, int, int, str, str, bool]:
    return (
        chunk, symbol.name, symbol.name.lower()[:MAX_FOLDED_CHARS], symbol.qualified_name, symbol.kind,
        symbol.start_line, symbol.end_line, symbol.signature, symbol.doc, symbol.exported,
    )  # fmt: skip
