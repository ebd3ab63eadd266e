"""The second step of a large first index: vectors for chunks that were published without, and the publish of them.

What is missing is told by a mark: chunks from that ordinal on have no vectors. The transaction that writes vectors
moves the mark behind them, so whoever takes an operation up goes on where the last commit ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pampax.codeintel.model import Chunk
from pampax.indexing.model import IndexResult
from pampax.indexing.run import maintenance, postgres
from pampax.indexing.run.derive import Deriver
from pampax.indexing.run.lease import LeaseKeeper
from pampax.indexing.run.postgres import Place
from pampax.indexing.run.retries import transiently
from pampax.indexing.run.step import Step, one_ahead
from pampax.runtime.telemetry.tracing import span
from pampax.storage.database import SyncDatabase
from pampax.storage.operations import assert_fenced
from pampax.storage.publishing import publish_vectors
from pampax.storage.session import SyncConnection

STAGE = "embedding"  # its progress counts chunks, those that have been embedded before included
# Of one range, which is read, embedded and written as a whole: 2 MB of vectors, and the content of the files.
RANGE_CHUNKS = 2_000
RANGE_BYTES = 8 * 1024 * 1024
RANGES_AHEAD = 1
TIMEOUT_S = 120.0

Range = tuple[int, int]  # ordinals: the first, and the one behind the last


class LateVectors:
    """For one run, between its publish and its end."""

    def __init__(self, database: SyncDatabase, keeper: LeaseKeeper, deriver: Deriver, place: Place) -> None:
        self._database = database
        self._keeper = keeper
        self._deriver = deriver
        self._place = place
        self._tenant_id = keeper.lease.tenant_id

    def complete(self, published: IndexResult) -> IndexResult:
        """Writes and publishes what is missing, whoever has left it; what is published then."""
        ranges = transiently(self._missing)
        if ranges is None:
            return published
        with span("index.vectors", ranges=len(ranges)):
            self._write_all(ranges)
            return transiently(lambda: self._publish(published))

    def _missing(self) -> list[Range] | None:
        """None when every chunk has a vector and that is published."""
        with self._database.tenant(self._tenant_id, timeout_s=TIMEOUT_S, read_only=True) as conn:
            first = postgres.vectors_to(conn, self._place)
            if first is None:
                return None
            return list(ranges_of(postgres.documents_without_vectors(conn, self._place, first)))

    def _write_all(self, ranges: list[Range]) -> None:
        """One range is embedded while the next one is read and the one before is written."""
        total = ranges[-1][1] if ranges else 0
        chunks_in_all = sum(end - first for first, end in ranges)
        with self._deriver.embedding(chunks_in_all) as embed, Step("write", ahead=RANGES_AHEAD) as write:
            for (first, end), (ordinals, chunks) in one_ahead(self._read(ranges), "read"):
                self._keeper.report(STAGE, first, total)
                with span("index.embed", chunks=len(chunks)):
                    vectors = embed(chunks)
                write.give(self._write, end, ordinals, vectors)
        self._keeper.report(STAGE, total, total)

    def _read(self, ranges: list[Range]) -> Iterator[tuple[Range, tuple[NDArray[np.int32], list[Chunk]]]]:
        for first, end in ranges:
            yield (first, end), transiently(partial(self._chunks, first, end))

    def _chunks(self, first: int, end: int) -> tuple[NDArray[np.int32], list[Chunk]]:
        with self._database.tenant(self._tenant_id, timeout_s=TIMEOUT_S, read_only=True) as conn:
            return postgres.chunks_in(conn, self._place, first, end)

    def _write(self, end: int, ordinals: NDArray[np.int32], vectors: NDArray[np.float32]) -> None:
        transiently(lambda: self._written(end, ordinals, vectors))

    def _written(self, end: int, ordinals: NDArray[np.int32], vectors: NDArray[np.float32]) -> None:
        """May follow itself after a commit that was not heard of, which has moved the mark."""
        with self._database.tenant(self._tenant_id, timeout_s=TIMEOUT_S) as conn:
            mark, vector_table = postgres.hold_vectors(conn, self._place)
            if mark is not None and mark < end:
                if vector_table is None and end > maintenance.EXACT_SCAN_CHUNKS:
                    vector_table = postgres.move_vectors(conn, self._place)  # once is enough
                postgres.insert_vectors(conn, self._place, ordinals, vectors, vector_table)
                postgres.have_vectors_to(conn, self._place, end)
            # Last, because heartbeats wait for it.
            assert_fenced(conn, self._keeper.lease)

    def _publish(self, published: IndexResult) -> IndexResult:
        """May follow itself, too: then nothing is left to show, and the result was kept."""
        with self._database.tenant(self._tenant_id, timeout_s=TIMEOUT_S) as conn:
            mark, _ = postgres.hold_vectors(conn, self._place)
            if mark is None:
                return postgres.kept_result(conn, self._keeper.lease.operation_id) or published
            postgres.have_vectors_to(conn, self._place, None)
            return self._shown(conn, published)

    def _shown(self, conn: SyncConnection, published: IndexResult) -> IndexResult:
        place, lease = self._place, self._keeper.lease
        generations = publish_vectors(conn, place.repository_id, place.build_id, lease=lease)
        status = published.status  # whose ref may have been deleted meanwhile
        shown = replace(status, pending_vectors=0, generation=generations.get(status.ref, status.generation))
        result = replace(published, status=shown, changed=published.changed or status.ref in generations)
        postgres.keep_result(conn, lease.operation_id, result)
        return result


def ranges_of(documents: Iterable[tuple[int, int, int]]) -> Iterator[Range]:
    """Documents (first chunk, chunks, bytes) in the order of their chunks, put together up to the bounds."""
    first = end = size = 0
    for begins, chunks, content in documents:
        full = begins + chunks - first > RANGE_CHUNKS or size + content > RANGE_BYTES
        if full and end > first:
            yield first, end
        if full or end == first:
            first, size = begins, 0
        end, size = begins + chunks, size + content
    if end > first:
        yield first, end
