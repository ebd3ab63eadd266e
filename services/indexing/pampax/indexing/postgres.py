"""The statements of the gRPC service, with rows turned into domain objects; each runs inside the given transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

from psycopg.types.json import Jsonb

from pampax.indexing import records
from pampax.indexing.model import (
    MAX_LISTED_PROBLEMS,
    CredentialState,
    Failure,
    IndexRequest,
    Operation,
    Priority,
    Quarantined,
    Refresh,
    RefState,
    Repository,
    Source,
    SourceKind,
    State,
)
from pampax.storage import bitmap
from pampax.storage.database import Connection
from pampax.storage.histories import HistoryRow
from pampax.storage.publishing import PUBLISHED_CHANNEL
from pampax.storage.queries import load_queries
from pampax.storage.snapshots import RepositoryRow

Row: TypeAlias = dict[str, Any]

_QUERIES = load_queries(__package__)
DONE = "done"  # the stage of every operation that has ended
# In this order: see the statements' own notes.
_DELETIONS = tuple(
    _QUERIES[name]
    for name in (
        "drop_vector_tables", "delete_chunks", "delete_symbols", "delete_postings", "delete_vectors", "delete_refs",
        "delete_repository",
    )
)  # fmt: skip

# Of a repository that no ref is left of. Its counters stay: ordinals are never given out again.
_EMPTYINGS = tuple(
    _QUERIES[name]
    for name in (
        "drop_vector_tables", "delete_chunks", "delete_symbols", "delete_postings", "delete_vectors", "delete_files",
        "delete_documents", "delete_contents", "delete_quarantine", "forget_dead_chunks",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Upload:
    """`manifest` is the stored zstd frame."""

    upload_id: UUID
    repository_id: int
    ref: str
    manifest: bytes


async def insert_repository(
    conn: Connection, name: str, source: Source, include: Sequence[str], exclude: Sequence[str]
) -> int | None:
    """The new row's id; None when the tenant has a repository of that name."""
    row = await _one(
        conn,
        "insert_repository",
        name=name,
        source_kind=source.kind.value,
        source=source.location,
        include=list(include),
        exclude=list(exclude),
    )
    return None if row is None else int(row["repository_id"])


async def repositories(conn: Connection, repository_ids: Sequence[int]) -> list[Repository]:
    """By name; ids without a row are left out."""
    ids = list(repository_ids)
    rows = await _all(conn, "select_repositories", repository_ids=ids)
    refs: dict[int, list[RefState]] = {}
    for row in await _all(conn, "select_refs", repository_ids=ids):
        refs.setdefault(row.pop("repository_id"), []).append(_ref_state(row))
    return [_repository(row, refs.get(row["repository_id"], [])) for row in rows]


async def set_refresh(conn: Connection, repository_id: int, interval_s: int) -> None:
    """0 ends it."""
    await conn.execute(_QUERIES["set_refresh"], {"repository_id": repository_id, "interval_s": interval_s})


async def hold(conn: Connection, repository_id: int) -> bool:
    """Waits for what is written for the repository, and lets nobody begin until the transaction ends: no operation can
    be made. False when it is gone."""
    await conn.execute(_QUERIES["lock_builds"], {"repository_id": repository_id})
    return await _one(conn, "lock_repository", repository_id=repository_id) is not None


async def delete_repository(conn: Connection, repository_id: int) -> bool:
    """Removes the repository and all that hangs on it; False when it was gone. Cost grows with its chunks."""
    if not await hold(conn, repository_id):
        return False
    for statement in _DELETIONS:
        await conn.execute(statement, {"repository_id": repository_id})
    return True


async def delete_ref(conn: Connection, tenant_id: UUID, repository_id: int, ref: str) -> bool:
    """Removes the ref and every snapshot that no ref shows; False when there is no such ref.

    When it was the last, all content goes too, unless an operation is open that may count on it.
    """
    key = {"repository_id": repository_id}
    await hold(conn, repository_id)
    if await _one(conn, "delete_ref", repository_id=repository_id, ref=ref) is None:
        return False
    await conn.execute(_QUERIES["delete_unshown_snapshots"], key)
    await conn.execute(_QUERIES["delete_unshown_histories"], key)
    await conn.execute(_QUERIES["collect_soon"], key)
    if await _one(conn, "nothing_left", repository_id=repository_id) is not None:
        for statement in _EMPTYINGS:
            await conn.execute(statement, key)
    # Generations start at 1, so that 0 stands for a ref that is gone.
    payload = {"tenant_id": str(tenant_id), "repository_id": repository_id, "generation": 0}
    await conn.execute(_QUERIES["notify_deleted"], {"channel": PUBLISHED_CHANNEL, "payload": json.dumps(payload)})
    return True


