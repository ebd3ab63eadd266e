"""The use cases: search chunks over one or several repositories, and read a file."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from pampax.core.errors import FailedPrecondition, NotFound
from pampax.core.identity import Caller
from pampax.core.ids import chunk_id
from pampax.search import features, pages, postgres, weights
from pampax.search.answer import DETAILS, Answer, Evidence, FileText, Result
from pampax.search.directories import Directories
from pampax.search.directory import Directory
from pampax.search.features import ChunkFeatures, Features
from pampax.search.filters import Allowed, allowed_by
from pampax.search.gather import Sources, gather
from pampax.search.postgres import ChunkRow
from pampax.search.query import Query, read_query
from pampax.search.ranking import RankedChunk, rank_chunks
from pampax.search.request import Mode, SearchRequest, check
from pampax.storage.snapshots import Snapshot, resolve

RESOLVE_TIMEOUT_S = 2.0
CONTENT_TIMEOUT_S = 5.0
PARALLEL_REPOSITORIES = 4  # asked at a time by one search; each takes two connections
MAX_CANDIDATES_BY_KIND = 2_000  # candidate chunks whose kind is looked up when a request filters by kind
MAX_FILE_LINES = 20_000


@dataclass(frozen=True, slots=True)
class _Hit:
    """A ranked chunk of one repository."""

    snapshot: Snapshot
    directory: Directory
    allowed: Allowed
    chunk: RankedChunk


class SearchService:
    """Answers for a caller; everything it reads is bounded by the caller's tenant and grants."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._directories = Directories(sources.database)

    async def search(self, caller: Caller, request: SearchRequest) -> Answer:
        """InvalidRequest, NotFound, FailedPrecondition (not indexed, stale, stale page) or Unavailable."""
        check(request)
        query = read_query(request.query.strip(), request.intent)
        snapshots = await self._resolve(caller, request.repositories, request.ref)
        _refuse_stale(snapshots, request.max_staleness_s)
        offset = pages.offset_of(request, snapshots)
        most = offset + request.limit + 1
        found = await self._all_hits(caller, snapshots, query, request, most)
        hits = sorted(itertools.chain.from_iterable(hits for hits, _ in found), key=_order)
        degraded = sorted({part for _, parts in found for part in parts})
        page = hits[offset : offset + request.limit]
        token = pages.next_token(request, snapshots, offset + request.limit) if len(hits) >= most else ""
        results = await self._results(caller.tenant_id, page, explain=request.explain)
        return Answer(results, query.intent, tuple(degraded), snapshots, token)

    async def read_file(
        self, caller: Caller, repository: str, path: str, ref: str | None, start_line: int, end_line: int
    ) -> FileText:
        """NotFound when the snapshot has no such file. Lines 0 stand for the first and the last."""
        (snapshot,) = await self._resolve(caller, (repository,), ref)
        directory = await self._directories.get(caller.tenant_id, snapshot)
        row = next((file for file in directory.files if file.path == path), None)
        if row is None:
            raise NotFound(
                f"{repository} at {snapshot.ref} has no indexed file {path!r}; check the path, or whether the file is "
                "skipped (binary, generated, too large)",
                reason="FILE_NOT_FOUND",
            )
        async with self._sources.database.tenant(caller.tenant_id, timeout_s=CONTENT_TIMEOUT_S, read_only=True) as conn:
            blobs = await postgres.read_blobs(conn, snapshot.repository_id, [row.blob_id])
        lines = split_lines(blobs[row.blob_id])
        first = max(start_line, 1)
        last = min(end_line or len(lines), len(lines), first + MAX_FILE_LINES - 1)
        if lines and first > len(lines):
            raise NotFound(f"{path} has {len(lines)} lines, line {first} does not exist", reason="LINE_NOT_FOUND")
        content = "\n".join(lines[first - 1 : last])
        return FileText(
            snapshot, path, row.language, row.blob_id.hex(), content, first if lines else 0, last, len(lines)
        )

    async def _resolve(
        self, caller: Caller, repositories: tuple[str, ...] | None, ref: str | None
    ) -> tuple[Snapshot, ...]:
        async with self._sources.database.tenant(caller.tenant_id, timeout_s=RESOLVE_TIMEOUT_S, read_only=True) as conn:
            return tuple(await resolve(conn, caller.principal_id, repositories, ref))

    async def _all_hits(
        self, caller: Caller, snapshots: Sequence[Snapshot], query: Query, request: SearchRequest, most: int
    ) -> list[tuple[list[_Hit], tuple[str, ...]]]:
        """Per snapshot, its hits and the parts that failed. The first error ends the others."""
        room = asyncio.Semaphore(PARALLEL_REPOSITORIES)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._hits(room, caller, each, query, request, most)) for each in snapshots]
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return [task.result() for task in tasks]

    async def _hits(
        self, room: asyncio.Semaphore, caller: Caller, snapshot: Snapshot, query: Query, request: SearchRequest,
        most: int,
    ) -> tuple[list[_Hit], tuple[str, ...]]:  # fmt: skip
        async with room:
            directory = await self._directories.get(caller.tenant_id, snapshot)
            allowed = await asyncio.to_thread(allowed_by, request, directory)
            found, degraded = await gather(self._sources, caller.tenant_id, snapshot, directory, query, request)
            computed = await asyncio.to_thread(features.compute, directory, _asked(query, request.mode), found)
            chunks = await self._allowed_chunks(caller.tenant_id, snapshot, computed, request)
        vector = weights.NAME if query.single_token else weights.SENTENCE
        ranked = rank_chunks(computed, vector, allowed.documents, chunks, one_per_file=request.by_file)
        best = await asyncio.to_thread(lambda: list(itertools.islice(ranked, most)))
        return [_Hit(snapshot, directory, allowed, chunk) for chunk in best], degraded

    async def _allowed_chunks(
        self, tenant_id: UUID, snapshot: Snapshot, computed: Features, request: SearchRequest
    ) -> np.ndarray[tuple[int], np.dtype[np.bool_]] | None:
        chunks = computed.chunks
        if request.mode is Mode.SYMBOL:
            values = chunks.values
            mask = np.asarray((values["symbol"] > 0) | (values["definition"] > 0), np.bool_)
        elif request.kinds:
            mask = np.ones(len(chunks.ordinals), np.bool_)
        else:
            return None
        if request.kinds:
            mask &= await self._of_kinds(tenant_id, snapshot, chunks, request.kinds)
        return mask

    async def _of_kinds(
        self, tenant_id: UUID, snapshot: Snapshot, chunks: ChunkFeatures, kinds: frozenset[str]
    ) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        strength = sum(chunks.values.values())
        best = np.lexsort((chunks.ordinals, -np.asarray(strength)))[:MAX_CANDIDATES_BY_KIND]
        async with self._sources.database.tenant(tenant_id, timeout_s=CONTENT_TIMEOUT_S, read_only=True) as conn:
            rows = await postgres.read_chunks(conn, snapshot, chunks.ordinals[best].tolist())
        mask = np.zeros(len(chunks.ordinals), np.bool_)
        mask[best] = [rows[ordinal].kind in kinds for ordinal in chunks.ordinals[best].tolist()]
        return mask

    async def _results(self, tenant_id: UUID, hits: Sequence[_Hit], *, explain: bool) -> tuple[Result, ...]:
        """Reads places and texts, one repository after the other in one transaction."""
        if not hits:
            return ()
        results: dict[tuple[int, int], Result] = {}
        async with self._sources.database.tenant(tenant_id, timeout_s=CONTENT_TIMEOUT_S, read_only=True) as conn:
            by_snapshot = sorted(hits, key=lambda hit: hit.snapshot.snapshot_id)
            for _, group in itertools.groupby(by_snapshot, key=lambda hit: hit.snapshot.snapshot_id):
                members = list(group)
                snapshot = members[0].snapshot
                rows = await postgres.read_chunks(conn, snapshot, [hit.chunk.ordinal for hit in members])
                blobs = await postgres.read_blobs(conn, snapshot.repository_id, {row.blob_id for row in rows.values()})
                texts = {blob: split_lines(content) for blob, content in blobs.items()}
                for hit in members:
                    row = rows[hit.chunk.ordinal]
                    results[snapshot.snapshot_id, row.ordinal] = _result(hit, row, texts[row.blob_id], explain=explain)
        return tuple(results[hit.snapshot.snapshot_id, hit.chunk.ordinal] for hit in hits)


