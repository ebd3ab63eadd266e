"""Which files change together, read from Postgres for whoever has no directory of the snapshot at hand."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from pampax.graph.history import MAX_HISTORY_BYTES, CoChange, History, unpack
from pampax.storage.blobs import corrupt, decompress_bounded
from pampax.storage.histories import live_paths, load_history
from pampax.storage.session import Connection
from pampax.storage.snapshots import Snapshot

MAX_KEPT = 8  # histories in memory, each of some megabytes; what is asked for again is asked soon


@dataclass(frozen=True, slots=True)
class CoChanges:
    """`by_path`: the live files that changed together with each, those that weigh most first; () where nothing is
    known. `digest`: of the history that they were counted in, "" without one."""

    by_path: Mapping[str, tuple[CoChange, ...]]
    digest: str


async def co_changes(conn: Connection, snapshot: Snapshot, paths: Collection[str]) -> CoChanges:
    """Inside a transaction that the caller opened; about 10 ms. Aborted when the snapshot is gone."""
    history = await history_of(conn, snapshot)
    if history is None:
        return CoChanges(dict.fromkeys(paths, ()), "")
    candidates = history.candidates(paths)
    live = await live_paths(conn, snapshot, candidates) if candidates else set()
    return CoChanges({path: history.beside(path, live.__contains__) for path in paths}, history.digest)


async def history_of(conn: Connection, snapshot: Snapshot) -> History | None:
    """None where none is kept: of an upload, of a folder outside git, or of what was indexed before it was read."""
    packed = await load_history(conn, snapshot)
    return None if packed is None else opened(packed)


@lru_cache(maxsize=MAX_KEPT)
def opened(packed: bytes) -> History:
    """Internal for what is damaged."""
    try:
        commits = unpack(decompress_bounded(packed, MAX_HISTORY_BYTES))
        return History(commits, hashlib.blake2b(packed, digest_size=16).hexdigest())
    except ValueError as error:
        raise corrupt("history", str(error)) from error
