"""What search reads from Postgres, each method inside a transaction that the caller opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from pampax.search.directory import Directory, FileRow, build_directory
from pampax.search.gathered import Definition, Neighbours
from pampax.storage import posting
from pampax.storage.blobs import decompress
from pampax.storage.database import Connection
from pampax.storage.posting import Posting
from pampax.storage.queries import load_queries
from pampax.storage.snapshots import Snapshot, load_bitmaps

WORDS, NAMES = 0, 1  # posting fields
MAX_DEFINITIONS = 2_000  # of one question: a name that exists more often says nothing
EF_SEARCH = 200  # candidates that HNSW keeps; recall .98 at 30K, 2 ms
MAX_EF_SEARCH = 1_000  # pgvector's own bound

_SQL = load_queries(__package__)


@dataclass(frozen=True, slots=True)
class ChunkRow:
    """Where a chunk lies in its blob; lines are 1-based and inclusive."""

    ordinal: int
    blob_id: bytes
    language: str
    start_line: int
    end_line: int
    kind: str
    symbol: str


async def read_directory(conn: Connection, snapshot: Snapshot) -> Directory:
    """The snapshot's directory; about 20 microseconds a file."""
    live_chunks, live_files = await load_bitmaps(conn, snapshot.snapshot_id)
    cursor = conn.cursor(binary=True)
    rows = await (await cursor.execute(_SQL["directory"], _scope(snapshot))).fetchall()
    files = [
        FileRow(row["path"], row["blob_id"], row["language"], row["first_chunk"], row["chunk_count"], row["bytes"])
        for row in rows
        if row["ordinal"] < len(live_files) and live_files[row["ordinal"]]
    ]
    return build_directory(files, live_chunks, snapshot.term_count)


async def read_postings(
    conn: Connection, snapshot: Snapshot, terms: Iterable[str], fields: Sequence[int]
) -> tuple[dict[str, Posting], dict[str, Posting]]:
    """(words, names): term -> its list over all segments, dead ordinals included."""
    cursor = conn.cursor(binary=True)
    asked = {**_scope(snapshot), "terms": list(terms), "fields": list(fields)}
    found: dict[int, dict[str, list[Posting]]] = {WORDS: {}, NAMES: {}}
    async for row in await cursor.execute(_SQL["postings"], asked):
        found[row["field"]].setdefault(row["term"], []).append(posting.unpack(row["entries"]))
    words, names = ({term: posting.concatenate(lists) for term, lists in found[field].items()} for field in (0, 1))
    return words, names


async def read_definitions(conn: Connection, snapshot: Snapshot, names: Sequence[str]) -> tuple[Definition, ...]:
    asked = {**_scope(snapshot), "names": list(names), "most": MAX_DEFINITIONS}
    return await _definitions(conn, "definitions_by_name", asked)


async def read_definitions_in(conn: Connection, snapshot: Snapshot, chunks: Sequence[int]) -> tuple[Definition, ...]:
    asked = {**_scope(snapshot), "chunks": list(chunks), "most": MAX_DEFINITIONS}
    return await _definitions(conn, "definitions_in_chunks", asked)


async def read_neighbours(
    conn: Connection, snapshot: Snapshot, live: NDArray[np.bool_], query: NDArray[np.float32], most: int, *, exact: bool
) -> Neighbours:
    """The `most` nearest live chunks. Asks for more than that, masks dead ones, and scans the live ordinals exactly
    when too few survive. `exact` skips the approximate index."""
    scope = {**_scope(snapshot), "query": _vector(query), "most": most}
    live_count = int(live.sum())
    wanted = min(most, live_count)
    if exact or (snapshot.vector_table is None and live_count < len(live)):
        return await _nearest_among(conn, snapshot, live, scope)
    if snapshot.vector_table is None:
        return _live_neighbours(await _similar(conn, sql.SQL(_SQL["nearest_scanned"]), scope), live, most)
    await conn.execute("SELECT set_config('hnsw.ef_search', %s, true)", [str(min(max(EF_SEARCH, most), MAX_EF_SEARCH))])
    table = sql.Identifier(snapshot.vector_table)
    found = await _similar(conn, sql.SQL(_SQL["nearest_indexed"]).format(table=table), scope)
    survivors = _live_neighbours(found, live, most)
    return survivors if len(survivors.ordinals) >= wanted else await _nearest_among(conn, snapshot, live, scope)


async def read_chunks(conn: Connection, snapshot: Snapshot, ordinals: Sequence[int]) -> dict[int, ChunkRow]:
    cursor = conn.cursor(binary=True)
    rows = await (await cursor.execute(_SQL["chunks"], {**_scope(snapshot), "ordinals": list(ordinals)})).fetchall()
    return {row["ordinal"]: ChunkRow(**row) for row in rows}


async def read_blobs(conn: Connection, repository_id: int, blobs: Iterable[bytes]) -> Mapping[bytes, bytes]:
    """Blob id -> content, decompressed."""
    cursor = conn.cursor(binary=True)
    asked = {"repository": repository_id, "blobs": list(blobs)}
    rows = await (await cursor.execute(_SQL["blobs"], asked)).fetchall()
    return {row["blob_id"]: decompress(row["content"], row["size"]) for row in rows}


async def _definitions(conn: Connection, name: str, asked: Mapping[str, object]) -> tuple[Definition, ...]:
    cursor = conn.cursor(binary=True)
    return tuple([Definition(**row) async for row in await cursor.execute(_SQL[name], asked)])


async def _nearest_among(
    conn: Connection, snapshot: Snapshot, live: NDArray[np.bool_], scope: Mapping[str, object]
) -> Neighbours:
    among = {**scope, "ordinals": np.flatnonzero(live).tolist()}
    if snapshot.vector_table is None:
        return await _similar(conn, sql.SQL(_SQL["nearest_among"]), among)
    table = sql.Identifier(snapshot.vector_table)
    return await _similar(conn, sql.SQL(_SQL["nearest_indexed_among"]).format(table=table), among)


async def _similar(conn: Connection, statement: sql.SQL | sql.Composed, asked: Mapping[str, object]) -> Neighbours:
    cursor = conn.cursor(binary=True)
    rows = await (await cursor.execute(statement, asked)).fetchall()
    # A chunk without any known word has no direction, and its cosine is not a number.
    pairs = [(row["ordinal"], row["similarity"]) for row in rows if row["similarity"] == row["similarity"]]
    ordinals, similarities = zip(*pairs, strict=True) if pairs else ((), ())
    return Neighbours(np.array(ordinals, np.int32), np.array(similarities, np.float32))


def _live_neighbours(found: Neighbours, live: NDArray[np.bool_], most: int) -> Neighbours:
    keep = np.zeros(len(found.ordinals), np.bool_)
    inside = found.ordinals < len(live)
    keep[inside] = live[found.ordinals[inside]]
    return Neighbours(found.ordinals[keep][:most], found.similarities[keep][:most])


def _vector(values: NDArray[np.float32]) -> str:
    return "[" + ",".join(f"{value:.6g}" for value in values.tolist()) + "]"


def _scope(snapshot: Snapshot) -> dict[str, object]:
    return {"repository": snapshot.repository_id, "build": snapshot.build_id}
