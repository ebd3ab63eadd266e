"""What search reads from Postgres, each function inside a transaction that the caller opened."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg.rows import args_row, tuple_row

from pampax.codeintel.lines import text_lines
from pampax.core.errors import Aborted
from pampax.search.directory import FileRow
from pampax.search.frames import FramePlace
from pampax.search.gathered import Definition
from pampax.search.outline import MAX_SYMBOLS, Symbol
from pampax.search.passages import Passages
from pampax.storage import posting
from pampax.storage.blobs import decompress
from pampax.storage.database import Connection
from pampax.storage.live import load_bitmaps
from pampax.storage.posting import Posting
from pampax.storage.queries import load_queries
from pampax.storage.snapshots import SNAPSHOT_REPLACED, Snapshot

WORDS, NAMES = 0, 1  # posting fields
MAX_BYTES_ON_LOOP = 256 * 1024  # of text, a millisecond's work; more of it goes to a thread
FEW_FILES = 0.25  # of those that are known: looking each of them up is faster than reading all
MAX_DEFINITIONS = 2_000  # of one question: a name that exists more often says nothing

_SQL = load_queries(__package__)
_DIRECTORY = _SQL["directory"]
_DIRECTORY_FILES = _SQL["directory_files"]
_IS_THERE = _SQL["is_there"]
_POSTINGS = _SQL["postings"]
_DEFINITIONS = _SQL["definitions"]
_FRAME_CHUNKS = _SQL["frame_chunks"]
_KINDS = _SQL["kinds"]
_PASSAGES = _SQL["passages"]
_BLOB = _SQL["blob"]
_DOCUMENTS = _SQL["documents"]
_GRAMS = _SQL["grams"]
_CONTENTS = _SQL["contents"]
_CHUNKS = _SQL["chunks"]
_CHUNK_WITH_ID = _SQL["chunk_with_id"]
_MAIN_SYMBOLS = _SQL["main_symbols"]


@dataclass(frozen=True, slots=True)
class ChunkRow:
    """Where a chunk begins in its document, 1-based."""

    ordinal: int
    start_line: int
    kind: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk's place in its blob and its text; lines are 1-based and inclusive."""

    ordinal: int
    blob_id: bytes
    language: str
    start_line: int
    end_line: int
    kind: str
    symbol: str
    content: str


async def read_files(
    conn: Connection, snapshot: Snapshot, known: Sequence[FileRow] = ()
) -> tuple[list[FileRow], NDArray[np.bool_]]:
    """The snapshot's live files, and the mask of its live chunks.

    `known` are files of a snapshot of the same build that is still there; few others mean that only those are read.
    """
    live_chunks, live_files = await load_bitmaps(conn, snapshot.snapshot_id)
    kept = [file for file in known if file.ordinal < len(live_files) and live_files[file.ordinal]]
    live_files[[file.ordinal for file in kept]] = False
    missing = np.flatnonzero(live_files)
    cursor = conn.cursor(binary=True, row_factory=args_row(FileRow))
    if len(missing) <= FEW_FILES * len(kept):
        await cursor.execute(_DIRECTORY_FILES, {**scope(snapshot), "ordinals": missing.tolist()})
        return kept + await cursor.fetchall(), live_chunks
    await cursor.execute(_DIRECTORY, scope(snapshot))
    rows = await cursor.fetchall()
    return kept + [file for file in rows if file.ordinal < len(live_files) and live_files[file.ordinal]], live_chunks


async def is_there(conn: Connection, snapshot_id: int) -> bool:
    """Whether the snapshot is kept: then nothing that it shows has gone, and no ordinal of its build was given anew."""
    return await (await conn.execute(_IS_THERE, {"snapshot": snapshot_id})).fetchone() is not None