async def join_waiting_operation(
    conn: Connection, repository_id: int, request: IndexRequest, priority: Priority
) -> tuple[Operation, bool] | None:
    """The operation that an equal request made and nobody has begun, and whether its turn is earlier for this one.

    Holds the repository's row until the transaction ends, so that of two equal requests one makes the operation.
    """
    await conn.execute(_QUERIES["hold_repository"], {"repository_id": repository_id})
    row = await _one(
        conn,
        "join_waiting_operation",
        repository_id=repository_id,
        request=Jsonb(records.request_document(request)),
        yields=priority.yields,
    )
    return None if row is None else (_operation(row), row["hastened"])


async def insert_operation(
    conn: Connection,
    operation_id: UUID,
    repository: RepositoryRow,
    request: IndexRequest,
    priority: Priority,
    *,
    corr_id: str,
    traceparent: str,
) -> Operation:
    row = await _one(
        conn,
        "insert_operation",
        operation_id=operation_id,
        repository_id=repository.repository_id,
        repository_name=repository.name,
        request=Jsonb(records.request_document(request)),
        yields=priority.yields,
        corr_id=corr_id,
        traceparent=traceparent,
    )
    assert row is not None
    return _operation(row)


async def mark_enqueued(conn: Connection, operation_id: UUID) -> None:
    await conn.execute(_QUERIES["mark_enqueued"], {"operation_id": operation_id})


async def operation(conn: Connection, operation_id: UUID) -> Operation | None:
    row = await _one(conn, "select_operation", operation_id=operation_id)
    return None if row is None else _operation(row)


async def operations(
    conn: Connection, repository_ids: Sequence[int], limit: int, before: tuple[datetime, UUID] | None
) -> list[Operation]:
    """Newest first, from just after `before` on."""
    moment, operation_id = before or (None, None)
    rows = await _all(
        conn,
        "select_operations",
        repository_ids=list(repository_ids),
        limit=limit,
        before=moment,
        before_id=operation_id,
    )
    return [_operation(row) for row in rows]


async def last_run_begun(conn: Connection, repository_id: int, ref: str) -> datetime | None:
    """When the latest run was asked for that has succeeded with this ref."""
    row = await _one(conn, "last_run_begun", repository_id=repository_id, ref=ref)
    assert row is not None
    begun_at: datetime | None = row["begun_at"]
    return begun_at


async def cancel_operation(conn: Connection, operation_id: UUID, failure: Failure) -> None:
    document = Jsonb(records.failure_document(failure))
    await conn.execute(_QUERIES["cancel_operation"], {"operation_id": operation_id, "error": document})


async def take_due_operations(conn: Connection, most: int, patience: timedelta) -> list[tuple[UUID, UUID, bool]]:
    """(operation, tenant, urgent) of those that nobody works on, of all tenants; they count as sent from now on."""
    rows = await _all(conn, "take_due_operations", most=most, patience=patience)
    return [(row["operation_id"], row["tenant_id"], row["urgent"]) for row in rows]


async def is_published(conn: Connection, repository_id: int, ref: str) -> bool:
    """Whether this ref is published; "" for any."""
    return await _one(conn, "is_published", repository_id=repository_id, ref=ref) is not None


async def quarantine(conn: Connection, repository_id: int) -> tuple[list[Quarantined], int]:
    """Under the builds that the repository's refs show: some of it by path, and how much there is."""
    rows = await _all(conn, "select_quarantine", repository_id=repository_id, most=MAX_LISTED_PROBLEMS)
    total = rows[0]["total"] if rows else 0
    return [Quarantined(**{key: value for key, value in row.items() if key != "total"}) for row in rows], total


