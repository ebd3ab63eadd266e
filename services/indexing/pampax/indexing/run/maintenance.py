"""What keeps an index fast and small, after the publish: own vector tables, merged postings, removal of old content.

Every step is a transaction of its own, which readers see as a whole or not at all; a step that fails is done by a later
run.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from pampax.indexing.run import collection, postgres
from pampax.indexing.run.build_rows import BUILD_DELETIONS
from pampax.indexing.run.collection import Position
from pampax.indexing.run.lease import LeaseKeeper
from pampax.indexing.run.postgres import Place
from pampax.storage.database import SyncDatabase
from pampax.storage.operations import assert_fenced
from pampax.storage.publishing import drop_old_snapshots
from pampax.storage.queries import load_queries
from pampax.storage.session import SyncConnection

EXACT_SCAN_CHUNKS = 5_000  # up to here a scan is as fast as an HNSW index
MOST_SEGMENTS = 16  # lists of one term that a reader puts together
# A list of a few entries takes ten times their room for its row and its place in the index: refreshes, which write
# small lists, would cost more than what they change. Large ones are not written anew for the sake of small ones.
FEW_SEGMENTS = 2
SMALL_LIST_BYTES = 1_000
LOOK_EVERY = 8  # segments: finding scattered terms reads the whole index of the postings
MOST_MERGED = 20_000  # terms in one run, a second or two; the next look goes on
# With more rows gone from its table, HNSW passes through more dead ones on its way than the search asks for.
GONE_SHARE = 0.3  # of the chunks
HNSW_TIMEOUT_S = 3_600.0
STATISTICS_TIMEOUT_S = 30.0
REMOVE_TIMEOUT_S = 900.0
LEFTOVERS_TIMEOUT_S = 60.0
COLLECT_TIMEOUT_S = 60.0
MOST_BATCHES = 100_000  # of one collection: more than a repository can have

_QUERIES = load_queries(__package__)

_Answer = TypeVar("_Answer")


class Maintenance:
    """The steps that may be due for one place, under the lease of the run that has just published there."""

    def __init__(self, database: SyncDatabase, keeper: LeaseKeeper, place: Place) -> None:
        self._database = database
        self._keeper = keeper
        self._place = place
        self._tenant_id = keeper.lease.tenant_id

    def refresh_statistics(self) -> bool:
        """For the planner, of tables that have got many rows; a third of a second for any number of them."""
        with self._database.tenant(self._tenant_id, timeout_s=STATISTICS_TIMEOUT_S) as conn:
            conn.execute(_QUERIES["refresh_statistics"], self._place.key)
        return True

    def give_own_vector_table(self, live_chunks: int) -> bool:
        """Puts the vectors of a large repository into a table with an HNSW index. Searches scan until then."""
        if live_chunks <= EXACT_SCAN_CHUNKS:
            return False
        shared = self._counters()["vector_table"] is None
        with self._database.tenant(self._tenant_id, timeout_s=HNSW_TIMEOUT_S) as conn:
            if shared:
                postgres.move_vectors(conn, self._place)
            row = conn.execute(_QUERIES["index_vectors"], self._place.key).fetchone()
            made = row is not None and row["made"]
            if made:
                conn.execute(_QUERIES["forget_gone_vectors"], self._place.key)
                conn.execute(_QUERIES["refresh_vector_statistics"], self._place.key)
            assert_fenced(conn, self._keeper.lease)
        return made

    def renew_vector_index(self, live_chunks: int) -> bool:
        """Builds the HNSW index of a large repository anew when much of what it was built for is gone."""
        gone = self._counters()["gone_vectors"]
        if gone <= GONE_SHARE * max(live_chunks, EXACT_SCAN_CHUNKS):
            return False
        with self._database.tenant(self._tenant_id, timeout_s=HNSW_TIMEOUT_S) as conn:
            conn.execute(_QUERIES["renew_vector_index"], self._place.key)
            assert_fenced(conn, self._keeper.lease)
        return True

    def merge_postings(self, written: int | None) -> int:
        """Puts the lists of terms in more than MOST_SEGMENTS segments together, and the small ones of terms with more
        than FEW_SEGMENTS of them; returns the number of terms, MOST_MERGED at most or a few more.

        Looks only when the run has written (None: nobody knows how many) past another LOOK_EVERY segments. A run that
        wrote as many at once has written large lists: only those of too many are merged.
        """
        now: int = self._counters()["next_segment"]
        before = 0 if written is None else now - written
        first = written is not None and written >= LOOK_EVERY
        few = MOST_SEGMENTS if first else FEW_SEGMENTS
        if now <= few or before // LOOK_EVERY == now // LOOK_EVERY:
            return 0
        merged, after = 0, Position()
        for _ in range(MOST_BATCHES):
            merge = partial(
                collection.merge_postings, place=self._place, after=after,
                few=few, most=MOST_SEGMENTS, small_bytes=SMALL_LIST_BYTES,
            )  # fmt: skip
            done = self._fenced(merge)
            merged += done.changed
            if done.last is None or merged >= MOST_MERGED:
                break
            after = done.last
        return merged

    def remove_unused_builds(self) -> int:
        """Deletes the derived rows of builds that no snapshot shows any more; returns the number of builds."""
        with self._database.tenant(self._tenant_id, timeout_s=REMOVE_TIMEOUT_S) as conn:
            unused = [row["build_id"] for row in conn.execute(_QUERIES["unused_builds"], self._place.key)]
        for build_id in unused:
            with self._database.tenant(self._tenant_id, timeout_s=REMOVE_TIMEOUT_S) as conn:
                remove_build(conn, Place(self._place.repository_id, build_id))
                assert_fenced(conn, self._keeper.lease)
        return len(unused)

    def drop_old_snapshots(self) -> int:
        """Those that searches under way have had their time with; returns the number."""
        return self.remove_leftovers(drop_old_snapshots)

    def collect(self) -> int:
        """Removes the derived rows that no snapshot shows, in every build where that is due; returns what went.

        In short transactions. Ends early, to be gone on with by a later run, when the operation is cancelled or the
        process is told to end.
        """
        with self._database.tenant(self._tenant_id, read_only=True) as conn:
            due = collection.due_collections(conn, self._place.repository_id)
        return sum(self._collect(each.place, wholly=each.wholly) for each in due)

    def remove_leftovers(self, step: Callable[[SyncConnection, int], int]) -> int:
        """One step of pampax.indexing.run.leftovers; what it returns."""
        with self._database.tenant(self._tenant_id, timeout_s=LEFTOVERS_TIMEOUT_S) as conn:
            removed = step(conn, self._place.repository_id)
            assert_fenced(conn, self._keeper.lease)
        return removed

    def _collect(self, place: Place, *, wholly: bool) -> int:
        removed = self._until_none(lambda conn: collection.remove_files(conn, place))
        removed += self._until_none(lambda conn: collection.remove_documents(conn, place))
        if wholly:
            self._fenced(lambda conn: collection.forget_quarantine(conn, place))
        self._rewrite_postings(place, 0.0 if wholly else collection.DEAD_SHARE)
        self._fenced(lambda conn: collection.end_collection(conn, place))
        return removed

    def _rewrite_postings(self, place: Place, tolerated: float) -> None:
        """When a greater share of the chunks that posting lists name is dead."""
        living, dead = self._fenced(lambda conn: collection.living_chunks(conn, place))
        if dead <= tolerated * (int(living.sum()) + dead):
            return
        after: Position | None = Position()
        for _ in range(MOST_BATCHES):
            if after is None:
                break
            rewrite = partial(collection.rewrite_postings, place=place, living=living, after=after)
            after = self._fenced(rewrite).last
        self._fenced(lambda conn: collection.end_rewriting(conn, place, dead))

    def _until_none(self, step: Callable[[SyncConnection], int]) -> int:
        """Transaction after transaction while there is something to do."""
        removed = 0
        for _ in range(MOST_BATCHES):
            done = self._fenced(step)
            if not done:
                break
            removed += done
        return removed

    def _fenced(self, step: Callable[[SyncConnection], _Answer]) -> _Answer:
        """A short transaction of the lease's holder."""
        self._keeper.check()
        with self._database.tenant(self._tenant_id, timeout_s=COLLECT_TIMEOUT_S) as conn:
            answer = step(conn)
            # Last, because heartbeats wait for it.
            assert_fenced(conn, self._keeper.lease)
        return answer

    def _counters(self) -> dict[str, Any]:
        with self._database.tenant(self._tenant_id) as conn:
            row = conn.execute(_QUERIES["select_counters"], self._place.key).fetchone()
        return row or {"next_segment": 0, "vector_table": None, "gone_vectors": 0}


def remove_build(conn: SyncConnection, place: Place) -> None:
    """All rows of (repository, build). Nothing may show it."""
    conn.execute(_QUERIES["hold_counters"], place.key)
    for statement in BUILD_DELETIONS:
        conn.execute(statement, place.key)