async def read_postings(
    conn: Connection, snapshot: Snapshot, terms: Iterable[str], fields: Sequence[int]
) -> tuple[dict[str, Posting], dict[str, Posting]]:
    """(words, names): term -> its list over all segments, dead ordinals included."""
    cursor = conn.cursor(binary=True, row_factory=tuple_row)
    await cursor.execute(_POSTINGS, {**scope(snapshot), "terms": list(terms), "fields": list(fields)})
    segments: dict[int, dict[str, list[Posting]]] = {WORDS: {}, NAMES: {}}
    for field, term, entries in await cursor.fetchall():
        segments[field].setdefault(term, []).append(posting.unpack(entries))
    words, names = (
        {term: posting.concatenate(lists) for term, lists in segments[field].items()} for field in (WORDS, NAMES)
    )
    return words, names


async def read_definitions(
    conn: Connection, snapshot: Snapshot, names: Sequence[str], chunks: Sequence[int]
) -> list[Definition]:
    """Definitions of the (folded) names, then all in the chunks, so some come twice; dead ones included."""
    cursor = conn.cursor(binary=True, row_factory=args_row(Definition))
    asked = {**scope(snapshot), "names": list(names), "chunks": list(chunks), "most": MAX_DEFINITIONS}
    return await (await cursor.execute(_DEFINITIONS, asked)).fetchall()


async def read_frame_chunks(conn: Connection, snapshot: Snapshot, places: Sequence[FramePlace]) -> dict[int, float]:
    """The chunk that holds each line, or the last one before it, and the weight of the innermost frame in it."""
    if not places:
        return {}
    asked = {
        "firsts": [place.file.first_chunk for place in places],
        "ends": [place.file.first_chunk + place.file.chunk_count for place in places],
        "lines": [place.line for place in places],
    }
    cursor = conn.cursor(binary=True, row_factory=tuple_row)
    await cursor.execute(_FRAME_CHUNKS, {**scope(snapshot), **asked})
    chunks: dict[int, float] = {}
    for number, ordinal in await cursor.fetchall():
        chunks[ordinal] = max(chunks.get(ordinal, 0.0), places[number - 1].weight)
    return chunks


async def read_kinds(conn: Connection, snapshot: Snapshot, ordinals: Sequence[int]) -> dict[int, str]:
    cursor = conn.cursor(binary=True, row_factory=tuple_row)
    return dict(await (await cursor.execute(_KINDS, {**scope(snapshot), "ordinals": list(ordinals)})).fetchall())


async def read_passages(conn: Connection, snapshot: Snapshot, ordinals: Sequence[int]) -> dict[int, Passage]:
    """By ordinal. Aborted when the snapshot is gone, because it was replaced long ago or its ref was deleted."""
    cursor = conn.cursor(binary=True, row_factory=tuple_row)
    asked = {**scope(snapshot), "snapshot": snapshot.snapshot_id, "ordinals": list(ordinals)}
    await cursor.execute(_PASSAGES, asked)
    rows = await cursor.fetchall()
    if len({row[0] for row in rows}) < len(set(ordinals)):
        raise _replaced()
    sizes = {blob_id: size for _, blob_id, *_, size, _ in rows}
    apart = sum(sizes.values()) > MAX_BYTES_ON_LOOP
    return await asyncio.to_thread(_passages, rows) if apart else _passages(rows)


async def read_lines(conn: Connection, snapshot: Snapshot, blob_id: bytes) -> list[str]:
    """A blob's lines. Aborted when it is gone because the snapshot was replaced long ago."""
    cursor = conn.cursor(binary=True, row_factory=tuple_row)
    row = await (await cursor.execute(_BLOB, {"repository": snapshot.repository_id, "blob": blob_id})).fetchone()
    if row is None:
        raise _replaced()
    size, content = row
    return text_lines(decompress(content, size))


async def read_documents(conn: Connection, snapshot: Snapshot) -> NDArray[np.int32]:
    """The live documents that have chunks, by first chunk and ascending."""
    live_chunks, _ = await load_bitmaps(conn, snapshot.snapshot_id)
    cursor = conn.cursor(binary=True, row_factory=tuple_row)
    rows = await (await cursor.execute(_DOCUMENTS, scope(snapshot))).fetchall()
    documents = np.array(sorted(first for (first,) in rows), np.int32)
    documents = documents[documents < len(live_chunks)]
    return documents[live_chunks[documents]]


