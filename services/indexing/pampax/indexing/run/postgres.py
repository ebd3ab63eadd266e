"""The statements of a run. Every function works inside the given transaction of the operation's tenant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from psycopg import sql
from psycopg.types.json import Jsonb

from pampax.core.errors import Aborted, Cancelled, FailedPrecondition, NotFound
from pampax.indexing import manifest, records
from pampax.indexing.model import MAX_LISTED_PROBLEMS, FileProblem, IndexResult, Source, SourceKind
from pampax.indexing.run.segment import Segment
from pampax.indexing.run.tree import UploadedTree, Wanted
from pampax.indexing.run.vectors import copy_rows_of
from pampax.storage.blobs import decompress
from pampax.storage.paths import path_key
from pampax.storage.queries import load_queries
from pampax.storage.session import SyncConnection

_QUERIES = load_queries(__package__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where derived rows belong: (repository, build)."""

    repository_id: int
    build_id: int

    @property
    def key(self) -> dict[str, Any]:
        return {"repository_id": self.repository_id, "build_id": self.build_id}


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A file of the tree that is published. `blob_id` has 20 bytes."""

    path: str
    blob_id: bytes
    language: str

    @property
    def document(self) -> tuple[bytes, str]:
        return self.blob_id, self.language


@dataclass(frozen=True, slots=True, eq=False)
class LiveRows:
    """What a tree consists of, as ordinals of (repository, build). `term_count` sums the chunks' lengths."""

    files: NDArray[np.int32]
    chunks: NDArray[np.int32]
    term_count: int


# Before ---------------------------------------------------------------------------------------------------------------


def wanted(conn: SyncConnection, repository_id: int, ref: str) -> Wanted:
    row = conn.execute(_QUERIES["select_repository"], {"repository_id": repository_id}).fetchone()
    if row is None:
        raise _deleted()
    source = Source(SourceKind(row["source_kind"]), row["source"])
    return Wanted(source, tuple(row["include"]), tuple(row["exclude"]), ref)


def upload(conn: SyncConnection, repository_id: int, upload_id: str) -> UploadedTree:
    parameters = {"repository_id": repository_id, "upload_id": UUID(upload_id)}
    row = conn.execute(_QUERIES["select_upload"], parameters).fetchone()
    if row is None:
        message = "the upload is not there any more: upload the content again"
        raise FailedPrecondition(message, reason="UPLOAD_NOT_FOUND")
    return UploadedTree(
        row["ref"], row["commit"], row["dirty"], manifest.unpack(bytes(row["manifest"])), row["skipped"]
    )


def kept_result(conn: SyncConnection, operation_id: UUID) -> IndexResult | None:
    """What an earlier attempt has published already. Cancelled when it has not and somebody has asked to stop."""
    row = conn.execute(_QUERIES["select_result"], {"operation_id": operation_id}).fetchone()
    if row is None:
        raise _deleted()
    result = records.read_result(row["result"])
    if result is None and row["cancel_requested"]:
        raise Cancelled("the operation was cancelled")
    return result


def published_builds(conn: SyncConnection, repository_id: int) -> list[str]:
    rows = conn.execute(_QUERIES["published_builds"], {"repository_id": repository_id}).fetchall()
    return [row["version"] for row in rows]


def place(conn: SyncConnection, repository_id: int, version: str) -> Place:
    """(repository, build) of that version, made when it is new."""
    conn.execute(_QUERIES["insert_build"], {"version": version})
    row = conn.execute(_QUERIES["select_build"], {"version": version}).fetchone()
    assert row is not None
    made = Place(repository_id, row["build_id"])
    conn.execute(_QUERIES["insert_repository_build"], made.key)
    return made


# Reading content ------------------------------------------------------------------------------------------------------


def known_languages(
    conn: SyncConnection, at: Place, files: Iterable[tuple[str, bytes]]
) -> dict[tuple[bytes, bytes], str]:
    """(path key, blob id) -> language of those (path, blob id) that were indexed before."""
    conn.execute(_QUERIES["create_wanted_file"])
    rows = ((path_key(path), blob_id) for path, blob_id in files)
    _copy(conn, "copy_wanted_file", ("bytea", "bytea"), rows)
    found = conn.execute(_QUERIES["known_files"], at.key, binary=True).fetchall()
    return {(row["path_key"], row["blob_id"]): row["language"] for row in found}


def known_documents(conn: SyncConnection, at: Place, documents: Sequence[tuple[bytes, str]]) -> set[tuple[bytes, str]]:
    """Those (blob id, language) pairs that are derived already."""
    asked = {"blob_ids": [blob_id for blob_id, _ in documents], "languages": [language for _, language in documents]}
    found = conn.execute(_QUERIES["known_documents"], {**at.key, **asked}, binary=True).fetchall()
    return {(row["blob_id"], row["language"]) for row in found}


def blobs(conn: SyncConnection, repository_id: int, blob_ids: Sequence[bytes]) -> Mapping[bytes, bytes]:
    parameters = {"repository_id": repository_id, "blob_ids": list(blob_ids)}
    rows = conn.execute(_QUERIES["select_blobs"], parameters, binary=True).fetchall()
    return {row["blob_id"]: decompress(row["content"], row["size"]) for row in rows}


# Writing a segment ----------------------------------------------------------------------------------------------------


