"""Asks every source of evidence about one snapshot, in parallel; what fails is left out and named."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from pampax.core.errors import DeadlineExceeded, ResourceExhausted, Unavailable
from pampax.embedding.base import Embedder
from pampax.runtime.logging import get_logger
from pampax.search import features, postgres
from pampax.search.directory import Directory
from pampax.search.gathered import Definition, Gathered, Neighbours
from pampax.search.query import Query
from pampax.search.request import Mode, SearchRequest
from pampax.storage.database import Database
from pampax.storage.posting import Posting
from pampax.storage.snapshots import Snapshot

MAX_NEIGHBOURS = 256
MAX_NAMED_CHUNKS = 100  # chunks with the best names whose symbols are looked at
LEXICAL_TIMEOUT_S = 5.0
SEMANTIC_TIMEOUT_S = 2.0  # later than this the answer goes out without vectors, and says so

_log = get_logger()


@dataclass(frozen=True, slots=True)
class Sources:
    """Where evidence comes from."""

    database: Database
    embedder: Embedder


async def gather(
    sources: Sources, tenant_id: UUID, snapshot: Snapshot, directory: Directory, query: Query, request: SearchRequest
) -> tuple[Gathered, tuple[str, ...]]:
    """What the sources found, and the names of those that failed. An error of the words' source is raised."""
    neighbours = asyncio.create_task(_neighbours(sources, tenant_id, snapshot, directory, query, request))
    try:
        words, names, exact, named = await _lexical(sources, tenant_id, snapshot, directory, query, request.mode)
        near, degraded = await neighbours
    finally:
        neighbours.cancel()
    return Gathered(words, names, near, exact, named), degraded


_Lexical = tuple[dict[str, Posting], dict[str, Posting], tuple[Definition, ...], tuple[Definition, ...]]


async def _lexical(
    sources: Sources, tenant_id: UUID, snapshot: Snapshot, directory: Directory, query: Query, mode: Mode
) -> _Lexical:
    if mode is Mode.SEMANTIC:
        return {}, {}, (), ()
    fields = [postgres.NAMES] if mode is Mode.SYMBOL else [postgres.WORDS, postgres.NAMES]
    async with sources.database.tenant(tenant_id, timeout_s=LEXICAL_TIMEOUT_S, read_only=True) as conn:
        words, names = await postgres.read_postings(conn, snapshot, query.terms, fields)
        exact = await postgres.read_definitions(conn, snapshot, query.names)
        best = _best_named(directory, query, names)
        named = await postgres.read_definitions_in(conn, snapshot, best) if best else ()
    return words, names, exact, named


def _best_named(directory: Directory, query: Query, names: dict[str, Posting]) -> list[int]:
    scored = features.name_scores(directory, query, Gathered(names=names))
    order = np.lexsort((scored.ordinals, -scored.scores))[:MAX_NAMED_CHUNKS]
    best: list[int] = scored.ordinals[order].tolist()
    return best


async def _neighbours(
    sources: Sources, tenant_id: UUID, snapshot: Snapshot, directory: Directory, query: Query, request: SearchRequest
) -> tuple[Neighbours | None, tuple[str, ...]]:
    if request.mode in (Mode.LEXICAL, Mode.SYMBOL):
        return None, ()
    vector = sources.embedder.embed_query(query.text)
    if not vector.any():  # no word that the model knows: nothing is near
        return None, ()
    try:
        return await _nearest(sources, tenant_id, snapshot, directory, vector, exact=request.exact_vectors), ()
    except (Unavailable, DeadlineExceeded, ResourceExhausted) as error:
        _log.warning("answering without vectors", op="search", err_code=error.reason, repository=snapshot.repository)
        return None, ("semantic",)


async def _nearest(
    sources: Sources, tenant_id: UUID, snapshot: Snapshot, directory: Directory, vector: NDArray[np.float32],
    *, exact: bool,
) -> Neighbours:  # fmt: skip
    async with sources.database.tenant(tenant_id, timeout_s=SEMANTIC_TIMEOUT_S, read_only=True) as conn:
        return await postgres.read_neighbours(
            conn, snapshot, directory.live_chunks, vector, MAX_NEIGHBOURS, exact=exact
        )
