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
from pampax.search.gathered import Definition
from pampax.storage import posting
from pampax.storage.blobs import decompress
from pampax.storage.database import Connection
from pampax.storage.posting import Posting
from pampax.storage.queries import load_queries
from pampax.storage.snapshots import SNAPSHOT_REPLACED, Snapshot, load_bitmaps

WORDS, NAMES = 0, 1  # posting fields
MAX_BYTES_ON_LOOP = 256 * 1024  # of text, a millisecond's work; more of it goes to a thread
MAX_DEFINITIONS = 2_000  # of one question: a name that exists more often says nothing

_SQL = load_queries(__package__)
_DIRECTORY = _SQL["directory"]
_POSTINGS = _SQL["postings"]
_DEFINITIONS = _SQL["definitions"]
_KINDS = _SQL["kinds"]
_PASSAGES = _SQL["passages"]
_BLOB = _SQL["blob"]


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


async def read_files(conn: Connection, snapshot: Snapshot) -> tuple[list[FileRow], NDArray[np.bool_]]:
    """The snapshot's live files, and the mask of its live chunks."""
    live_chunks, live_files = await load_bitmaps(conn, snapshot.snapshot_id)
    cursor = conn.cursor(binary=True, row_factory=tuple_row)
    rows = await (await cursor.execute(_DIRECTORY, scope(snapshot))).fetchall()
    files = [FileRow(*file) for ordinal, *file in rows if ordinal < len(live_files) and live_files[ordinal]]
    return files, live_chunks


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


async def read_kinds(conn: Connection, snapshot: Snapshot, ordinals: Sequence[int]) -> dict[int, str]:
    cursor = conn.cursor(binary=True, row_factory=tuple_row)
    return dict(await (await cursor.execute(_KINDS, {**scope(snapshot), "ordinals": list(ordinals)})).fetchall())


async def read_passages(conn: Connection, snapshot: Snapshot, ordinals: Sequence[int]) -> dict[int, Passage]:
    """By ordinal. Aborted when one of them is gone because the snapshot was replaced long ago."""
    cursor = conn.cursor(binary=True, row_factory=tuple_row)
    await cursor.execute(_PASSAGES, {**scope(snapshot), "ordinals": list(ordinals)})
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


def scope(snapshot: Snapshot) -> dict[str, object]:
    """Parameters that keep a statement inside one (repository, build), and so inside one partition."""
    return {"repository": snapshot.repository_id, "build": snapshot.build_id}


def _passages(rows: Iterable[tuple[Any, ...]]) -> dict[int, Passage]:
    lines: dict[bytes, list[str]] = {}
    passages: dict[int, Passage] = {}
    for ordinal, blob_id, language, start_line, end_line, kind, symbol, size, content in rows:
        if blob_id not in lines:
            lines[blob_id] = text_lines(decompress(content, size))
        text = "\n".join(lines[blob_id][start_line - 1 : end_line])
        passages[ordinal] = Passage(ordinal, blob_id, language, start_line, end_line, kind, symbol, text)
    return passages


def _replaced() -> Aborted:
    return Aborted("the snapshot was replaced by newer ones meanwhile; ask again", reason=SNAPSHOT_REPLACED)
