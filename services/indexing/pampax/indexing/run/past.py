"""The history of the commit that is indexed, read beside the parsing: which files change together.

An index is right without it, so what goes wrong here is told in the log and ends no run.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial

from pampax.core.changes import Change
from pampax.core.errors import DeadlineExceeded, Internal, LocalIOError
from pampax.graph.co_changes import opened
from pampax.graph.history import pack
from pampax.indexing.run.lease import LeaseKeeper
from pampax.indexing.run.retries import transiently
from pampax.indexing.run.tree import Tree
from pampax.runtime.logging import get_logger
from pampax.runtime.telemetry.tracing import span
from pampax.storage.blobs import compress
from pampax.storage.database import SyncDatabase
from pampax.storage.histories import HistoryRow, nearest_history, save_history
from pampax.storage.session import SyncConnection

_log = get_logger()


class Past:
    """For one call of `read`, then any number of `save`."""

    def __init__(self, database: SyncDatabase, keeper: LeaseKeeper) -> None:
        self._database = database
        self._keeper = keeper
        self._repository_id = keeper.lease.repository_id
        self._read: tuple[HistoryRow, int] | None = None

    def read(self, tree: Tree) -> None:
        """Nothing when all of it is kept, or the source has none. Raises what the keeper does."""
        if tree.changes is None:
            return
        kept = transiently(partial(self._nearest, tree.commit))
        if kept is not None and kept.commit == tree.commit and kept.whole:
            return
        known = {} if kept is None else _known(kept)
        try:
            with span("index.history") as reading:
                changes = tree.changes(known, self._keeper.check)
                reading.set(commits=len(changes.commits))
        except (DeadlineExceeded, LocalIOError) as error:
            _log.warning("history not read", op="index", err_code=error.reason, detail=error.message)
            return
        packed = compress(pack(changes.commits))
        self._read = HistoryRow(tree.commit, changes.whole, packed), len(changes.commits)

    def save(self, conn: SyncConnection) -> None:
        """What was read, in the transaction that publishes the commit."""
        if self._read is not None:
            save_history(conn, self._repository_id, *self._read)

    def _nearest(self, commit: str) -> HistoryRow | None:
        with self._database.tenant(self._keeper.lease.tenant_id, read_only=True) as conn:
            return nearest_history(conn, self._repository_id, commit)


def _known(kept: HistoryRow) -> Mapping[str, Change]:
    """What is damaged is read anew."""
    with suppress(Internal):
        return {each.commit: each for each in opened(kept.changes).commits}
    return {}
