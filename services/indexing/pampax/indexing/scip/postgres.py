"""The statements of SCIP indexes; each function works inside the given transaction of the caller's tenant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pampax.codeintel.uses import MAX_USES_BYTES, Uses, unpack
from pampax.indexing.scip.matching import Symbol
from pampax.storage.blobs import corrupt, decompress, decompress_bounded
from pampax.storage.database import Connection
from pampax.storage.live import load_bitmaps
from pampax.storage.paths import path_key
from pampax.storage.queries import load_queries
from pampax.storage.snapshots import Snapshot

_QUERIES = load_queries(__package__)


@dataclass(frozen=True, slots=True)
class Published:
    """A live file."""

    path: str
    blob_id: bytes
    first_chunk: int
    chunk_count: int


async def published(conn: Connection, snapshot: Snapshot, paths: Iterable[str]) -> dict[str, Published]:
    """Those of the paths that the snapshot has."""
    _, live = await load_bitmaps(conn, snapshot.snapshot_id)
    cursor = await conn.execute(
        _QUERIES["published_files"], {**_scope(snapshot), "paths": [path_key(path) for path in paths]}
    )
    return {
        row["path"]: Published(row["path"], bytes(row["blob_id"]), row["first_chunk"], row["chunk_count"])
        for row in await cursor.fetchall()
        if row["ordinal"] < len(live) and live[row["ordinal"]]
    }


async def contents(conn: Connection, snapshot: Snapshot, files: Sequence[Published]) -> dict[int, tuple[bytes, Uses]]:
    """By first chunk; one without chunks has no names to link."""
    cursor = await conn.execute(
        _QUERIES["contents"],
        {
            **_scope(snapshot),
            "blobs": [file.blob_id for file in files],
            "firsts": [file.first_chunk for file in files if file.chunk_count],
        },
    )
    return {
        row["first_chunk"]: (decompress(row["content"], row["size"]), _uses(row["uses"]))
        for row in await cursor.fetchall()
    }


async def symbols(conn: Connection, snapshot: Snapshot, files: Sequence[Published]) -> dict[int, list[Symbol]]:
    """By first chunk."""
    firsts = [file.first_chunk for file in files]
    ends = [file.first_chunk + file.chunk_count for file in files]
    cursor = await conn.execute(_QUERIES["symbols_in"], {**_scope(snapshot), "firsts": firsts, "ends": ends})
    found: dict[int, list[Symbol]] = {}
    for row in await cursor.fetchall():
        symbol = Symbol(row["name"], row["qualified_name"], row["start_line"], row["end_line"])
        found.setdefault(row["first"], []).append(symbol)
    return found


async def save(conn: Connection, snapshot: Snapshot, rows: Sequence[tuple[Published, bytes]]) -> None:
    """Links of files, each a zstd frame."""
    async with conn.cursor() as cursor:
        await cursor.executemany(
            _QUERIES["save_file"],
            [
                {
                    "repository": snapshot.repository_id,
                    "blob": file.blob_id,
                    "path": path_key(file.path),
                    "links": links,
                }
                for file, links in rows
            ],
        )


def _scope(snapshot: Snapshot) -> dict[str, object]:
    return {"repository": snapshot.repository_id, "build": snapshot.build_id}


def _uses(packed: bytes) -> Uses:
    try:
        return unpack(decompress_bounded(packed, MAX_USES_BYTES))
    except ValueError as error:
        raise corrupt("uses", str(error)) from error
