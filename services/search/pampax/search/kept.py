"""What is read once for a snapshot, however many searches wait for it, and kept for those that follow."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeAlias, TypeVar
from uuid import UUID

from pampax.search.postgres import is_there
from pampax.storage.database import Connection, Database
from pampax.storage.snapshots import Snapshot

MAX_SNAPSHOTS = 64
READ_TIMEOUT_S = 30.0  # the directory of 50,000 files takes about two seconds the first time

T = TypeVar("T")
# Reads it anew, or from what is kept of another snapshot of the same build, of which a refresh changes little.
Read: TypeAlias = Callable[[Connection, Snapshot, T | None], Coroutine[Any, Any, T]]


class KeptBySnapshot(Generic[T]):
    """A snapshot is immutable, so what is kept never goes stale; the least recently used leave first.

    `size` and `most` are in the same unit, over all that are kept.
    """

    def __init__(self, database: Database, read: Read[T], size: Callable[[T], int], most: int) -> None:
        self._database = database
        self._read = read
        self._size = size
        self._most = most
        self._kept: OrderedDict[int, tuple[Snapshot, T]] = OrderedDict()
        self._reading: dict[int, asyncio.Task[T]] = {}

    def kept(self, snapshot: Snapshot) -> T | None:
        """What is there, when no reading is needed."""
        found = self._kept.get(snapshot.snapshot_id)
        if found is None:
            return None
        self._kept.move_to_end(snapshot.snapshot_id)
        return found[1]

    async def get(self, tenant_id: UUID, snapshot: Snapshot) -> T:
        """`snapshot` must come from a resolve under `tenant_id`: that is what keeps tenants apart here."""
        kept = self.kept(snapshot)
        if kept is not None:
            return kept
        task = self._reading.get(snapshot.snapshot_id)
        if task is None:
            task = asyncio.create_task(self._get(tenant_id, snapshot))
            self._reading[snapshot.snapshot_id] = task
            task.add_done_callback(lambda done: self._end_reading(snapshot.snapshot_id, done))
        # A caller that gives up must not take the others' reading with it.
        return await asyncio.shield(task)

    async def _get(self, tenant_id: UUID, snapshot: Snapshot) -> T:
        async with self._database.tenant(tenant_id, timeout_s=READ_TIMEOUT_S, read_only=True) as conn:
            found = await self._read(conn, snapshot, await self._like(conn, snapshot))
        self._kept[snapshot.snapshot_id] = snapshot, found
        while len(self._kept) > 1 and (len(self._kept) > MAX_SNAPSHOTS or self._total() > self._most):
            self._kept.popitem(last=False)
        return found

    async def _like(self, conn: Connection, snapshot: Snapshot) -> T | None:
        for kept, found in reversed(self._kept.values()):
            same = (kept.repository_id, kept.build_id) == (snapshot.repository_id, snapshot.build_id)
            if same and await is_there(conn, kept.snapshot_id):
                return found
        return None

    def _end_reading(self, snapshot_id: int, done: asyncio.Task[T]) -> None:
        del self._reading[snapshot_id]
        if not done.cancelled():
            done.exception()  # seen here too: everybody who waited may have left

    def _total(self) -> int:
        return sum(self._size(found) for _, found in self._kept.values())
