"""Asking for an index run, and following, cancelling or waiting for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from datetime import datetime
from typing import Protocol
from uuid import UUID, uuid4

from pampax.core.errors import FailedPrecondition, InvalidRequest, NotFound
from pampax.core.identity import Caller
from pampax.indexing import names, postgres
from pampax.indexing.model import Failure, IndexRequest, Operation, Priority, SourceKind
from pampax.indexing.repositories import readable, time_left_s, writable
from pampax.indexing.uploads import missing_of
from pampax.runtime.caller import current_caller
from pampax.runtime.context import corr_id, traceparent
from pampax.storage.database import Connection, Database
from pampax.storage.snapshots import RepositoryRow, readable_repositories

MAX_WAIT_S = 60.0
POLL_S = 0.25
# What is left of a caller's deadline to bring it the answer.
MARGIN_S = 0.25

CANCELLED = Failure("CANCELLED", "CANCELLED", "the operation was cancelled")


class Enqueue(Protocol):
    """Hands an operation of a tenant to the workers; never fails, because the reaper does it again."""

    def __call__(self, operation_id: UUID, tenant_id: UUID, *, urgent: bool) -> Awaitable[bool]: ...


class Operations:
    """The use cases over operations, for the caller of the current request."""

    def __init__(self, database: Database, enqueue: Enqueue) -> None:
        self._database = database
        self._enqueue = enqueue

    async def index(self, repository: str, request: IndexRequest, priority: Priority | None = None) -> Operation:
        """Puts a run into the queue, or returns the equal one that waits there.

        Without a priority a published ref that is brought up to date is interactive, everything else bulk.
        """
        caller = current_caller()
        names.check_ref(request.ref)
        async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s()) as conn:
            row = await writable(conn, caller, repository)
            await _check_upload(conn, row, request)
            wanted = priority or await _usual_priority(conn, row.repository_id, request)
            joined = await postgres.join_waiting_operation(conn, row.repository_id, request, wanted)
            made, hastened = joined or (None, True)
            if made is None:
                made = await postgres.insert_operation(
                    conn, uuid4(), row, request, wanted, corr_id=corr_id.get(), traceparent=traceparent.get()
                )
        if hastened and await self._enqueue(
            made.operation_id, caller.tenant_id, urgent=made.priority is Priority.INTERACTIVE
        ):
            async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s()) as conn:
                await postgres.mark_enqueued(conn, made.operation_id)
        return made

    async def get(self, operation_id: UUID) -> Operation:
        caller = current_caller()
        async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s(), read_only=True) as conn:
            return await _visible(conn, caller, operation_id)

    async def list(self, size: int, before: tuple[datetime, UUID] | None) -> list[Operation]:
        """Newest first, from just after `before` on."""
        caller = current_caller()
        async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s(), read_only=True) as conn:
            rows = await readable_repositories(conn, caller.principal_id)
            return await postgres.operations(conn, [row.repository_id for row in rows], size, before)

    async def cancel(self, operation_id: UUID) -> None:
        """Ends a waiting operation at once and a running one within seconds; an ended one stays as it is."""
        caller = current_caller()
        async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s()) as conn:
            found = await _visible(conn, caller, operation_id)
            await writable(conn, caller, found.repository)
            await postgres.cancel_operation(conn, operation_id, CANCELLED)

    async def wait(self, operation_id: UUID, timeout_s: float) -> Operation:
        """The operation as soon as it has ended, or as it stands when the time is over."""
        limit_s = min(timeout_s, MAX_WAIT_S, time_left_s() - MARGIN_S)
        deadline = time.monotonic() + limit_s
        while True:
            found = await self.get(operation_id)
            remaining_s = deadline - time.monotonic()
            if found.state.final or remaining_s <= 0:
                return found
            await asyncio.sleep(min(POLL_S, remaining_s))


async def _usual_priority(conn: Connection, repository_id: int, request: IndexRequest) -> Priority:
    anew = request.full or request.retry_quarantined
    refresh = not anew and await postgres.is_published(conn, repository_id, request.ref)
    return Priority.INTERACTIVE if refresh else Priority.BULK


async def _visible(conn: Connection, caller: Caller, operation_id: UUID) -> Operation:
    found = await postgres.operation(conn, operation_id)
    if found is None:
        raise _unknown(operation_id)
    try:
        await readable(conn, caller, found.repository)
    except NotFound as error:
        raise _unknown(operation_id) from error
    return found


async def _check_upload(conn: Connection, repository: RepositoryRow, request: IndexRequest) -> None:
    """An upload repository needs a complete upload, any other refuses one."""
    if repository.source_kind != SourceKind.UPLOAD:
        if request.upload:
            message = f"repository {repository.name!r} has a source of its own: index it without an upload"
            raise InvalidRequest(message, fields={"upload": message})
        return
    if not request.upload:
        message = f"repository {repository.name!r} is filled by uploads: upload its content and name the upload"
        raise InvalidRequest(message, fields={"upload": message})
    upload = await postgres.upload(conn, names.upload_of(request.upload))
    if upload is None or upload.repository_id != repository.repository_id:
        raise NotFound("no such upload in this repository, or it has expired: upload again", reason="UPLOAD_NOT_FOUND")
    if request.ref not in ("", upload.ref):
        message = f"the upload stands for ref {upload.ref!r}: index that ref or none"
        raise InvalidRequest(message, fields={"ref": message})
    missing = await missing_of(conn, upload)
    if missing:
        message = f"the upload lacks {missing} blobs: send them before indexing"
        raise FailedPrecondition(message, reason="UPLOAD_INCOMPLETE", metadata={"missing": str(missing)})


def _unknown(operation_id: UUID) -> NotFound:
    message = f"no operation {operation_id} that this key may read: check the name"
    return NotFound(message, reason="OPERATION_NOT_FOUND")
