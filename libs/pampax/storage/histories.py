"""What the commits before a snapshot's changed, packed as `pampax.graph.history` says, one row for all snapshots of a
commit."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from pampax.storage.live import load_bitmaps
from pampax.storage.paths import path_key
from pampax.storage.queries import load_queries
from pampax.storage.session import Connection, SyncConnection
from pampax.storage.snapshots import Snapshot

_QUERIES = load_queries(__package__)
_LOAD = _QUERIES["load_history"]
_NEAREST = _QUERIES["nearest_history"]
_SAVE = _QUERIES["save_history"]
_FILES_AT = _QUERIES["files_at"]


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """`changes` is a zstd frame; not `whole` when the next run of the same commit shall look again."""

    commit: str
    whole: bool
    changes: bytes


async def load_history(conn: Connection, snapshot: Snapshot) -> bytes | None:
    """The zstd frame; None for a snapshot without a commit, or one that was published before histories were kept."""
    asked = {"repository_id": snapshot.repository_id, "commit": snapshot.commit}
    row = await (await conn.execute(_LOAD, asked)).fetchone()
    return None if row is None else bytes(row["changes"])


async def live_paths(conn: Connection, snapshot: Snapshot, paths: Collection[str]) -> set[str]:
    """Those of the paths that the snapshot shows. Aborted when it is gone."""
    _, live = await load_bitmaps(conn, snapshot.snapshot_id)
    asked = {
        "repository": snapshot.repository_id, "build": snapshot.build_id, "keys": [path_key(path) for path in paths],
    }  # fmt: skip
    rows = await (await conn.execute(_FILES_AT, asked)).fetchall()
    return {row["path"] for row in rows if row["ordinal"] < len(live) and live[row["ordinal"]]}


def nearest_history(conn: SyncConnection, repository_id: int, commit: str) -> HistoryRow | None:
    """That of the commit, or else the youngest that the repository has."""
    row = conn.execute(_NEAREST, {"repository_id": repository_id, "commit": commit}).fetchone()
    return None if row is None else HistoryRow(row["commit_id"], row["whole"], bytes(row["changes"]))


def save_history(conn: SyncConnection, repository_id: int, history: HistoryRow, commits: int) -> None:
    """Of so many commits. One that is whole stays as it is."""
    row = {"commit": history.commit, "whole": history.whole, "changes": history.changes, "commits": commits}
    conn.execute(_SAVE, {"repository_id": repository_id, **row})
