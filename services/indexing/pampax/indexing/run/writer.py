"""Derived documents into Postgres, several batches of them in one transaction and one segment of postings."""

from __future__ import annotations

from collections.abc import Sequence

from pampax.indexing.run import postgres
from pampax.indexing.run.derive import Document
from pampax.indexing.run.lease import LeaseKeeper
from pampax.indexing.run.postgres import Place
from pampax.indexing.run.retries import transiently
from pampax.indexing.run.segment import Segment
from pampax.runtime.telemetry.tracing import span
from pampax.storage.database import SyncDatabase
from pampax.storage.operations import assert_fenced

SEGMENT_CHUNKS = 12_000  # more means fewer lists per term to read, and more memory: about 5 KB a chunk, twice
SEGMENT_BYTES = 12 * 1024 * 1024
STATEMENT_TIMEOUT_S = 120.0


def is_segment(documents: Sequence[Document]) -> bool:
    """Whether these are enough for a segment."""
    chunks = sum(len(document.chunks) for document in documents)
    size = sum(len(document.content) for document in documents)
    return chunks >= SEGMENT_CHUNKS or size >= SEGMENT_BYTES


class Writer:
    """Writes segments; `segments` counts them, and `documents` what is in them."""

    def __init__(self, database: SyncDatabase, keeper: LeaseKeeper, place: Place) -> None:
        self._database = database
        self._keeper = keeper
        self._place = place
        self.segments = 0
        self.documents = 0

    def write(self, documents: Sequence[Document]) -> None:
        """As one segment, in a transaction of its own."""
        with span("index.write", documents=len(documents)):
            transiently(lambda: self._write(documents))
        self.segments += 1
        self.documents += len(documents)

    def _write(self, documents: Sequence[Document]) -> None:
        """May follow itself after a commit that was not heard of: what is there already is left out."""
        with self._database.tenant(self._keeper.lease.tenant_id, timeout_s=STATEMENT_TIMEOUT_S) as conn:
            chunks = sum(len(document.chunks) for document in documents)
            first_chunk, number, vector_table = postgres.allocate(conn, self._place, chunks)
            keys = [(document.blob_id, document.language) for document in documents]
            known = postgres.known_documents(conn, self._place, keys)
            fresh = [document for document, key in zip(documents, keys, strict=True) if key not in known]
            if fresh:
                postgres.insert_segment(conn, self._place, Segment(fresh, first_chunk), number, vector_table)
            # Last, because heartbeats wait for it.
            assert_fenced(conn, self._keeper.lease)
