"""The statements of a run. Every function works inside the given transaction of the operation's tenant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString, NamedTuple, TypeAlias
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from psycopg import sql
from psycopg.rows import tuple_row
from psycopg.types.json import Jsonb

from pampax.codeintel.lines import text_lines
from pampax.codeintel.model import Chunk
from pampax.core.errors import Aborted, Cancelled, FailedPrecondition, NotFound
from pampax.graph.co_changes import opened
from pampax.indexing import manifest, records
from pampax.indexing.model import MAX_LISTED_PROBLEMS, FileProblem, IndexResult, Source, SourceKind
from pampax.indexing.run.segment import Segment
from pampax.indexing.run.tree import UploadedTree, Wanted
from pampax.indexing.run.vectors import copy_rows_of
from pampax.sources.changes import Changes
from pampax.storage.blobs import decompress
from pampax.storage.paths import path_key
from pampax.storage.queries import load_queries
from pampax.storage.session import SyncConnection

_QUERIES = load_queries(__package__)

Key: TypeAlias = tuple[bytes, str]  # blob id and language


@dataclass(frozen=True, slots=True)
class Place:
    """Where derived rows belong: (repository, build)."""

    repository_id: int
    build_id: int

    @property
    def key(self) -> dict[str, Any]:
        return {"repository_id": self.repository_id, "build_id": self.build_id}


@dataclass(frozen=True, slots=True)
class Broken:
    """Why content is not parsed by syntax, and whether plain lines do."""

    reason: str
    by_lines: bool


class TreeFile(NamedTuple):
    """A file of the tree that is published. `blob_id` has 20 bytes."""

    path: str
    blob_id: bytes
    language: str

    @property
    def document(self) -> Key:
        return self.blob_id, self.language


@dataclass(frozen=True, slots=True, eq=False)
class LiveRows:
    """What a tree consists of, as ordinals of (repository, build), ascending. `term_count` sums the chunks' lengths,
    `pending_vectors` counts those without a vector."""

    files: NDArray[np.int32]
    chunks: NDArray[np.int32]
    term_count: int
    pending_vectors: int


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
    history = None
    if row["history"] is not None:
        history = Changes(opened(bytes(row["history"])).commits, row["history_whole"])
    return UploadedTree(
        row["ref"], row["commit"], row["dirty"], manifest.unpack(bytes(row["manifest"])), row["skipped"], history
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


def known_languages(conn: SyncConnection, at: Place, files: Iterable[tuple[str, bytes]]) -> dict[int, str]:
    """The languages of those (path, blob id) that were indexed before, by their place among `files`."""
    conn.execute(_QUERIES["create_wanted_file"])
    rows = ((place, path_key(path), blob_id) for place, (path, blob_id) in enumerate(files))
    _copy(conn, "copy_wanted_file", ("int4", "bytea", "bytea"), rows)
    conn.execute(_QUERIES["join_as_a_whole"])
    found = conn.execute(_QUERIES["known_files"], at.key, binary=True)
    return {place: row["language"] for row in found for place in row["places"]}


def known_documents(conn: SyncConnection, at: Place, documents: Sequence[Key]) -> set[Key]:
    """Those (blob id, language) pairs that are derived already."""
    found = conn.execute(_QUERIES["known_documents"], {**at.key, **_asked(documents)}, binary=True).fetchall()
    return {(row["blob_id"], row["language"]) for row in found}


def _asked(documents: Sequence[Key]) -> dict[str, Any]:
    return {"blob_ids": [blob_id for blob_id, _ in documents], "languages": [language for _, language in documents]}


def quarantined(conn: SyncConnection, at: Place, documents: Sequence[Key]) -> dict[Key, Broken]:
    """Those (blob id, language) pairs that have broken a parser under this build."""
    found = conn.execute(_QUERIES["quarantined"], {**at.key, **_asked(documents)}, binary=True).fetchall()
    return {(row["blob_id"], row["language"]): Broken(row["reason"], row["by_lines"]) for row in found}


def quarantine(conn: SyncConnection, at: Place, document: Key, broken: Broken, path: str) -> None:
    """From here on it is not tried again under this build."""
    blob_id, language = document
    row = {"blob_id": blob_id, "language": language, "path": path, "reason": broken.reason, "by_lines": broken.by_lines}
    conn.execute(_QUERIES["quarantine"], {**at.key, **row})


def release_quarantine(conn: SyncConnection, operation_id: UUID, repository_id: int) -> bool:
    """Everything may be tried again; whether the operation is a full one from here on, because some of it is indexed as
    plain lines."""
    asked = {"operation_id": operation_id, "repository_id": repository_id}
    conn.execute(_QUERIES["release_quarantine"], asked)
    row = conn.execute(_QUERIES["make_full"], asked).fetchone()
    return row is not None and bool(row["full"])


def blobs(conn: SyncConnection, repository_id: int, blob_ids: Sequence[bytes]) -> Mapping[bytes, bytes]:
    parameters = {"repository_id": repository_id, "blob_ids": list(blob_ids)}
    rows = conn.execute(_QUERIES["select_blobs"], parameters, binary=True).fetchall()
    return {row["blob_id"]: decompress(row["content"], row["size"]) for row in rows}


def put_vectors_off(conn: SyncConnection, at: Place, *, begin: bool) -> bool:
    """Whether chunks are to be written without vectors: when that begins now, or has begun and is not made good."""
    row = conn.execute(_QUERIES["put_vectors_off"], {**at.key, "begin": begin}).fetchone()
    if row is None:
        raise _deleted()
    put_off: bool = row["put_off"]
    return put_off


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
    for statement in ("blobs", "documents", "chunks", "symbols"):
        conn.execute(_QUERIES[f"insert_new_{statement}"], at.key)
    conn.execute(_QUERIES["insert_new_postings"], {**at.key, "segment": number})
    vectors = segment.vectors()
    if vectors is not None:
        insert_vectors(conn, at, *vectors, vector_table)


def insert_vectors(
    conn: SyncConnection,
    at: Place,
    ordinals: NDArray[np.int32],
    vectors: NDArray[np.float32],
    vector_table: str | None,
) -> None:
    """A row for each chunk, into the build's own table when it has one."""
    conn.execute(_QUERIES["create_vector_rows"])
    with conn.cursor() as cursor, cursor.copy(_QUERIES["copy_new_vector"]) as copy:
        for block in copy_rows_of(ordinals, vectors):
            copy.write(block)
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
            ("bytea", "text", "int4", "int4", "int4", "int4", "int4", "text", "bytea", "bytea", "bytea"),
            segment.document_rows(),
        ),
        "chunk": (("int4", "bytea", "text", "int4", "int4", "text", "text"), segment.chunk_rows()),
        "symbol": (
            ("int4", "text", "text", "text", "text", "int4", "int4", "text", "text", "bool"),
            segment.symbol_rows(),
        ),
        "posting": (("int2", "text", "bytea"), segment.posting_rows()),
    }


