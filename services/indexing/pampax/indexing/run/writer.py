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

SEGMENT_CHUNKS = 6_000  # more means fewer lists per term to read, and more memory: about 15 KB a chunk
SEGMENT_BYTES = 32 * 1024 * 1024
STATEMENT_TIMEOUT_S = 120.0


class Writer:
    """Collects documents and writes a segment whenever there are enough. Call `flush` at the end."""

    def __init__(self, database: SyncDatabase, keeper: LeaseKeeper, place: Place) -> None:
        self._database = database
        self._keeper = keeper
        self._place = place
        self._waiting: list[Document] = []
        self.segments = 0

    def add(self, documents: Sequence[Document]) -> None:
        self._waiting.extend(documents)
        chunks = sum(len(document.chunks) for document in self._waiting)
        size = sum(len(document.content) for document in self._waiting)
        if chunks >= SEGMENT_CHUNKS or size >= SEGMENT_BYTES:
            self.flush()

    def flush(self) -> None:
        """Waits until all that was added is committed."""
        if self._waiting:
            with span("index.write", documents=len(self._waiting)):
                transiently(self._write)
            self._waiting.clear()
            self.segments += 1

    def _write(self) -> None:
        """May follow itself after a commit that was not heard of: what is there already is left out."""
        with self._database.tenant(self._keeper.lease.tenant_id, timeout_s=STATEMENT_TIMEOUT_S) as conn:
            chunks = sum(len(document.chunks) for document in self._waiting)
            first_chunk, number, vector_table = postgres.allocate(conn, self._place, chunks)
            keys = [(document.blob_id, document.language) for document in self._waiting]
            known = postgres.known_documents(conn, self._place, keys)
            fresh = [document for document, key in zip(self._waiting, keys, strict=True) if key not in known]
            if fresh:
                postgres.insert_segment(conn, self._place, Segment(fresh, first_chunk), number, vector_table)
            # Last, because heartbeats wait for it.
            assert_fenced(conn, self._keeper.lease)