async def read_grams(conn: Connection, snapshot: Snapshot, documents: Sequence[int]) -> list[tuple[int, bytes]]:
    """First chunk and bitmap of each of the documents."""
    cursor = conn.cursor(binary=True, row_factory=tuple_row)
    return await (await cursor.execute(_GRAMS, {**scope(snapshot), "documents": list(documents)})).fetchall()


async def read_contents(
    conn: Connection, snapshot: Snapshot, blob_ids: Sequence[bytes]
) -> dict[bytes, tuple[int, bytes]]:
    """Size and compressed content by blob id. Aborted when one is gone because the snapshot was replaced long ago."""
    cursor = conn.cursor(binary=True, row_factory=tuple_row)
    await cursor.execute(_CONTENTS, {"repository": snapshot.repository_id, "blobs": list(blob_ids)})
    found = {blob_id: (size, content) for blob_id, size, content in await cursor.fetchall()}
    if len(found) < len(set(blob_ids)):
        raise _replaced()
    return found


async def read_chunks(conn: Connection, snapshot: Snapshot, documents: Sequence[FileRow]) -> dict[int, list[ChunkRow]]:
    """The chunks of each document in order, by its first chunk."""
    asked = {
        "firsts": [document.first_chunk for document in documents],
        "ends": [document.first_chunk + document.chunk_count for document in documents],
    }
    cursor = conn.cursor(binary=True, row_factory=tuple_row)
    await cursor.execute(_CHUNKS, {**scope(snapshot), **asked})
    chunks: dict[int, list[ChunkRow]] = {}
    for first, *row in await cursor.fetchall():
        chunks.setdefault(first, []).append(ChunkRow(*row))
    return chunks


async def read_chunk_ordinals(conn: Connection, snapshot: Snapshot, chunk: str) -> list[int]:
    """Of the chunks with this public id, dead ones included."""
    cursor = conn.cursor(binary=True, row_factory=tuple_row)
    rows = await cursor.execute(_CHUNK_WITH_ID, {**scope(snapshot), "id": bytes.fromhex(chunk)})
    return [ordinal for (ordinal,) in await rows.fetchall()]


async def read_main_symbols(
    conn: Connection, snapshot: Snapshot, documents: Sequence[FileRow]
) -> dict[int, list[Symbol]]:
    """The main definitions of each document, best first, by its first chunk."""
    asked = {
        "firsts": [document.first_chunk for document in documents],
        "ends": [document.first_chunk + document.chunk_count for document in documents],
        "most": MAX_SYMBOLS,
    }
    cursor = conn.cursor(binary=True, row_factory=tuple_row)
    await cursor.execute(_MAIN_SYMBOLS, {**scope(snapshot), **asked})
    symbols: dict[int, list[Symbol]] = {}
    for first, *row in await cursor.fetchall():
        symbols.setdefault(first, []).append(Symbol(*row))
    return symbols


def scope(snapshot: Snapshot) -> dict[str, object]:
    """Parameters that keep a statement inside one (repository, build), and so inside one partition."""
    return {"repository": snapshot.repository_id, "build": snapshot.build_id}


def _passages(rows: Iterable[tuple[Any, ...]]) -> dict[int, Passage]:
    files: dict[bytes, Passages] = {}
    passages: dict[int, Passage] = {}
    for ordinal, blob_id, language, start_line, end_line, kind, symbol, size, content in rows:
        if blob_id not in files:
            files[blob_id] = Passages(decompress(content, size))
        text = files[blob_id].between(start_line, end_line)
        passages[ordinal] = Passage(ordinal, blob_id, language, start_line, end_line, kind, symbol, text)
    return passages


def _replaced() -> Aborted:
    return Aborted("the snapshot was replaced by newer ones meanwhile; ask again", reason=SNAPSHOT_REPLACED)
