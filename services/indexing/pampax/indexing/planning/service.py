"""Asking for a plan."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

from pampax.core.errors import DeadlineExceeded, FailedPrecondition, InvalidRequest
from pampax.indexing import names, postgres
from pampax.indexing.beside import answer_of
from pampax.indexing.model import Repository, SourceKind
from pampax.indexing.planning.postgres import AT_ONCE, known_in_latest
from pampax.indexing.planning.wire import known_message
from pampax.indexing.repositories import time_left_s, writable
from pampax.planning.model import ContentKey
from pampax.runtime.caller import current_caller
from pampax.storage.database import Connection, Database
from pampax.v1 import indexing_service_pb2 as pb

# What is left of a caller's deadline to end the process and to say so.
MARGIN_S = 1.0
# Of one blob in an answer.
_BLOB_BYTES = 20


class Plans:
    """One plan at a time: each reads a whole tree, and search shares the machine."""

    def __init__(self, database: Database, environment: Mapping[str, str]) -> None:
        self._database = database
        self._environment = environment
        self._turn = asyncio.Semaphore(1)

    async def plan(self, name: str, ref: str, *, full: bool, contents: Sequence[pb.PlannedContent]) -> pb.IndexPlan:
        """Needs the right to index, because it makes the system read what only an indexing run may read."""
        caller = current_caller()
        names.check_ref(ref)
        async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s(), read_only=True) as conn:
            row = await writable(conn, caller, name)
            (repository,) = await postgres.repositories(conn, [row.repository_id])
            if repository.source.kind is SourceKind.UPLOAD:
                return known_message(await _known(conn, repository, contents, full=full))
        if contents:
            raise _invalid("the contents of an upload are asked for; this repository's source is read by the system")
        try:
            async with asyncio.timeout(max(time_left_s() - MARGIN_S, 0.1)), self._turn:
                return await self._planned(repository.repository_id, caller.tenant_id, ref, full=full)
        except TimeoutError as error:
            message = "the plan was not ready in time: index at once, which shows its progress, or plan a clone of it"
            raise DeadlineExceeded(message) from error

    async def _planned(self, repository_id: int, tenant_id: UUID, ref: str, *, full: bool) -> pb.IndexPlan:
        arguments = [str(repository_id), str(tenant_id), ref, "full" if full else "changes"]
        answer = await answer_of("pampax.indexing.planning", arguments, self._environment, "plan")
        return pb.IndexPlan.FromString(answer)


async def _known(
    conn: Connection, repository: Repository, contents: Sequence[pb.PlannedContent], *, full: bool
) -> Mapping[ContentKey, int]:
    if not contents:
        raise FailedPrecondition(
            "only the client has the files of an upload: `pampax index FOLDER --plan` plans for it",
            reason="PLAN_NEEDS_FILES",
        )
    if len(contents) > AT_ONCE:
        raise _invalid(f"at most {AT_ONCE:,} contents are asked for at once, got {len(contents):,}")
    if any(len(each.blob) != _BLOB_BYTES for each in contents):
        raise _invalid(f"a blob id has {_BLOB_BYTES} bytes")
    if full:
        return {}
    keys = [ContentKey(each.blob.hex(), each.language) for each in contents]
    return await known_in_latest(conn, repository.repository_id, keys)


def _invalid(message: str) -> InvalidRequest:
    return InvalidRequest(message, fields={"contents": message})
