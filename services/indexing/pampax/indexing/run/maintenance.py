"""What keeps an index fast and small, after the publish: own vector tables, merged postings, removal of old builds.

Every step is a transaction of its own, which readers see as a whole or not at all; a step that fails is done by a later
run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pampax.indexing.run.lease import LeaseKeeper
from pampax.indexing.run.postgres import Place
from pampax.storage import posting
from pampax.storage.database import SyncDatabase
from pampax.storage.operations import assert_fenced
from pampax.storage.queries import load_queries
from pampax.storage.session import SyncConnection

EXACT_SCAN_CHUNKS = 5_000  # up to here a scan is as fast as an HNSW index
MOST_SEGMENTS = 16  # lists of one term that a reader puts together
LOOK_EVERY = 8  # segments: finding scattered terms reads the whole index of the postings
MERGED_AT_ONCE = 1_000  # terms in memory
HNSW_TIMEOUT_S = 3_600.0
MERGE_TIMEOUT_S = 900.0
REMOVE_TIMEOUT_S = 900.0
LEFTOVERS_TIMEOUT_S = 60.0

_QUERIES = load_queries(__package__)
_SCATTERED = _QUERIES["scattered_terms"]
_COPY_MERGED = _QUERIES["copy_merged_posting"]
_BUILD_DELETIONS = tuple(
    _QUERIES[name]
    for name in (
        "drop_vector_table", "delete_build_symbols", "delete_build_postings", "delete_build_vectors",
        "delete_build_chunks", "delete_build_files", "delete_build_documents", "delete_build",
    )
)  # fmt: skip


class Maintenance:
    """The steps that may be due for one place, under the lease of the run that has just published there."""

    def __init__(self, database: SyncDatabase, keeper: LeaseKeeper, place: Place) -> None:
        self._database = database
        self._keeper = keeper
        self._place = place
        self._tenant_id = keeper.lease.tenant_id

    def give_own_vector_table(self, live_chunks: int) -> bool:
        """Moves the vectors of a large repository into a table with an HNSW index. Searches scan until then."""
        if live_chunks <= EXACT_SCAN_CHUNKS or self._counters()["vector_table"] is not None:
            return False
        with self._database.tenant(self._tenant_id, timeout_s=HNSW_TIMEOUT_S) as conn:
            conn.execute(_QUERIES["create_vector_table"], self._place.key)
            assert_fenced(conn, self._keeper.lease)
        return True

    def merge_postings(self, written: int | None) -> int:
        """Puts the lists of terms in more than MOST_SEGMENTS segments together; returns the number of terms.

        Looks only when the run has written (None: nobody knows how many) past another LOOK_EVERY segments.
        """
        now: int = self._counters()["next_segment"]
        before = 0 if written is None else now - written
        if now <= MOST_SEGMENTS or before // LOOK_EVERY == now // LOOK_EVERY:
            return 0
        with self._database.tenant(self._tenant_id, timeout_s=MERGE_TIMEOUT_S) as conn:
            terms = merge_scattered(conn, self._place)
            # Last, because heartbeats wait for it.
            assert_fenced(conn, self._keeper.lease)
        return terms

    def remove_unused_builds(self) -> int:
        """Deletes the derived rows of builds that no snapshot shows any more; returns the number of builds."""
        with self._database.tenant(self._tenant_id, timeout_s=REMOVE_TIMEOUT_S) as conn:
            unused = [row["build_id"] for row in conn.execute(_QUERIES["unused_builds"], self._place.key)]
        for build_id in unused:
            with self._database.tenant(self._tenant_id, timeout_s=REMOVE_TIMEOUT_S) as conn:
                remove_build(conn, Place(self._place.repository_id, build_id))
                assert_fenced(conn, self._keeper.lease)
        return len(unused)

    def remove_leftovers(self, step: Callable[[SyncConnection, int], int]) -> int:
        """One step of pampax.indexing.run.leftovers; what it returns."""
        with self._database.tenant(self._tenant_id, timeout_s=LEFTOVERS_TIMEOUT_S) as conn:
            removed = step(conn, self._place.repository_id)
            assert_fenced(conn, self._keeper.lease)
        return removed

    def _counters(self) -> dict[str, Any]:
        with self._database.tenant(self._tenant_id) as conn:
            row = conn.execute(_QUERIES["select_counters"], self._place.key).fetchone()
        return row or {"next_segment": 0, "vector_table": None}


def merge_scattered(conn: SyncConnection, place: Place, *, most_segments: int = MOST_SEGMENTS) -> int:
    """The merged list of a term takes the row of its last segment. Memory: the lists of MERGED_AT_ONCE terms."""
    conn.execute(_QUERIES["hold_counters"], place.key)
    conn.execute(_QUERIES["create_merged_posting"])
    terms = 0
    with conn.cursor(name="scattered", binary=True) as scattered:
        scattered.execute(_SCATTERED, {**place.key, "most": most_segments})
        while rows := scattered.fetchmany(MERGED_AT_ONCE):
            terms += len(rows)
            with conn.cursor() as cursor, cursor.copy(_COPY_MERGED) as copy:
                copy.set_types(("int2", "text", "int4", "bytea"))
                for row in rows:
                    copy.write_row((row["field"], row["term"], row["segment"], posting.merge(row["lists"])))
    if terms:
        conn.execute(_QUERIES["delete_scattered"], place.key)
        conn.execute(_QUERIES["update_merged"], place.key)
    return terms


def remove_build(conn: SyncConnection, place: Place) -> None:
    """All rows of (repository, build). Nothing may show it."""
    conn.execute(_QUERIES["hold_counters"], place.key)
    for statement in _BUILD_DELETIONS:
        conn.execute(statement, place.key)
