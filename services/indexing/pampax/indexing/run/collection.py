"""Removes derived rows of content that no snapshot shows any more: files, documents, and their part of posting lists.

Every function is one bounded transaction's work, inside that transaction, and says how much it has done, so that the
caller knows when it is through. Each holds the counters of (repository, build), which writers and publishes take too:
nothing that it finds dead can come to life meanwhile. Ordinals are never given out again.

A reader is safe for as long as its snapshot exists, and its own transaction sees the rows of its own moment. One whose
snapshot was dropped between two of its transactions is told so by the last of them (SNAPSHOT_REPLACED).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import sql
from psycopg.rows import tuple_row

from pampax.indexing.run.postgres import Place
from pampax.storage import bitmap, posting
from pampax.storage.queries import load_queries
from pampax.storage.session import SyncConnection

COLLECT_EVERY_S = 600.0  # looking costs a pass over the repository's files and documents
DEAD_SHARE = 0.2  # of the chunks that posting lists name: with more of them dead the lists are written anew
# In one transaction, which is well below a second.
MOST_FILES = 10_000
MOST_DOCUMENTS = 1_000
MOST_CHUNKS = 10_000
MOST_LISTS = 20_000
FETCHED_AT_ONCE = 1_000  # lists in memory; the longest have megabytes
MERGED_AT_ONCE = 1_000  # terms, with all their lists in memory

_QUERIES = load_queries(__package__)
_COPY_REWRITTEN = _QUERIES["copy_rewritten_posting"]
_DOCUMENT_DELETIONS = tuple(
    _QUERIES[name] for name in ("delete_dead_vectors", "delete_dead_symbols", "delete_dead_chunks")
)

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Due:
    """`wholly` when a ref was deleted: then posting lists are written anew whatever the share of the dead."""

    place: Place
    wholly: bool


@dataclass(frozen=True, slots=True)
class Position:
    """A row of the posting table, in the order of its key."""

    field: int = -1
    term: str = ""
    segment: int = 0


@dataclass(frozen=True, slots=True)
class Rewritten:
    """Lists that were changed or removed, and the last that was looked at; None when none were left."""

    changed: int
    last: Position | None


def due_collections(conn: SyncConnection, repository_id: int) -> list[Due]:
    """Where old content was not looked for lately."""
    asked = {"repository_id": repository_id, "every_s": COLLECT_EVERY_S}
    rows = conn.execute(_QUERIES["due_collections"], asked)
    return [Due(Place(repository_id, row["build_id"]), row["wholly"]) for row in rows]


def remove_files(conn: SyncConnection, place: Place) -> int:
    """File rows that no snapshot shows, at most MOST_FILES; returns the number."""
    _hold(conn, place)
    shown = _shown_files(conn, place)
    packed = np.packbits(shown, bitorder="little").tobytes()  # get_bit counts from the lowest
    asked = {**place.key, "shown": packed, "size": len(shown), "most": MOST_FILES}
    return conn.execute(_QUERIES["delete_dead_files"], asked).rowcount


def remove_documents(conn: SyncConnection, place: Place) -> int:
    """Documents that no file row points to, with their chunks, symbols and vectors; returns the number of documents.

    At most MOST_DOCUMENTS, and no more once they have MOST_CHUNKS. Their ordinals stay in the posting lists until those
    are written anew.
    """
    held = _hold(conn, place)
    rows = conn.execute(_QUERIES["dead_documents"], {**place.key, "most": MOST_DOCUMENTS}, binary=True).fetchall()
    dead = list(_within_bounds(rows))
    if not dead:
        return 0
    ordinals = [
        ordinal for row in dead for ordinal in range(row["first_chunk"], row["first_chunk"] + row["chunk_count"])
    ]
    asked = {**place.key, "ordinals": ordinals}
    for statement in _DOCUMENT_DELETIONS:
        conn.execute(statement, asked)
    if held["vector_table"] is not None:
        own = sql.SQL(_QUERIES["delete_own_vectors"]).format(vector_table=sql.Identifier(held["vector_table"]))
        conn.execute(_QUERIES["count_gone_vectors"], {**place.key, "gone": conn.execute(own, asked).rowcount})
    keys = {"blob_ids": [row["blob_id"] for row in dead], "languages": [row["language"] for row in dead]}
    conn.execute(_QUERIES["delete_dead_documents"], {**place.key, **keys})
    conn.execute(_QUERIES["delete_dead_quarantine"], {**place.key, **keys})
    conn.execute(_QUERIES["count_dead_chunks"], {**place.key, "dead": len(ordinals)})
    return len(dead)


def forget_quarantine(conn: SyncConnection, place: Place) -> None:
    """What broke a parser and of which nothing is indexed: a ref that is gone may have been the only one to have it."""
    conn.execute(_QUERIES["forget_quarantine"], place.key)


def living_chunks(conn: SyncConnection, place: Place) -> tuple[Mask, int]:
    """Which of the chunk ordinals given out have a document, and how many of the others posting lists still name."""
    held = _hold(conn, place)
    living = np.zeros(held["next_chunk"], np.bool_)
    with conn.cursor(name="documents", binary=True, row_factory=tuple_row) as ranges:
        ranges.execute(_QUERIES["document_ranges"], place.key)
        for first, count in ranges:
            living[first : first + count] = True
    return living, held["dead_chunks"]


def rewrite_postings(conn: SyncConnection, place: Place, living: Mask, after: Position) -> Rewritten:
    """The next MOST_LISTS lists after that position without ordinals that are not living; empty ones go."""
    _hold(conn, place)
    conn.execute(_QUERIES["create_rewritten_posting"])
    asked = {**place.key, "field": after.field, "term": after.term, "segment": after.segment, "most": MOST_LISTS}
    changed, last = 0, None
    with conn.cursor(name="lists", binary=True, row_factory=tuple_row) as lists:
        lists.execute(_QUERIES["posting_lists"], asked)
        while rows := lists.fetchmany(FETCHED_AT_ONCE):
            last = Position(*rows[-1][:3])
            changed += _copy_changed(conn, rows, living)
    if changed:
        _take_over(conn, place)
    return Rewritten(changed, last)


def merge_postings(
    conn: SyncConnection, place: Place, after: Position, *, few: int, most: int, small_bytes: int
) -> Rewritten:
    """Puts the lists of the next terms after that position together that have more than `few`; the others stay.

    All lists of a term that has more than `most`, else those of at most `small_bytes`, when they are more than `few`.
    A term's merged list takes the row of its last one. Says how many terms were merged, in MERGED_AT_ONCE looked at.
    """
    _hold(conn, place)
    conn.execute(_QUERIES["create_rewritten_posting"])
    asked = {**place.key, "field": after.field, "term": after.term, "at_once": MERGED_AT_ONCE}
    limits = {"few": few, "most": most, "small": small_bytes}
    with conn.cursor(binary=True, row_factory=tuple_row) as cursor:
        rows = cursor.execute(_QUERIES["scattered_terms"], asked | limits).fetchall()
    scattered = [row for row in rows if row[2] is not None]
    with conn.cursor() as writing, writing.copy(_COPY_REWRITTEN) as copy:
        copy.set_types(("int2", "text", "int4", "bytea"))
        for field, term, segments, lists in scattered:
            for segment in segments[:-1]:
                copy.write_row((field, term, segment, b""))
            copy.write_row((field, term, segments[-1], posting.merge(lists)))
    if scattered:
        _take_over(conn, place)
    return Rewritten(len(scattered), Position(*rows[-1][:2]) if len(rows) == MERGED_AT_ONCE else None)


def end_rewriting(conn: SyncConnection, place: Place, dead: int) -> None:
    """After the last list: no list names these dead chunks any more."""
    conn.execute(_QUERIES["count_dead_chunks"], {**place.key, "dead": -dead})


def end_collection(conn: SyncConnection, place: Place) -> None:
    conn.execute(_QUERIES["mark_collected"], place.key)


def without_dead(entries: bytes, living: Mask) -> bytes | None:
    """A packed list with living ordinals alone, b"" when none is; None when all are. Those past the mask are."""
    whole = posting.unpack(entries)
    keep = np.ones(len(whole.ordinals), np.bool_)
    known = whole.ordinals < len(living)
    keep[known] = living[whole.ordinals[known]]
    if keep.all():
        return None
    return posting.pack(whole.ordinals[keep], whole.tfs[keep], whole.lengths[keep]) if keep.any() else b""


def _take_over(conn: SyncConnection, place: Place) -> None:
    """What was copied takes the place of the lists; empty ones go."""
    conn.execute(_QUERIES["analyze_rewritten"])
    conn.execute(_QUERIES["delete_emptied"], place.key)
    conn.execute(_QUERIES["update_rewritten"], place.key)


def _copy_changed(conn: SyncConnection, rows: Sequence[tuple[int, str, int, bytes]], living: Mask) -> int:
    changed = [
        (field, term, segment, kept)
        for field, term, segment, entries in rows
        if (kept := without_dead(entries, living)) is not None
    ]
    with conn.cursor() as cursor, cursor.copy(_COPY_REWRITTEN) as copy:
        copy.set_types(("int2", "text", "int4", "bytea"))
        for row in changed:
            copy.write_row(row)
    return len(changed)


def _shown_files(conn: SyncConnection, place: Place) -> Mask:
    """File ordinals of all snapshots that are there."""
    shown = np.zeros(0, np.bool_)
    with conn.cursor(name="snapshots", binary=True, row_factory=tuple_row) as snapshots:
        snapshots.execute(_QUERIES["shown_files"], place.key)
        for (packed,) in snapshots:
            files = bitmap.unpack(packed)
            longer, shorter = (files, shown) if len(files) > len(shown) else (shown, files)
            longer[: len(shorter)] |= shorter
            shown = longer
    return shown


def _within_bounds(rows: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The first one however large it is."""
    chunks = 0
    for row in rows:
        chunks += row["chunk_count"]
        if chunks > MOST_CHUNKS and chunks > row["chunk_count"]:
            return
        yield row


def _hold(conn: SyncConnection, place: Place) -> dict[str, Any]:
    """The counters of the place, for this transaction alone. All 0 when the repository was deleted meanwhile."""
    row = conn.execute(_QUERIES["hold_for_collection"], place.key).fetchone()
    return row or {"next_chunk": 0, "vector_table": None, "dead_chunks": 0}
