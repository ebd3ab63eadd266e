"""Reading without a question: one chunk by its id, and what a snapshot is made of."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from uuid import UUID

import numpy as np

from pampax.core.errors import InvalidRequest, NotFound
from pampax.core.identity import Caller
from pampax.search.answer import ChunkText
from pampax.search.directories import Directories
from pampax.search.outline import DEFAULT_FILES, Outline, contents_of
from pampax.search.postgres import read_chunk_ordinals, read_main_symbols, read_passages
from pampax.search.request import check_names
from pampax.storage.database import Database
from pampax.storage.snapshots import Snapshot, resolve

TIMEOUT_S = 5.0
PARALLEL_REPOSITORIES = 4  # looked into at a time for one chunk
_ID = re.compile(r"[0-9a-f]{24}")


class Browsing:
    """Answers for a caller, from what the caller may read."""

    def __init__(self, database: Database, directories: Directories) -> None:
        self._database = database
        self._directories = directories

    async def chunk(self, caller: Caller, chunk: str, repositories: Sequence[str], ref: str | None) -> ChunkText:
        """NotFound when no snapshot that is looked into shows it. Cost: a scan of the chunks of each repository."""
        if not _ID.fullmatch(chunk):
            told = f"must be the id of a search result, 24 hex digits, got {chunk[:60]!r}"
            raise InvalidRequest(f"id {told}", fields={"id": told})
        snapshots = await self._snapshots(caller, repositories, ref)
        for start in range(0, len(snapshots), PARALLEL_REPOSITORIES):
            some = snapshots[start : start + PARALLEL_REPOSITORIES]
            found = await asyncio.gather(*(self._chunk_in(caller.tenant_id, each, chunk) for each in some))
            first = next((each for each in found if each is not None), None)
            if first is not None:
                return first
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

    async def _chunk_in(self, tenant_id: UUID, snapshot: Snapshot, chunk: str) -> ChunkText | None:
        async with self._database.tenant(tenant_id, timeout_s=TIMEOUT_S, read_only=True) as conn:
            ordinals = await read_chunk_ordinals(conn, snapshot, chunk)
        if not ordinals:
            return None
        directory = await self._directories.get(tenant_id, snapshot)
        of_ids = np.array(ordinals, np.int32)
        live = of_ids[directory.is_live(of_ids)][:1]
        if not len(live):
            return None
        paths = [directory.files[place].path for place in directory.files_of[int(directory.document_of(live)[0])]]
        async with self._database.tenant(tenant_id, timeout_s=TIMEOUT_S, read_only=True) as conn:
            (passage,) = (await read_passages(conn, snapshot, live.tolist())).values()
        return ChunkText(
            id=chunk,
            snapshot=snapshot,
            path=paths[0],
            other_paths=tuple(paths[1:]),
            start_line=passage.start_line,
            end_line=passage.end_line,
            language=passage.language,
            kind=passage.kind,
            symbol=passage.symbol,
            content=passage.content,
        )
