"""Which files change together, read from Postgres for whoever has no directory of the snapshot at hand."""

from __future__ import annotations

from collections.abc import Collection

from pampax.graph.history import MAX_HISTORY_BYTES, CoChange, History, unpack
from pampax.storage.blobs import corrupt, decompress_bounded
from pampax.storage.histories import live_paths, load_history
from pampax.storage.session import Connection
from pampax.storage.snapshots import Snapshot


async def co_changes(conn: Connection, snapshot: Snapshot, paths: Collection[str]) -> dict[str, tuple[CoChange, ...]]:
    """By each of the paths the live files that changed together with it, those that weigh most first; () where nothing
    is known.

    Inside a transaction that the caller opened; about 10 ms. Aborted when the snapshot is gone.
    """
    history = await history_of(conn, snapshot)
    if history is None:
        return dict.fromkeys(paths, ())
    candidates = history.candidates(paths)
    live = await live_paths(conn, snapshot, candidates) if candidates else set()
    return {path: history.beside(path, live.__contains__) for path in paths}


async def history_of(conn: Connection, snapshot: Snapshot) -> History | None:
    """None where none is kept: of an upload, of a folder outside git, or of what was indexed before it was read."""
    packed = await load_history(conn, snapshot)
    return None if packed is None else opened(packed)


def opened(packed: bytes) -> History:
    """Internal for what is damaged."""
    try:
        return History(unpack(decompress_bounded(packed, MAX_HISTORY_BYTES)))
    except ValueError as error:
        raise corrupt("history", str(error)) from error