def allocate(conn: SyncConnection, at: Place, chunks: int) -> tuple[int, int, str | None]:
    """First chunk ordinal, segment number and own vector table; holds the counters until the transaction ends."""
    row = conn.execute(_QUERIES["allocate_segment"], {**at.key, "chunks": chunks}).fetchone()
    if row is None:
        raise _deleted()
    return row["first_chunk"], row["segment"], row["vector_table"]


def insert_segment(conn: SyncConnection, at: Place, segment: Segment, number: int, vector_table: str | None) -> None:
    conn.execute(_QUERIES["create_segment_tables"])
    for table, (types, rows) in _segment_rows(segment).items():
        _copy(conn, f"copy_new_{table}", types, rows)
    with conn.cursor() as cursor, cursor.copy(_QUERIES["copy_new_vector"]) as copy:
        for block in copy_rows_of(*segment.vectors()):
            copy.write(block)
    for statement in ("blobs", "documents", "chunks", "symbols"):
        conn.execute(_QUERIES[f"insert_new_{statement}"], at.key)
    conn.execute(_QUERIES["insert_new_postings"], {**at.key, "segment": number})
    if vector_table is None:
        conn.execute(_QUERIES["insert_new_vectors"], at.key)
    else:
        own = sql.SQL(_QUERIES["insert_own_vectors"]).format(vector_table=sql.Identifier(vector_table))
        conn.execute(own)


def _segment_rows(segment: Segment) -> dict[str, tuple[Sequence[str], Iterable[Sequence[object]]]]:
    """Per temporary table: column types and rows."""
    return {
        "blob": (("bytea", "int4", "bytea"), segment.blob_rows()),
        "document": (
            ("bytea", "text", "int4", "int4", "int4", "int4", "int4", "text"),
            segment.document_rows(),
        ),
        "chunk": (("int4", "bytea", "text", "int4", "int4", "text", "text"), segment.chunk_rows()),
        "symbol": (
            ("int4", "text", "text", "text", "text", "int4", "int4", "text", "text", "bool"),
            segment.symbol_rows(),
        ),
        "posting": (("int2", "text", "bytea"), segment.posting_rows()),
    }


# Publishing -----------------------------------------------------------------------------------------------------------


def live_rows(conn: SyncConnection, at: Place, files: Sequence[TreeFile]) -> LiveRows:
    """The ordinals of the tree, with new file rows where needed. Aborted when a document is not derived (yet)."""
    conn.execute(_QUERIES["create_tree_file"])
    rows = ((path_key(file.path), file.path, file.blob_id, file.language) for file in files)
    _copy(conn, "copy_tree_file", ("bytea", "text", "bytea", "text"), rows)
    conn.execute(_QUERIES["analyze_tree_file"])
    allocated = conn.execute(_QUERIES["allocate_files"], at.key).fetchone()
    if allocated is None:
        raise _deleted()
    conn.execute(_QUERIES["insert_tree_files"], {**at.key, **allocated})
    ordinals = [row["ordinal"] for row in conn.execute(_QUERIES["live_files"], at.key, binary=True)]
    documents = conn.execute(_QUERIES["live_documents"], at.key, binary=True).fetchall()
    if any(row["first_chunk"] is None for row in documents):
        raise Aborted("derived rows were removed while the tree was read: try again")
    ranges = [np.arange(row["first_chunk"], row["first_chunk"] + row["chunk_count"]) for row in documents]
    return LiveRows(
        files=np.array(sorted(ordinals), dtype=np.int32),
        chunks=np.sort(np.concatenate(ranges)).astype(np.int32) if ranges else np.empty(0, np.int32),
        term_count=sum(row["term_count"] for row in documents),
    )


def problems(conn: SyncConnection, at: Place) -> tuple[FileProblem, ...]:
    """After `live_rows`: files of the tree that plain line chunks had to do for."""
    rows = conn.execute(_QUERIES["problems"], {**at.key, "limit": MAX_LISTED_PROBLEMS}).fetchall()
    return tuple(FileProblem(row["path"], row["reason"]) for row in rows)


def published_at(conn: SyncConnection, repository_id: int, ref: str) -> datetime:
    row = conn.execute(_QUERIES["published_at"], {"repository_id": repository_id, "ref": ref}).fetchone()
    assert row is not None
    moment: datetime = row["published_at"]
    return moment


def keep_result(conn: SyncConnection, operation_id: UUID, result: IndexResult) -> None:
    document = Jsonb(records.result_document(result))
    conn.execute(_QUERIES["keep_result"], {"operation_id": operation_id, "result": document})


def delete_upload(conn: SyncConnection, upload_id: str) -> None:
    conn.execute(_QUERIES["delete_upload"], {"upload_id": UUID(upload_id)})


def release_lease(conn: SyncConnection, operation_id: UUID, token: int, *, counts: bool) -> None:
    parameters = {"operation_id": operation_id, "token": token, "forgiven": 0 if counts else 1}
    conn.execute(_QUERIES["release_lease"], parameters)


def _deleted() -> NotFound:
    return NotFound("the repository was deleted while it was indexed", reason="REPOSITORY_NOT_FOUND")


def _copy(conn: SyncConnection, query: str, types: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    statement: LiteralString = _QUERIES[query]
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)
