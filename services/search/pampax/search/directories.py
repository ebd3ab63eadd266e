"""Directories of the snapshots searched lately."""

from __future__ import annotations

import asyncio

from pampax.search.directory import EMPTY, Directory, build_directory
from pampax.search.kept import KeptBySnapshot
from pampax.search.postgres import read_files
from pampax.storage.database import Connection, Database
from pampax.storage.snapshots import Snapshot

MAX_FILES = 250_000  # over all kept directories; about 600 bytes each


class Directories(KeptBySnapshot[Directory]):
    def __init__(self, database: Database) -> None:
        super().__init__(database, _read, lambda directory: len(directory.files), MAX_FILES)


async def _read(conn: Connection, snapshot: Snapshot, like: Directory | None) -> Directory:
    like = like or EMPTY
    files, live_chunks = await read_files(conn, snapshot, like.files)
    return await asyncio.to_thread(build_directory, files, live_chunks, snapshot.term_count, like)