def split_lines(content: bytes) -> list[str]:
    """Lines as git and editors count them; bytes that are not UTF-8 are replaced."""
    lines = content.decode("utf-8", "replace").split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    return lines


def _asked(query: Query, mode: Mode) -> Query:
    """Semantic mode looks at vectors alone: neither words nor paths."""
    return Query(query.text, {}, (), query.intent) if mode is Mode.SEMANTIC else query


def _refuse_stale(snapshots: Sequence[Snapshot], most_s: float | None) -> None:
    if most_s is None:
        return
    now = time.time()
    for snapshot in snapshots:
        age = now - snapshot.published_at
        if age > most_s:
            raise FailedPrecondition(
                f"{snapshot.repository} at {snapshot.ref} was indexed {age:.0f} s ago, more than the {most_s:g} s "
                "asked for; index it again or allow more",
                reason="STALE",
            )


def _order(hit: _Hit) -> tuple[float, str, int]:
    # Rounded, so that the last bits of a sum cannot order equals differently on another machine.
    return (-round(hit.chunk.score, 6), hit.snapshot.repository, hit.chunk.ordinal)


def _result(hit: _Hit, row: ChunkRow, lines: Sequence[str], *, explain: bool) -> Result:
    first, *others = hit.allowed.paths(hit.directory, hit.chunk.document)
    others = [file for file in hit.directory.files_of[hit.chunk.document] if file != first]
    evidence = tuple(
        Evidence(part.source, part.rank, part.points, part.value, DETAILS[part.source]) for part in hit.chunk.parts
    )
    return Result(
        id=chunk_id(row.blob_id.hex(), row.language, row.start_line, row.end_line),
        snapshot=hit.snapshot,
        path=hit.directory.files[first].path,
        other_paths=tuple(hit.directory.files[file].path for file in others),
        start_line=row.start_line,
        end_line=row.end_line,
        language=row.language,
        kind=row.kind,
        symbol=row.symbol,
        score=hit.chunk.score,
        content="\n".join(lines[row.start_line - 1 : row.end_line]),
        evidence=evidence if explain else (),
    )
