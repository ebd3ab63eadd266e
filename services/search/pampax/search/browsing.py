"""Reading without a question: one chunk by its id, and what a snapshot is made of."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np

from pampax.core.errors import InvalidRequest, NotFound
from pampax.core.identity import Caller
from pampax.core.ids import read_chunk_id
from pampax.search.answer import ChunkText
from pampax.search.directories import Directories
from pampax.search.outline import DEFAULT_FILES, Outline, contents_of
from pampax.search.postgres import read_chunk_ordinals, read_lines, read_main_symbols, read_passages
from pampax.search.request import check_names
from pampax.storage.database import Database
from pampax.storage.snapshots import Snapshot, resolve

TIMEOUT_S = 5.0
PARALLEL_REPOSITORIES = 4  # looked into at a time for one chunk
MAX_RANGE_LINES = 20_000


@dataclass(frozen=True, slots=True)
class _Held:
    """A chunk, and the content that it is of."""

    text: ChunkText
    blob_id: bytes


class Browsing:
    """Answers for a caller, from what the caller may read."""

    def __init__(self, database: Database, directories: Directories) -> None:
        self._database = database
        self._directories = directories

    async def chunk(self, caller: Caller, chunk: str, repositories: Sequence[str], ref: str | None) -> ChunkText:
        """NotFound when no snapshot that is looked into shows it. Cost: a scan of the chunks of each repository."""
        asked = read_chunk_id(chunk)
        if asked is None:
            told = f"must be the id of a result or of a piece of a bundle, 24 hex digits or more, got {chunk[:60]!r}"
            raise InvalidRequest(f"id {told}", fields={"id": told})
        plain, first, last = asked
        snapshots = await self._snapshots(caller, repositories, ref)
        for start in range(0, len(snapshots), PARALLEL_REPOSITORIES):
            some = snapshots[start : start + PARALLEL_REPOSITORIES]
            found = await asyncio.gather(*(self._chunk_in(caller.tenant_id, each, plain) for each in some))
            holder = next((each for each in found if each is not None), None)
            if holder is not None:
                return await self._widened(caller.tenant_id, chunk, holder, first, last) if first else holder.text
        raise NotFound(
            f"no chunk has the id {chunk!r} in what is published now: its lines have changed or its repository is "
            "another one; search again",
            reason="CHUNK_NOT_FOUND",
        )

    async def outline(self, caller: Caller, repository: str, ref: str | None, folder: str, files: int) -> Outline:
        """NotFound for a folder that the snapshot does not have."""
        (snapshot,) = await self._snapshots(caller, (repository,), ref)
        directory = await self._directories.get(caller.tenant_id, snapshot)
        contents = await asyncio.to_thread(contents_of, directory, folder, files or DEFAULT_FILES)
        if folder and not contents.files:
            raise NotFound(
                f"{repository} at {snapshot.ref} has no indexed files below {folder!r}; check the path",
                reason="FOLDER_NOT_FOUND",
            )
        documents = {file.first_chunk: file for file in contents.main_files if file.chunk_count}
        async with self._database.tenant(caller.tenant_id, timeout_s=TIMEOUT_S, read_only=True) as conn:
            symbols = await read_main_symbols(conn, snapshot, [*documents.values()])
        return Outline(snapshot, contents, symbols)

    async def _snapshots(self, caller: Caller, repositories: Sequence[str], ref: str | None) -> list[Snapshot]:
        check_names(repositories, ref)
        async with self._database.tenant(caller.tenant_id, timeout_s=TIMEOUT_S, read_only=True) as conn:
            return await resolve(conn, caller.principal_id, repositories or None, ref)

    async def _widened(self, tenant_id: UUID, asked: str, holder: _Held, first: int, last: int) -> ChunkText:
        """Lines of the file content that the chunk is of. NotFound for lines that it does not have."""
        async with self._database.tenant(tenant_id, timeout_s=TIMEOUT_S, read_only=True) as conn:
            lines = await read_lines(conn, holder.text.snapshot, holder.blob_id)
        if first > len(lines):
            raise NotFound(f"{holder.text.path} has {len(lines)} lines, not {first}", reason="LINE_NOT_FOUND")
        last = min(last, len(lines), first + MAX_RANGE_LINES - 1)
        content = "\n".join(lines[first - 1 : last])
        return replace(holder.text, id=asked, start_line=first, end_line=last, content=content)

    async def _chunk_in(self, tenant_id: UUID, snapshot: Snapshot, chunk: str) -> _Held | None:
        async with self._database.tenant(tenant_id, timeout_s=TIMEOUT_S, read_only=True) as conn:
            ordinals = await read_chunk_ordinals(conn, snapshot, chunk)
        if not ordinals:
            return None
        directory = await self._directories.get(tenant_id, snapshot)
        of_ids = np.array(ordinals, np.int32)
        live = of_ids[directory.is_live(of_ids)][:1]
        if not len(live):
            return None
        files = [directory.files[place] for place in directory.files_of[int(directory.document_of(live)[0])]]
        async with self._database.tenant(tenant_id, timeout_s=TIMEOUT_S, read_only=True) as conn:
            (passage,) = (await read_passages(conn, snapshot, live.tolist())).values()
        text = ChunkText(
            id=chunk,
            snapshot=snapshot,
            path=files[0].path,
            other_paths=tuple(file.path for file in files[1:]),
            start_line=passage.start_line,
            end_line=passage.end_line,
            language=passage.language,
            kind=passage.kind,
            symbol=passage.symbol,
            content=passage.content,
        )
        return _Held(text, files[0].blob_id)
