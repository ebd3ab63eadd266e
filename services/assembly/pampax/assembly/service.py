"""The use case: a bundle for a task."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from typing import TypeVar

from pampax.assembly import must
from pampax.assembly.bundle import Budget, Bundle, Header
from pampax.assembly.candidates import Candidate
from pampax.assembly.composing import Composed, compose
from pampax.assembly.confidence import confidence_of
from pampax.assembly.inside import inside_of, narrowed_to
from pampax.assembly.linked import Links
from pampax.assembly.policies import rules_of
from pampax.assembly.postgres import Kept, Reader
from pampax.assembly.ranking import hit_candidates, task_words
from pampax.assembly.request import BundleRequest, normalised
from pampax.assembly.searching import Hit, Hits, Search, no_hits
from pampax.assembly.seed_paths import unknown_path
from pampax.assembly.signature import sign
from pampax.assembly.stages import COMPOSE, READ, RESOLVE, SEARCH, Stages
from pampax.assembly.standing import standings, weighed
from pampax.assembly.surroundings import Reach, Start, Surroundings, look_around, only_hits, together
from pampax.assembly.text import Subject
from pampax.assembly.wanted import lifted_tests, shown_hits
from pampax.codeintel.tokens import TokenCounter, counter
from pampax.core.errors import Aborted, DeadlineExceeded, ResourceExhausted, Unavailable
from pampax.core.identity import Caller
from pampax.core.places import NamedPlace
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
GRAPH = "graph"  # in `degraded`: links to other repositories, and far ones, were not asked for or not answered

_Result = TypeVar("_Result")
_log = get_logger()


class _Moved(Exception):
    """What was resolved is not what was answered from."""


@dataclass(frozen=True, slots=True)
class _Named:
    """What a request names itself, by repository: paths of seeds that it has, and what must be shown of it."""

    seeds: Mapping[str, frozenset[str]] = field(default_factory=dict)
    musts: Mapping[str, tuple[Candidate, ...]] = field(default_factory=dict)

    def musts_in(self, repository: str) -> tuple[Candidate, ...]:
        return self.musts.get(repository, ())

    @property
    def must_show(self) -> tuple[Candidate, ...]:
        return tuple(each for held in self.musts.values() for each in held)


def _no_one(_header: Header) -> None:
    """Nobody wants to know before the bundle is whole."""


class AssemblyService:
    """Answers for a caller; everything it reads is bounded by the caller's tenant and grants."""

    def __init__(self, database: Database, search: Search, links: Links) -> None:
        self._database = database
        self._search = search
        self._links = links
        self._kept = Kept()
        self._room = asyncio.Semaphore(AT_A_TIME)
        # Counting holds the interpreter's lock, so more threads would only be more memory.
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="compose")

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def assemble(
        self, caller: Caller, request: BundleRequest, begun: Callable[[Header], None] = _no_one
    ) -> Bundle:
        """`begun` hears of the snapshots and the budget as soon as they are known, and again when they have changed.

        InvalidRequest, NotFound, FailedPrecondition (not indexed; what must be shown is too large), Aborted (published
        meanwhile, again and again), Unavailable.
        """
        asked = normalised(request)
        async with self._room:
            for _ in range(TRIES):
                try:
                    return await self._attempt(caller, asked, begun)
                except _Moved:
                    continue
        raise Aborted(
            "the repositories were published again while the bundle was made; try again",
            reason="PUBLISHED_MEANWHILE",
            retry_after_s=1.0,
        )

    async def _attempt(self, caller: Caller, request: BundleRequest, begun: Callable[[Header], None]) -> Bundle:
        stages = Stages()
        with stages.stage(RESOLVE):
            snapshots = await self._resolve(caller, request)
            counts = await self._apart(lambda: counter(request.tokenizer))
            begun(Header(snapshots, Budget(request.token_budget, 0, counts.name, counts.exact)))
            named = await self._named(caller, request, snapshots)
        with stages.stage(SEARCH):
            found = await self._hits(request, snapshots)
        if not found.is_of(snapshots):
            raise _Moved
        inside = inside_of(request)
        shown = frozenset(request.seed_paths) | {place.path for place in request.must_places}
        found = replace(found, hits=shown_hits(found.hits, request, inside, shown))
        with stages.stage(READ), span("assembly.candidates", hits=len(found.hits)) as candidates:
            around, missing = await self._surroundings(caller, snapshots, request, found, named)
            candidates.set(candidates=len(around.candidates))
        degraded = tuple(sorted({*found.degraded, *missing}))
        signature = (
            ""
            if degraded
            else sign(
                request, caller.tenant_id, snapshots, ranking=found.ranking, exact=counts.exact, pasts=around.pasts
            )
        )
        compact = request.format == "compact"
        subject = Subject(request.task, snapshots, signature, degraded, found.notices, narrowed_to(request), compact)
        with (
            stages.stage(COMPOSE),
            span("assembly.compose", candidates=len(around.candidates), budget=request.token_budget) as composing,
        ):
            bundle = await self._apart(lambda: _composed(request, subject, around, found, named.must_show, counts))
            composing.set(used=bundle.budget.used)
        return replace(bundle, timings=stages.told)

    async def _hits(self, request: BundleRequest, snapshots: tuple[Snapshot, ...]) -> Hits:
        """What search finds. Without it a bundle is made of the files that the request names, if it names any."""
        try:
            return await self._search.hits(request)
        except (DeadlineExceeded, Unavailable) as error:
            if not request.seed_paths and not request.must_include:
                raise
            _log.warning("bundle without search", op="assemble", err_code=error.reason, detail=error.message)
            return no_hits(snapshots)

    async def _resolve(self, caller: Caller, request: BundleRequest) -> tuple[Snapshot, ...]:
        async with self._database.tenant(caller.tenant_id, timeout_s=RESOLVE_TIMEOUT_S, read_only=True) as conn:
            return tuple(await resolve(conn, caller.principal_id, request.repositories, request.ref))

    async def _named(self, caller: Caller, request: BundleRequest, snapshots: Sequence[Snapshot]) -> _Named:
        """What the request names, by repository; NotFound for what none has."""
        places = request.must_places
        if not request.seed_paths and not places:
            return _Named()
        seeds: dict[str, frozenset[str]] = {}
        files: dict[str, dict[str, must.InFile]] = {}
        paths: list[str] = []
        async with self._database.tenant(caller.tenant_id, timeout_s=READ_TIMEOUT_S, read_only=True) as conn:
            readers = [await _reader(conn, snapshot, self._kept) for snapshot in snapshots]
            for reader in readers:
                name = reader.snapshot.repository
                seeds[name] = frozenset(row.path for row in await reader.files(request.seed_paths))
                files[name] = await must.files_of(reader, places)
            unknown = _unknown(request, seeds, files)
            if unknown:
                paths = [path for reader in readers for path in await reader.paths()]
        if unknown:
            field, path = unknown
            where = ", ".join(f"{each.repository} at {each.ref}" for each in snapshots[:3]) or "no repository"
            raise await self._apart(lambda: unknown_path(path, where, paths, field))
        return _Named(seeds, await self._apart(lambda: _musts(places, files)))

    async def _surroundings(
        self,
        caller: Caller,
        snapshots: Sequence[Snapshot],
        request: BundleRequest,
        found: Hits,
        named: _Named,
    ) -> tuple[Surroundings, Set[str]]:
        """Over all repositories that have a hit or something named, and what could not be read. Unavailable where that
        is what must be shown."""
        candidates = await self._apart(lambda: hit_candidates(found.hits, request.task))
        hits = dict(zip(candidates, found.hits, strict=True))
        linked, missing = await self._linked(request, snapshots, hits)
        reach = Reach(inside_of(request), request.depth, frozenset[str]().union(*task_words(request.task).values()))
        parts: list[Surroundings] = []
        until = asyncio.get_running_loop().time() + AROUND_TIMEOUT_S
        for snapshot in snapshots:
            name = snapshot.repository
            start = Start(
                hits={each: hit for each, hit in hits.items() if each.place.repository == name},
                seed_paths=named.seeds.get(name, frozenset()),
                musts=[each.place for each in named.musts_in(name)],
                linked=[each for each in linked if each.place.repository == name],
            )
            if not start:
                continue
            try:
                async with asyncio.timeout_at(until):
                    parts.append(await self._around(caller, snapshot, start, reach))
            except (TimeoutError, DeadlineExceeded, ResourceExhausted, Unavailable) as error:
                if start.musts:
                    raise Unavailable(
                        "what must be included could not be read in time; try again shortly", retry_after_s=1.0
                    ) from error
                _log.warning("surroundings left out", op="assemble", detail=str(error) or "they were late")
                parts.append(only_hits(start.hits))
                missing = {*missing, SURROUNDINGS}
        return together(parts), frozenset(missing)

    async def _linked(
        self, request: BundleRequest, snapshots: Sequence[Snapshot], hits: Mapping[Candidate, Hit]
    ) -> tuple[tuple[Candidate, ...], Set[str]]:
        """What the graph links to the hits, and what of it did not answer."""
        try:
            linked = await self._links.around(hits, snapshots, request.ref or "", request.depth)
        except (DeadlineExceeded, ResourceExhausted, Unavailable) as error:
            _log.warning("links left out", op="assemble", err_code=error.reason, detail=error.message)
            return (), {GRAPH}
        if not linked.is_whole:
            raise _Moved
        return linked.candidates, frozenset()

    async def _around(self, caller: Caller, snapshot: Snapshot, start: Start, reach: Reach) -> Surroundings:
        async with self._database.tenant(caller.tenant_id, timeout_s=READ_TIMEOUT_S, read_only=True) as conn:
            return await look_around(await _reader(conn, snapshot, self._kept), start, reach)

    async def _apart(self, work: Callable[[], _Result]) -> _Result:
        """CPU-bound work off the event loop, in the request's context: what it logs has the request's ids."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, copy_context().run, work)


async def _reader(conn: Connection, snapshot: Snapshot, kept: Kept) -> Reader:
    try:
        return await Reader.of(conn, snapshot, kept)
    except Aborted as error:
        if error.reason == SNAPSHOT_REPLACED:
            raise _Moved from error
        raise


def _unknown(
    request: BundleRequest, seeds: Mapping[str, frozenset[str]], files: Mapping[str, Mapping[str, must.InFile]]
) -> tuple[str, str] | None:
    """The first field and path that no repository has."""
    missing = sorted(set(request.seed_paths) - {path for held in seeds.values() for path in held})
    if missing:
        return "seed_paths", missing[0]
    named = sorted({place.path for place in request.must_places} - {path for held in files.values() for path in held})
    return ("must_include", named[0]) if named else None


def _musts(
    places: Sequence[NamedPlace], files: Mapping[str, dict[str, must.InFile]]
) -> dict[str, tuple[Candidate, ...]]:
    """By repository; NotFound for lines and names that no file of that path has."""
    found: dict[str, list[Candidate]] = {name: [] for name in files}
    for place in places:
        held = {name: must.candidates_in(name, inside, place) for name, inside in files.items()}
        if not any(held.values()):
            raise must.not_there(place, next(inside[place.path] for inside in files.values() if place.path in inside))
        for name, candidates in held.items():
            found[name] += candidates
    return {name: tuple(candidates) for name, candidates in found.items()}


def _composed(
    request: BundleRequest,
    subject: Subject,
    around: Surroundings,
    found: Hits,
    musts: Sequence[Candidate],
    counts: TokenCounter,
) -> Bundle:
    """CPU-bound, as `compose` is."""
    standing = standings(around.signs)
    candidates = weighed(lifted_tests(around.candidates, request), standing)
    rules = rules_of(request.policy, request.depth)
    composed = compose(
        subject, candidates, around.files, request.token_budget, counts, musts=musts, rules=rules, standing=standing
    )
    confidence = confidence_of(found.hits, task_words(request.task), composed.items, composed.fitted)
    return replace(_bundle(composed, subject, request, counts, found.ranking), confidence=confidence)


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
