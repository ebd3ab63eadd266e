"""The use cases: search chunks over one or several repositories, and read a file."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from pampax.core.errors import Aborted, FailedPrecondition, NotFound
from pampax.core.identity import Caller
from pampax.search import pages
from pampax.search.answer import Answer, FileText
from pampax.search.browsing import Browsing
from pampax.search.directories import Directories
from pampax.search.gather import Question, Sources, late
from pampax.search.hits import Found
from pampax.search.pattern.reading import read_pattern
from pampax.search.pattern.search import PatternSearch
from pampax.search.postgres import read_lines
from pampax.search.query import Intent, read_query
from pampax.search.request import Mode, SearchRequest, check, check_names
from pampax.search.results import read_results
from pampax.search.snapshot_search import WORDS_TIMEOUT_S, Begun, SnapshotSearch
from pampax.search.warming import warm_connections
from pampax.search.why_not import Stage, WhyNot
from pampax.storage.database import Connection
from pampax.storage.snapshots import SNAPSHOT_REPLACED, Snapshot, resolve

FILE_TIMEOUT_S = 5.0
PARALLEL_REPOSITORIES = 4  # asked at a time by one search; each takes two connections
MAX_FILE_LINES = 20_000


class SearchService:
    """Answers for a caller; everything it reads is bounded by the caller's tenant and grants."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._database = sources.database
        self._directories = Directories(sources.database)
        self.browsing = Browsing(sources.database, self._directories)
        self._snapshots = SnapshotSearch(sources, self._directories)
        self._patterns = PatternSearch(sources, self._directories)
        self._warm = False

    @property
    def directories(self) -> Directories:
        """Of the snapshots searched lately, for others who read them."""
        return self._directories

    async def warm(self) -> bool:
        """Makes the first searches as fast as later ones; True when done. Unavailable while the database is away."""
        if not self._warm:
            await warm_connections(self._database, self._sources.embedder.dimensions)
            self._warm = True
        return True

    async def search(self, caller: Caller, request: SearchRequest) -> Answer:
        """InvalidRequest, NotFound, FailedPrecondition (not indexed, stale, stale page) or Unavailable."""
        check(request)
        try:
            return await self._search(caller, request)
        except Aborted as error:
            if error.reason != SNAPSHOT_REPLACED:
                raise
        # A ref or a repository was deleted under way: once more, over what is published now.
        return await self._search(caller, request)

    async def _search(self, caller: Caller, request: SearchRequest) -> Answer:
        pattern, notices = read_pattern(request)
        query = read_query(request.query.strip(), request.intent)
        if request.mode is Mode.SEMANTIC:
            query = query.without_words()
        question = Question(caller.tenant_id, request, query)
        async with self._database.tenant(caller.tenant_id, timeout_s=WORDS_TIMEOUT_S, read_only=True) as conn:
            snapshots = tuple(await resolve(conn, caller.principal_id, request.repositories, request.ref))
            _refuse_stale(snapshots, request.max_staleness_s)
            offset = pages.offset_of(request, snapshots)
            question = replace(question, repositories=len(snapshots))
            begun = None if pattern else await self._begin(conn, question, snapshots)
        end = offset + request.limit
        if pattern is None:
            found = await self._ranked(question, snapshots, begun, end + 1)
            answer = await self._answer(question, query.intent, snapshots, found, offset)
            return replace(answer, notices=(*notices, *answer.notices))
        matching = partial(self._patterns.search, question, pattern.matcher, most=end + 1)
        found = await _each(snapshots, matching)
        if pattern.surely or any(each.hits for each in found):
            return await self._answer(question, pattern.intent, snapshots, found, offset)
        found = await self._ranked(question, snapshots, None, end + 1)
        answer = await self._answer(question, query.intent, snapshots, found, offset)
        told = f"nothing matches {pattern.matcher.pattern.text!r} as it stands; these are found by its words"
        return replace(answer, notices=(told, *answer.notices))

    async def _answer(
        self, question: Question, intent: Intent, snapshots: tuple[Snapshot, ...], found: Sequence[Found], offset: int
    ) -> Answer:
        request, end = question.request, offset + question.request.limit
        hits = sorted((hit for each in found for hit in each.hits), key=lambda hit: hit.order)
        degraded = sorted({part for each in found for part in each.degraded})
        if degraded and request.page_token:
            raise late(degraded[0])  # pages of which one lacks a part do not fit together
        token = pages.next_token(request, snapshots, end) if len(hits) > end and not degraded else ""
        results = await read_results(self._database, question.tenant_id, hits[offset:end], explain=request.explain)
        return Answer(
            results,
            intent,
            tuple(sorted({*degraded, *(part for each in found for part in each.pending)})),
            snapshots,
            token,
            tuple(each.notice for each in found if each.notice),
            _why_not(found),
            max((each.reranker for each in found), default=""),
        )

    async def read_file(
        self, caller: Caller, repository: str, path: str, ref: str | None, start_line: int, end_line: int
    ) -> FileText:
        """NotFound when the snapshot has no such file. Lines 0 stand for the first and the last."""
        check_names((repository,), ref)
        async with self._database.tenant(caller.tenant_id, timeout_s=FILE_TIMEOUT_S, read_only=True) as conn:
            (snapshot,) = await resolve(conn, caller.principal_id, (repository,), ref)
        file = (await self._directories.get(caller.tenant_id, snapshot)).file_at(path)
        if file is None:
            raise NotFound(
                f"{repository} at {snapshot.ref} has no indexed file {path!r}; check the path, or whether the file is "
                "skipped (binary, generated, too large)",
                reason="FILE_NOT_FOUND",
            )
        async with self._database.tenant(caller.tenant_id, timeout_s=FILE_TIMEOUT_S, read_only=True) as conn:
            lines = await read_lines(conn, snapshot, file.blob_id)
        first = max(start_line, 1)
        if lines and first > len(lines):
            raise NotFound(f"{path} has {len(lines)} lines, line {first} does not exist", reason="LINE_NOT_FOUND")
        last = min(end_line or len(lines), len(lines), first + MAX_FILE_LINES - 1)
        return FileText(
            snapshot=snapshot,
            path=path,
            language=file.language,
            blob_id=file.blob_id.hex(),
            content="\n".join(lines[first - 1 : last]),
            start_line=first if lines else 0,
            end_line=last,
            lines=len(lines),
        )

    async def _begin(self, conn: Connection, question: Question, snapshots: Sequence[Snapshot]) -> Begun | None:
        """The usual case, one repository that was searched lately, goes on in the transaction that found it."""
        directory = self._directories.kept(snapshots[0]) if len(snapshots) == 1 else None
        return await self._snapshots.begin(conn, question, snapshots[0], directory) if directory else None

    async def _ranked(
        self, question: Question, snapshots: Sequence[Snapshot], begun: Begun | None, most: int
    ) -> list[Found]:
        """The best of each snapshot by words, names, paths and vectors."""
        if begun is not None:
            return [await self._snapshots.finish(begun, question, most)]
        return await _each(snapshots, partial(self._snapshots.search, question, most=most))


async def _each(snapshots: Sequence[Snapshot], search: Callable[[Snapshot], Coroutine[Any, Any, Found]]) -> list[Found]:
    """A few at a time; the first error ends the others."""
    room = asyncio.Semaphore(PARALLEL_REPOSITORIES)

    async def ask(snapshot: Snapshot) -> Found:
        async with room:
            return await search(snapshot)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(ask(snapshot)) for snapshot in snapshots]
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


def _why_not(found: Sequence[Found]) -> tuple[tuple[Snapshot, WhyNot], ...]:
    """Where the file that is missed is, or else of all that were searched."""
    told = [(each.snapshot, each.why_not) for each in found if each.why_not is not None]
    return tuple(each for each in told if each[1].stage is not Stage.NOT_INDEXED) or tuple(told)


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