async def refresh_state(conn: Connection) -> Row:
    """Over all tenants: scheduled, failing, overdue_s."""
    row = await _one(conn, "refresh_state")
    assert row is not None
    return row


async def delete_expired_uploads(conn: Connection, repository_id: int) -> None:
    await conn.execute(_QUERIES["delete_expired_uploads"], {"repository_id": repository_id})


async def insert_upload(
    conn: Connection,
    upload: Upload,
    commit: str,
    dirty: bool,
    skipped: Mapping[str, int],
    history: HistoryRow | None = None,
) -> datetime:
    """When it expires."""
    row = await _one(
        conn,
        "insert_upload",
        upload_id=upload.upload_id,
        repository_id=upload.repository_id,
        ref=upload.ref,
        commit=commit,
        dirty=dirty,
        manifest=upload.manifest,
        skipped=Jsonb(dict(skipped)),
        history=None if history is None else history.changes,
        history_whole=history is not None and history.whole,
    )
    assert row is not None
    expires_at: datetime = row["expires_at"]
    return expires_at


async def upload(conn: Connection, upload_id: UUID) -> Upload | None:
    row = await _one(conn, "select_upload", upload_id=upload_id)
    return None if row is None else Upload(**row)


async def missing_blobs(conn: Connection, repository_id: int, blob_ids: bytes) -> bytes:
    """Those of the joined 20-byte ids that the repository does not hold, joined again, ascending."""
    row = await _one(conn, "missing_blobs", repository_id=repository_id, blob_ids=blob_ids)
    assert row is not None
    return bytes(row["missing"])


async def insert_blobs(conn: Connection, repository_id: int, blobs: Sequence[tuple[bytes, int, bytes]]) -> None:
    """(id, size, zstd frame) each; those that are there already stay as they are."""
    rows = [
        {"repository_id": repository_id, "blob_id": blob_id, "size": size, "content": content}
        for blob_id, size, content in blobs
    ]
    async with conn.cursor() as cursor:
        await cursor.executemany(_QUERIES["insert_blob"], rows)


async def _one(conn: Connection, query: str, **parameters: object) -> Row | None:
    return await (await conn.execute(_QUERIES[query], parameters)).fetchone()


async def _all(conn: Connection, query: str, **parameters: object) -> list[Row]:
    return await (await conn.execute(_QUERIES[query], parameters)).fetchall()


def _repository(row: Row, refs: Sequence[RefState]) -> Repository:
    return Repository(
        repository_id=row["repository_id"],
        name=row["name"],
        source=Source(SourceKind(row["source_kind"]), row["source"]),
        include=tuple(row["include"]),
        exclude=tuple(row["exclude"]),
        created_at=row["created_at"],
        refs=tuple(refs),
        credential=_credential(row),
        refresh=_refresh(row),
    )


def _refresh(row: Row) -> Refresh | None:
    if row["refresh_due_at"] is None:
        return None
    return Refresh(
        interval_s=row["refresh_s"],
        due_at=row["refresh_due_at"],
        checked_at=row["refresh_checked_at"],
        failures=row["refresh_failures"],
        error=row["refresh_error"],
    )


def _ref_state(row: Row) -> RefState:
    live_chunks, vectors_to = row.pop("without_vectors"), row.pop("vectors_to")
    pending = 0 if live_chunks is None else int(bitmap.unpack(live_chunks)[vectors_to:].sum())
    return RefState(**row, pending_vectors=pending)


def _credential(row: Row) -> CredentialState | None:
    if row["credential_kind"] is None:
        return None
    return CredentialState(row["credential_kind"], row["credential_set_at"], row["credential_fingerprint"])


def _operation(row: Row) -> Operation:
    state = State(row["state"])
    return Operation(
        operation_id=row["operation_id"],
        repository=row["repository_name"],
        request=records.read_request(row["request"]),
        state=state,
        stage=DONE if state.final else row["stage"],
        done=row["done"],
        total=row["total"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        errors=records.read_problems(row["errors"]),
        result=records.read_result(row["result"]),
        failure=records.read_failure(row["error"]),
        corr_id=row["corr_id"],
        rate=row["rate"],
        remaining_s=row["remaining_s"],
        error_count=row["error_count"],
        priority=Priority.BULK if row["yields"] else Priority.INTERACTIVE,
    )
