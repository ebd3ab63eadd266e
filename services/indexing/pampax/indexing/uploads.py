"""Content-addressed uploads: a manifest first, then only the blobs that the repository lacks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from pampax.core.errors import InvalidRequest, NotFound
from pampax.core.identity import Caller
from pampax.core.ids import git_blob_id
from pampax.graph.history import pack
from pampax.indexing import manifest, names, postgres
from pampax.indexing.manifest import BLOB_ID_BYTES, MAX_BLOB_BYTES, Entry, ManifestBuilder
from pampax.indexing.model import WORKTREE, SourceKind
from pampax.indexing.repositories import time_left_s, writable
from pampax.runtime.caller import current_caller
from pampax.sources.changes import Changes
from pampax.storage.blobs import compress
from pampax.storage.database import Connection, Database
from pampax.storage.histories import HistoryRow
from pampax.storage.snapshots import RepositoryRow

MAX_SKIP_REASONS = 100
MAX_SKIP_REASON_CHARS = 64
MAX_SKIPPED = 10**12
COMMIT_DIGITS = 40


@dataclass(frozen=True, slots=True)
class UploadHeader:
    """What the first message of CreateUpload says about the tree."""

    repository: str
    ref: str = ""
    commit: str = ""
    dirty: bool = False
    skipped: Mapping[str, int] = field(default_factory=dict)
    history: Changes | None = None


@dataclass(frozen=True, slots=True)
class OpenUpload:
    """`missing` holds 20-byte ids."""

    upload_id: UUID
    missing: Sequence[bytes]
    expires_at: datetime


Blobs = Sequence[tuple[bytes, bytes]]


class Uploads:
    """The use cases over uploads, for the caller of the current request."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, header: UploadHeader, batches: AsyncIterator[list[Entry]]) -> OpenUpload:
        caller = current_caller()
        _check_header(header)
        async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s(), read_only=True) as conn:
            _refuse_own_source(await writable(conn, caller, header.repository))
        builder = ManifestBuilder()
        async for batch in batches:
            await asyncio.to_thread(builder.add, batch)
        blob_ids, frame = await asyncio.to_thread(_packed, builder)
        history = await asyncio.to_thread(_history, header)
        return await self._store(caller, header, blob_ids, frame, history)

    async def add_blobs(self, upload: str, batches: AsyncIterator[Blobs]) -> int:
        """Stores the blobs of one stream, a transaction per batch; returns how many are missing still."""
        caller = current_caller()
        upload_id = names.upload_of(upload)
        async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s()) as conn:
            opened = await self._writable(conn, caller, upload_id)
        sizes = await asyncio.to_thread(_sizes, opened.manifest)
        async for batch in batches:
            rows = await asyncio.to_thread(_checked, batch, sizes)
            async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s()) as conn:
                await postgres.insert_blobs(conn, opened.repository_id, rows)
        async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s(), read_only=True) as conn:
            return await _count_missing(conn, opened.repository_id, sizes)

    async def _store(
        self, caller: Caller, header: UploadHeader, blob_ids: bytes, frame: bytes, history: HistoryRow | None
    ) -> OpenUpload:
        async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s()) as conn:
            repository_id = (await writable(conn, caller, header.repository)).repository_id
            await postgres.delete_expired_uploads(conn, repository_id)
            made = postgres.Upload(uuid4(), repository_id, header.ref or WORKTREE, frame)
            expires_at = await postgres.insert_upload(conn, made, header.commit, header.dirty, header.skipped, history)
            missing = await postgres.missing_blobs(conn, repository_id, blob_ids)
        return OpenUpload(made.upload_id, _split(missing), expires_at)

    async def _writable(self, conn: Connection, caller: Caller, upload_id: UUID) -> postgres.Upload:
        found = await postgres.upload(conn, upload_id)
        if found is not None:
            rows = await postgres.repositories(conn, [found.repository_id])
            if rows:
                await writable(conn, caller, rows[0].name)
                return found
        raise NotFound("no such upload, or it has expired: start again with CreateUpload", reason="UPLOAD_NOT_FOUND")


async def missing_of(conn: Connection, upload: postgres.Upload) -> int:
    """How many blobs of the upload's manifest its repository lacks."""
    return await _count_missing(conn, upload.repository_id, await asyncio.to_thread(_sizes, upload.manifest))


async def _count_missing(conn: Connection, repository_id: int, blob_ids: Iterable[bytes]) -> int:
    missing = await postgres.missing_blobs(conn, repository_id, b"".join(blob_ids))
    return len(missing) // BLOB_ID_BYTES


def _packed(builder: ManifestBuilder) -> tuple[bytes, bytes]:
    """The manifest's distinct blob ids, joined, and its zstd frame."""
    entries = builder.entries()
    return b"".join({entry.blob for entry in entries}), manifest.pack(entries)


def _history(header: UploadHeader) -> HistoryRow | None:
    """Of a tree that was made from a commit."""
    if header.history is None or not header.commit:
        return None
    return HistoryRow(header.commit, header.history.whole, compress(pack(header.history.commits)))


def _sizes(frame: bytes) -> dict[bytes, int]:
    return {entry.blob: entry.size for entry in manifest.unpack(frame)}


def _checked(batch: Blobs, sizes: Mapping[bytes, int]) -> list[tuple[bytes, int, bytes]]:
    """(id, size, zstd frame) of each blob, when it is what its id says and what the manifest lists."""
    rows = []
    for position, (blob_id, content) in enumerate(batch):
        name = f"blobs[{position}]"
        if len(content) > MAX_BLOB_BYTES:
            raise _invalid(f"{name}.content", f"a blob has at most {MAX_BLOB_BYTES:,} bytes")
        if bytes.fromhex(git_blob_id(content)) != blob_id:
            raise _invalid(f"{name}.id", "the id is not the git blob id of the content")
        if sizes.get(blob_id) != len(content):
            raise _invalid(f"{name}.id", "the upload's manifest lists no blob of this id and size")
        rows.append((blob_id, len(content), compress(content)))
    return rows


def _refuse_own_source(repository: RepositoryRow) -> None:
    if repository.source_kind != SourceKind.UPLOAD:
        message = f"repository {repository.name!r} has a source of its own and takes no uploads"
        raise _invalid("name", message)


def _check_header(header: UploadHeader) -> None:
    names.check_ref(header.ref)
    if header.commit and (len(header.commit) != COMMIT_DIGITS or set(header.commit) - set("0123456789abcdef")):
        raise _invalid("commit", f"a commit id has {COMMIT_DIGITS} hex digits")
    if len(header.skipped) > MAX_SKIP_REASONS:
        raise _invalid("skipped", f"at most {MAX_SKIP_REASONS} reasons are counted")
    for reason, count in header.skipped.items():
        if not 0 < len(reason) <= MAX_SKIP_REASON_CHARS or not reason.isprintable() or not 0 <= count <= MAX_SKIPPED:
            raise _invalid("skipped", f"a reason has 1 to {MAX_SKIP_REASON_CHARS} characters and a count from 0 on")


def _split(joined: bytes) -> list[bytes]:
    return [joined[i : i + BLOB_ID_BYTES] for i in range(0, len(joined), BLOB_ID_BYTES)]


def _invalid(field_name: str, message: str) -> InvalidRequest:
    return InvalidRequest(message, fields={field_name: message})
