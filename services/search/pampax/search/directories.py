"""Directories of the snapshots searched lately, each read once however many searches wait for it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from uuid import UUID

from pampax.search.directory import EMPTY, Directory, build_directory
from pampax.search.postgres import is_there, read_files
from pampax.storage.database import Connection, Database
from pampax.storage.snapshots import Snapshot

MAX_SNAPSHOTS = 64
MAX_FILES = 250_000  # over all kept directories; about 600 bytes each
READ_TIMEOUT_S = 30.0  # 50,000 files take about two seconds the first time


class Directories:
    """A snapshot is immutable, so a kept directory never goes stale; the least recently used leave first."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: OrderedDict[int, tuple[Snapshot, Directory]] = OrderedDict()
        self._reading: dict[int, asyncio.Task[Directory]] = {}

    def kept(self, snapshot: Snapshot) -> Directory | None:
        """The directory, when no reading is needed."""
        found = self._kept.get(snapshot.snapshot_id)
        if found is None:
            return None
        self._kept.move_to_end(snapshot.snapshot_id)
        return found[1]

    async def get(self, tenant_id: UUID, snapshot: Snapshot) -> Directory:
        """`snapshot` must come from a resolve under `tenant_id`: that is what keeps tenants apart here."""
        kept = self.kept(snapshot)
        if kept is not None:
            return kept
        task = self._reading.get(snapshot.snapshot_id)
        if task is None:
            task = asyncio.create_task(self._read(tenant_id, snapshot))
            self._reading[snapshot.snapshot_id] = task
            task.add_done_callback(lambda done: self._end_reading(snapshot.snapshot_id, done))
        # A caller that gives up must not take the others' reading with it.
        return await asyncio.shield(task)

    async def _read(self, tenant_id: UUID, snapshot: Snapshot) -> Directory:
        async with self._database.tenant(tenant_id, timeout_s=READ_TIMEOUT_S, read_only=True) as conn:
            like = await self._like(conn, snapshot)
            files, live_chunks = await read_files(conn, snapshot, like.files)
        directory = await asyncio.to_thread(build_directory, files, live_chunks, snapshot.term_count, like)
        self._kept[snapshot.snapshot_id] = snapshot, directory
        while len(self._kept) > 1 and (len(self._kept) > MAX_SNAPSHOTS or self._files() > MAX_FILES):
            self._kept.popitem(last=False)
        return directory

    async def _like(self, conn: Connection, snapshot: Snapshot) -> Directory:
        """The kept directory of a snapshot of the same build: a refresh changes little of it."""
        for kept, directory in reversed(self._kept.values()):
            same = (kept.repository_id, kept.build_id) == (snapshot.repository_id, snapshot.build_id)
            if same and await is_there(conn, kept.snapshot_id):
                return directory
        return EMPTY

    def _end_reading(self, snapshot_id: int, done: asyncio.Task[Directory]) -> None:
        del self._reading[snapshot_id]
        if not done.cancelled():
            done.exception()  # seen here too: everybody who waited may have left

    def _files(self) -> int:
        return sum(len(directory.files) for _, directory in self._kept.values())