# Vectors that follow -------------------------------------------------------------------------------------------------


def vectors_to(conn: SyncConnection, at: Place) -> int | None:
    """From which chunk on there are no vectors yet; None when all have theirs."""
    row = conn.execute(_QUERIES["vectors_to"], at.key).fetchone()
    return None if row is None else row["vectors_to"]


def hold_vectors(conn: SyncConnection, at: Place) -> tuple[int | None, str | None]:
    """`vectors_to` and the own vector table; holds the counters until the transaction ends."""
    row = conn.execute(_QUERIES["hold_vectors"], at.key).fetchone()
    if row is None:
        raise _deleted()
    return row["vectors_to"], row["vector_table"]


def move_vectors(conn: SyncConnection, at: Place) -> str:
    """Into a table of their own, which has no index so far; its name."""
    row = conn.execute(_QUERIES["move_vectors"], at.key).fetchone()
    assert row is not None
    name: str = row["vector_table"]
    return name


def have_vectors_to(conn: SyncConnection, at: Place, end: int | None) -> None:
    conn.execute(_QUERIES["have_vectors_to"], {**at.key, "vectors_to": end})


def documents_without_vectors(conn: SyncConnection, at: Place, first: int) -> Iterator[tuple[int, int, int]]:
    """First chunk, number of chunks and bytes of each, in the order of the chunks."""
    with conn.cursor(name="documents", binary=True, row_factory=tuple_row) as documents:
        yield from documents.execute(_QUERIES["documents_without_vectors"], {**at.key, "vectors_to": first})


