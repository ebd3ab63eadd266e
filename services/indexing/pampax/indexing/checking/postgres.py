"""The statements of a check; each function works inside the given transaction of the repository's tenant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from typing import Any, LiteralString
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from psycopg import sql
from psycopg.rows import class_row, tuple_row
from psycopg.types.json import Jsonb

from pampax.core.errors import Aborted, FailedPrecondition, Internal, NotFound
from pampax.indexing.checking.documents import StoredRows, Term
from pampax.indexing.checking.model import MOST_LISTED, Check, ShownDocument, ShownFile
from pampax.indexing.checking.snapshot import StoredSnapshot
from pampax.indexing.run.postgres import Place
from pampax.storage import bitmap, posting
from pampax.storage.blobs import decompress
from pampax.storage.database import Connection
from pampax.storage.posting import Posting
from pampax.storage.queries import load_queries
from pampax.storage.session import SyncConnection
from pampax.storage.snapshots import NOT_INDEXED, REF_NOT_FOUND, SNAPSHOT_REPLACED

_QUERIES = load_queries(__package__)


def snapshot(conn: SyncConnection, repository_id: int, ref: str) -> tuple[Place, StoredSnapshot]:
    """FailedPrecondition when nothing is published, NotFound when the ref is not."""
    row = conn.execute(_QUERIES["snapshot"], {"repository_id": repository_id, "ref": ref}).fetchone()
    if row is None:
        if ref:
            raise NotFound(f"nothing is published of {ref!r}: see `pampax repos show`", reason=REF_NOT_FOUND)
        raise FailedPrecondition("nothing is published yet: run `pampax index`", reason=NOT_INDEXED)
    found = StoredSnapshot(
        row["snapshot_id"], row["ref"], row["commit"], row["build"], bitmap.unpack(row["live_files"]),
        bitmap.unpack(row["live_chunks"]), row["file_count"], row["chunk_count"], row["term_count"],
        row["vectors"],
    )  # fmt: skip
    return Place(repository_id, row["build_id"]), found


def shown_files(conn: SyncConnection, place: Place, shown: StoredSnapshot) -> list[ShownFile]:
    """The rows of the live file ordinals."""
    live = shown.live_files
    with conn.cursor(binary=True, row_factory=class_row(ShownFile)) as cursor:
        rows = cursor.execute(_QUERIES["files"], place.key).fetchall()
    return [row for row in rows if row.ordinal < len(live) and live[row.ordinal]]


def contents(conn: SyncConnection, place: Place, documents: Sequence[ShownDocument]) -> dict[bytes, bytes | None]:
    """By blob id; None for content that is damaged."""
    asked = {"repository_id": place.repository_id, "blob_ids": [each.blob_id for each in documents]}
    rows = conn.execute(_QUERIES["contents"], asked, binary=True).fetchall()
    return {row["blob_id"]: _content(row) for row in rows}


def own_vector_table(conn: SyncConnection, shown: StoredSnapshot) -> str | None:
    """Aborted when the snapshot is not there any more: what was read in this transaction may have holes."""
    row = conn.execute(_QUERIES["still_there"], {"snapshot_id": shown.snapshot_id}).fetchone()
    if row is None:
        raise Aborted("the snapshot was replaced while it was checked; ask again", reason=SNAPSHOT_REPLACED)
    table: str | None = row["vector_table"]
    return table


def stored_rows(
    conn: SyncConnection, place: Place, table: str | None, documents: Sequence[ShownDocument], terms: Collection[Term]
) -> StoredRows:
    ordinals = [ordinal for each in documents for ordinal in each.ordinals]
    asked = {**place.key, "ordinals": ordinals}
    with conn.cursor(binary=True, row_factory=tuple_row) as cursor:
        chunks = cursor.execute(_QUERIES["chunks"], asked).fetchall()
        symbols = cursor.execute(_QUERIES["symbols"], asked).fetchall()
        statement = _QUERIES["vectors"] if table is None else own(_QUERIES["own_vectors"], table)
        vectors: dict[int, list[float]] = dict(cursor.execute(statement, asked).fetchall())
        keys = {"blob_ids": [each.blob_id for each in documents], "languages": [each.language for each in documents]}
        others = cursor.execute(_QUERIES["others"], {**place.key, **keys}).fetchall()
    return StoredRows(
        chunks,
        sorted(symbols),
        {ordinal: np.array(vector, np.float32) for ordinal, vector in vectors.items()},
        _lists(conn, place, list(terms), np.array(ordinals, np.int32)),
        {(blob_id, language): (grams, uses) for blob_id, language, grams, uses in others},
    )


def lists_from(conn: SyncConnection, place: Place, after: Term, most: int) -> Iterator[tuple[Term, bytes]]:
    asked = {**place.key, "field": after[0], "term": after[1], "most": most}
    with conn.cursor(binary=True, row_factory=tuple_row) as cursor:
        for field, term, entries in cursor.execute(_QUERIES["lists_from"], asked):
            yield (field, term), entries


def own(statement: LiteralString, table: str) -> sql.Composed:
    return sql.SQL(statement).format(vector_table=sql.Identifier(table))


def known_differences(conn: SyncConnection, repository_id: int) -> set[str]:
    """Paths of the documents that the last check has found to differ."""
    row = conn.execute(_QUERIES["known_differences"], {"repository_id": repository_id}).fetchone()
    return {path for path, _ in (row["differences"] if row else ()) if path}


def keep(conn: SyncConnection, repository_id: int, check: Check) -> None:
    result = {
        "repository_id": repository_id,
        "documents": check.documents,
        "differing": len(check.differences),
        "recall": None if check.recall is None else check.recall.share,
        "differences": Jsonb([[each.path, each.parts] for each in check.differences[:MOST_LISTED]]),
    }
    conn.execute(_QUERIES["keep_check"], result)


async def take_due(conn: Connection, every: timedelta) -> tuple[int, UUID] | None:
    """(repository, tenant) of any tenant."""
    row = await (await conn.execute(_QUERIES["take_due_check"], {"every": every})).fetchone()
    return None if row is None else (row["repository_id"], row["tenant_id"])


async def state(conn: Connection) -> dict[str, Any]:
    """documents, differing; recall and age_s are None as long as no check has told them."""
    row = await (await conn.execute(_QUERIES["check_state"])).fetchone()
    assert row is not None
    return row


def _content(row: dict[str, Any]) -> bytes | None:
    try:
        return decompress(row["content"], row["size"])
    except Internal:
        return None


def _lists(
    conn: SyncConnection, place: Place, terms: Sequence[Term], ordinals: NDArray[np.int32]
) -> dict[Term, Posting]:
    """What the lists of each term, of all segments, say of these chunks; a damaged one is as good as none.

    Whole, those of a large repository's common words would take half a gigabyte: they are read one by one.
    """
    asked = {**place.key, "fields": [field for field, _ in terms], "terms": [term for _, term in terms]}
    segments: dict[Term, list[Posting]] = defaultdict(list)
    with conn.cursor(binary=True, row_factory=tuple_row) as cursor:
        for field, term, entries in cursor.stream(_QUERIES["lists"], asked):
            unpacked = unpacked_or_none(entries)
            if unpacked is not None:
                segments[field, term].append(_among(unpacked, ordinals))
    return {term: posting.concatenate(lists) for term, lists in segments.items()}


def _among(listed: Posting, ordinals: NDArray[np.int32]) -> Posting:
    """The entries of these chunks, and nothing that keeps the whole list in memory."""
    kept = np.isin(listed.ordinals, ordinals, assume_unique=True)
    return Posting(listed.ordinals[kept], listed.tfs[kept], listed.lengths[kept])


def unpacked_or_none(entries: bytes) -> Posting | None:
    """None for a damaged list."""
    try:
        return posting.unpack(entries)
    except Internal:
        return None
