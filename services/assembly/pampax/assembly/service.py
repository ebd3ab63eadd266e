"""The use case: a bundle for a task."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from pampax.assembly.bundle import Budget, Bundle
from pampax.assembly.candidates import Candidate
from pampax.assembly.composing import Composed, compose
from pampax.assembly.inside import Inside, inside_of, narrowed_to
from pampax.assembly.postgres import Reader
from pampax.assembly.ranking import hit_candidates
from pampax.assembly.request import BundleRequest, normalised
from pampax.assembly.searching import Hit, Hits, Search, no_hits
from pampax.assembly.seed_paths import unknown_path
from pampax.assembly.signature import sign
from pampax.assembly.surroundings import Surroundings, look_around, only_hits, together
from pampax.assembly.text import Subject
from pampax.codeintel.tokens import TokenCounter, counter
from pampax.core.errors import Aborted, DeadlineExceeded, ResourceExhausted, Unavailable
from pampax.core.identity import Caller
from pampax.runtime.logging import get_logger
from pampax.runtime.telemetry.tracing import span
from pampax.storage.database import Connection, Database
from pampax.storage.snapshots import SNAPSHOT_REPLACED, Snapshot, resolve

RESOLVE_TIMEOUT_S = 2.0
READ_TIMEOUT_S = 5.0
TRIES = 3  # a publish may slip between resolving, searching and reading
AT_A_TIME = 4  # bundles in the making; each holds up to some ten megabytes of text
# For the surroundings in all repositories together: search before it and composing after it need the rest of 20 s.
AROUND_TIMEOUT_S = 6.0
SURROUNDINGS = "surroundings"  # in `degraded`: definitions, tests and neighbours were not read

_Result = TypeVar("_Result")
_log = get_logger()


class _Moved(Exception):
    """What was resolved is not what was answered from."""


class AssemblyService:
    """Answers for a caller; everything it reads is bounded by the caller's tenant and grants."""

    def __init__(self, database: Database, search: Search) -> None:
        self._database = database
        self._search = search
        self._room = asyncio.Semaphore(AT_A_TIME)
        # Counting holds the interpreter's lock, so more threads would only be more memory.
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="compose")

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def assemble(self, caller: Caller, request: BundleRequest) -> Bundle:
        """InvalidRequest, NotFound, FailedPrecondition (not indexed), Aborted (published meanwhile, again and again),
        Unavailable."""
        asked = normalised(request)
        async with self._room:
            for _ in range(TRIES):
                try:
                    return await self._attempt(caller, asked)
                except _Moved:
                    continue
        raise Aborted(
            "the repositories were published again while the bundle was made; try again",
            reason="PUBLISHED_MEANWHILE",
            retry_after_s=1.0,
        )

    async def _attempt(self, caller: Caller, request: BundleRequest) -> Bundle:
        snapshots = await self._resolve(caller, request)
        seeds = await self._seeds(caller, request, snapshots)
        found = await self._hits(request, snapshots)
        if not found.is_of(snapshots):
            raise _Moved
        with span("assembly.candidates", hits=len(found.hits)) as candidates:
            around, missing = await self._surroundings(caller, snapshots, request, found, seeds)
            candidates.set(candidates=len(around.candidates))
        counts = await self._apart(lambda: counter(request.tokenizer))
        degraded = tuple(sorted({*found.degraded, *missing}))
        signature = (
            "" if degraded else sign(request, caller.tenant_id, snapshots, ranking=found.ranking, exact=counts.exact)
        )
        subject = Subject(request.task, snapshots, signature, degraded, found.notices, narrowed_to(request))
        with span("assembly.compose", candidates=len(around.candidates), budget=request.token_budget) as composing:
            composed = await self._apart(
                lambda: compose(subject, around.candidates, around.files, request.token_budget, counts)
            )
            composing.set(used=composed.used)
        return _bundle(composed, subject, request, counts, found.ranking)

    async def _hits(self, request: BundleRequest, snapshots: tuple[Snapshot, ...]) -> Hits:
        """What search finds. Without it a bundle is made of the files that the request names, if it names any."""
        try:
            return await self._search.hits(request)
        except (DeadlineExceeded, Unavailable) as error:
            if not request.seed_paths:
                raise
            _log.warning("bundle without search", op="assemble", err_code=error.reason, detail=error.message)
            return no_hits(snapshots)

    async def _resolve(self, caller: Caller, request: BundleRequest) -> tuple[Snapshot, ...]:
        async with self._database.tenant(caller.tenant_id, timeout_s=RESOLVE_TIMEOUT_S, read_only=True) as conn:
            return tuple(await resolve(conn, caller.principal_id, request.repositories, request.ref))

    async def _seeds(
        self, caller: Caller, request: BundleRequest, snapshots: Sequence[Snapshot]
    ) -> Mapping[str, frozenset[str]]:
        """Repository -> those of the named paths that it has; NotFound for a path that none has."""
        if not request.seed_paths:
            return {}
        found: dict[str, frozenset[str]] = {}
        paths: list[str] = []
        async with self._database.tenant(caller.tenant_id, timeout_s=READ_TIMEOUT_S, read_only=True) as conn:
            readers = [await _reader(conn, snapshot) for snapshot in snapshots]
            for reader in readers:
                rows = await reader.files(request.seed_paths)
                found[reader.snapshot.repository] = frozenset(row.path for row in rows)
            missing = sorted(set(request.seed_paths) - {path for held in found.values() for path in held})
            if missing:
                paths = [path for reader in readers for path in await reader.paths()]
        if missing:
            where = ", ".join(f"{each.repository} at {each.ref}" for each in snapshots[:3]) or "no repository"
            raise await self._apart(lambda: unknown_path(missing[0], where, paths))
        return found

    async def _surroundings(
        self,
        caller: Caller,
        snapshots: Sequence[Snapshot],
        request: BundleRequest,
        found: Hits,
        seeds: Mapping[str, frozenset[str]],
    ) -> tuple[Surroundings, tuple[str, ...]]:
        """Over all repositories that have a hit or a seed, and what could not be read."""
        candidates = await self._apart(lambda: hit_candidates(found.hits, request.task))
        hits = dict(zip(candidates, found.hits, strict=True))
        parts: list[Surroundings] = []
        degraded: tuple[str, ...] = ()
        inside = inside_of(request)
        until = asyncio.get_running_loop().time() + AROUND_TIMEOUT_S
        for snapshot in snapshots:
            own = {each: hit for each, hit in hits.items() if each.place.repository == snapshot.repository}
            named = seeds.get(snapshot.repository, frozenset())
            if not own and not named:
                continue
            try:
                async with asyncio.timeout_at(until):
                    parts.append(await self._around(caller, snapshot, own, named, inside))
            except (TimeoutError, DeadlineExceeded, ResourceExhausted, Unavailable) as error:
                _log.warning("surroundings left out", op="assemble", detail=str(error) or "they were late")
                parts.append(only_hits(own))
                degraded = (SURROUNDINGS,)
        return together(parts), degraded

    async def _around(
        self,
        caller: Caller,
        snapshot: Snapshot,
        hits: Mapping[Candidate, Hit],
        seeds: frozenset[str],
        inside: Inside,
    ) -> Surroundings:
        async with self._database.tenant(caller.tenant_id, timeout_s=READ_TIMEOUT_S, read_only=True) as conn:
            reader = await _reader(conn, snapshot)
            return await look_around(reader, hits, seeds, inside)

    async def _apart(self, work: Callable[[], _Result]) -> _Result:
        """CPU-bound work off the event loop, in the request's context: what it logs has the request's ids."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, copy_context().run, work)


async def _reader(conn: Connection, snapshot: Snapshot) -> Reader:
    try:
        return await Reader.of(conn, snapshot)
    except Aborted as error:
        if error.reason == SNAPSHOT_REPLACED:
            raise _Moved from error
        raise


def _bundle(composed: Composed, subject: Subject, request: BundleRequest, counts: TokenCounter, ranking: str) -> Bundle:
    return Bundle(
        signature=subject.signature,
        markdown=composed.markdown,
        items=composed.items,
        omitted=composed.omitted,
        budget=Budget(request.token_budget, composed.used, counts.name, counts.exact),
        stopping_reason=composed.stopping_reason,
        degraded=subject.degraded,
        snapshots=subject.snapshots,
        notices=subject.notices,
        ranking=ranking,
    )