def chunks_in(conn: SyncConnection, at: Place, first: int, end: int) -> tuple[NDArray[np.int32], list[Chunk]]:
    """The chunks with ordinals from `first` to before `end`. Aborted when the content of one is gone."""
    rows = conn.execute(_QUERIES["chunks_without_vectors"], {**at.key, "first": first, "end": end}, binary=True)
    found = rows.fetchall()
    contents = blobs(conn, at.repository_id, list({row["blob_id"] for row in found}))
    lines = {blob_id: text_lines(content) for blob_id, content in contents.items()}
    if any(row["blob_id"] not in lines for row in found):
        raise Aborted("the content of chunks is gone that wait for their vectors: try again")
    chunks = [
        Chunk(
            row["start_line"], row["end_line"], row["kind"], row["symbol"],
            "\n".join(lines[row["blob_id"]][row["start_line"] - 1 : row["end_line"]]),
        )
        for row in found
    ]  # fmt: skip
    return np.array([row["ordinal"] for row in found], np.int32), chunks


# Publishing -----------------------------------------------------------------------------------------------------------


def live_rows(conn: SyncConnection, at: Place, files: Sequence[TreeFile]) -> LiveRows:
    """The ordinals of the tree, with new file rows where needed. Aborted when a document is not derived (yet)."""
    conn.execute(_QUERIES["create_tree_file"])
    rows = ((path_key(file.path), file.path, file.blob_id, file.language) for file in files)
    _copy(conn, "copy_tree_file", ("bytea", "text", "bytea", "text"), rows)
    conn.execute(_QUERIES["analyze_tree_file"])
    conn.execute(_QUERIES["join_as_a_whole"])
    allocated = conn.execute(_QUERIES["allocate_files"], at.key).fetchone()
    if allocated is None:
        raise _deleted()
    conn.execute(_QUERIES["insert_tree_files"], {**at.key, "next_file": allocated["next_file"]})
    files_found = conn.execute(_QUERIES["live_files"], at.key, binary=True).fetchone()
    documents = conn.execute(_QUERIES["live_documents"], at.key, binary=True).fetchone()
    assert files_found is not None
    assert documents is not None
    if documents["missing"]:
        raise Aborted("derived rows were removed while the tree was read: try again")
    chunks = _ranges(np.array(documents["first_chunks"], np.int32), np.array(documents["chunk_counts"], np.int32))
    vectors_to = allocated["vectors_to"]
    return LiveRows(
        files=np.array(files_found["ordinals"], dtype=np.int32),
        chunks=chunks,
        term_count=documents["term_count"],
        pending_vectors=0 if vectors_to is None else int((chunks >= vectors_to).sum()),
    )


def _ranges(starts: NDArray[np.int32], counts: NDArray[np.int32]) -> NDArray[np.int32]:
    """The numbers of all ranges, one range after the other."""
    before = np.cumsum(counts) - counts
    found: NDArray[np.int32] = np.repeat(starts - before, counts) + np.arange(counts.sum())
    return found.astype(np.int32)


def problems(conn: SyncConnection, at: Place) -> tuple[tuple[FileProblem, ...], int]:
    """After `live_rows`: files of the tree that plain line chunks had to do for, some of them, and their number."""
    rows = conn.execute(_QUERIES["problems"], {**at.key, "limit": MAX_LISTED_PROBLEMS}).fetchall()
    listed = tuple(FileProblem(row["path"], row["reason"], by_lines=True) for row in rows)
    return listed, rows[0]["total"] if rows else 0


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
