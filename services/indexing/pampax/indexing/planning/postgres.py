"""The statements of a plan; each runs inside the given transaction of the repository's tenant."""

from __future__ import annotations

from collections.abc import Sequence

from pampax.planning.model import ContentKey
from pampax.planning.pace import PastRun
from pampax.storage.database import Connection
from pampax.storage.queries import load_queries
from pampax.storage.session import SyncConnection

# Pairs that one statement is asked for: arrays of half a million cost seconds.
AT_ONCE = 10_000

_QUERIES = load_queries(__package__)


def build_id(conn: SyncConnection, version: str) -> int | None:
    row = conn.execute(_QUERIES["select_build"], {"version": version}).fetchone()
    return None if row is None else int(row["build_id"])


def known_contents(
    conn: SyncConnection, repository_id: int, build: int, keys: Sequence[ContentKey]
) -> dict[ContentKey, int]:
    found = {}
    for start in range(0, len(keys), AT_ONCE):
        rows = conn.execute(_QUERIES["known_contents"], _asked(repository_id, build, keys[start : start + AT_ONCE]))
        found.update({ContentKey(row["blob_id"].hex(), row["language"]): row["chunks"] for row in rows})
    return found


def past_runs(conn: SyncConnection) -> list[PastRun]:
    return [PastRun(**row) for row in conn.execute(_QUERIES["past_runs"]).fetchall()]


async def known_in_latest(conn: Connection, repository_id: int, keys: Sequence[ContentKey]) -> dict[ContentKey, int]:
    """In the build that was published last; at most AT_ONCE keys."""
    latest = await (await conn.execute(_QUERIES["latest_build"], {"repository_id": repository_id})).fetchone()
    if latest is None:
        return {}
    rows = await (
        await conn.execute(_QUERIES["known_contents"], _asked(repository_id, latest["build_id"], keys))
    ).fetchall()
    return {ContentKey(row["blob_id"].hex(), row["language"]): row["chunks"] for row in rows}


def _asked(repository_id: int, build: int, keys: Sequence[ContentKey]) -> dict[str, object]:
    return {
        "repository_id": repository_id,
        "build_id": build,
        "blob_ids": [bytes.fromhex(key.blob_id) for key in keys],
        "languages": [key.language for key in keys],
    }
