"""The sources of evidence about one snapshot: words, names and definitions in one transaction, vectors beside it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from pampax.core.errors import Aborted, DeadlineExceeded, ResourceExhausted, Unavailable
from pampax.embedding.base import Embedder
from pampax.runtime.logging import get_logger
from pampax.runtime.telemetry.tracing import span
from pampax.search import postgres
from pampax.search.bm25 import Scored
from pampax.search.directory import Directory
from pampax.search.features import name_scores
from pampax.search.frames import match_frames
from pampax.search.gathered import Gathered, Neighbours
from pampax.search.postings import KeptPostings
from pampax.search.query import Query
from pampax.search.request import Mode, SearchRequest
from pampax.search.reranking import Reranker, share_of
from pampax.search.vectors import read_neighbours
from pampax.storage.database import Connection, Database
from pampax.storage.snapshots import Snapshot
from pampax.storage.trouble import translated_errors

MAX_NEIGHBOURS = 256
MAX_NAMED_CHUNKS = 32  # chunks with the best names whose definitions are looked at
SEMANTIC, LEXICAL = "semantic", "lexical"
# Later than this the answer goes out without the part, and says so. Both begin at the same time; what follows them
# needs the rest of the ten seconds that a search has.
SEMANTIC_TIMEOUT_S = 2.0
LEXICAL_TIMEOUT_S = 4.0

_log = get_logger()


@dataclass(frozen=True, slots=True)
class Sources:
    """Where evidence comes from."""

    database: Database
    embedder: Embedder
    reranker: Reranker | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A request of one tenant, with its text taken apart. `repositories`: how many are searched together; `began`, by
    `time.monotonic()`."""

    tenant_id: UUID
    request: SearchRequest
    query: Query
    repositories: int = 1
    began: float = field(default_factory=time.monotonic)

    @property
    def asks_vectors(self) -> bool:
        return self.request.mode not in (Mode.LEXICAL, Mode.SYMBOL)

    @property
    def asks_closeness(self) -> bool:
        """A single name is looked for as it is written."""
        return self.asks_vectors and bool(self.query.terms) and not self.query.single_token

    @property
    def reranked(self) -> int:
        """How many of the best chunks of each repository a reranker reads."""
        return share_of(self.repositories) if self.request.reranker and self.asks_closeness else 0


async def read_words(
    conn: Connection, kept: KeptPostings, question: Question, snapshot: Snapshot, directory: Directory
) -> Gathered:
    """Everything but vectors. Two round trips, the second of which asks for definitions where the first found the best
    names, and one more for a stack trace."""
    query = question.query
    if not query.terms and not query.names:
        return Gathered()
    frames = await postgres.read_frame_chunks(conn, snapshot, match_frames(directory, query.frames))
    fields = [postgres.NAMES] if question.request.mode is Mode.SYMBOL else [postgres.WORDS, postgres.NAMES]
    lists = await kept.read(conn, snapshot, directory, tuple(query.terms), fields)
    names = name_scores(directory, query, lists[postgres.NAMES])
    definitions = await postgres.read_definitions(conn, snapshot, query.names, _best(names))
    return Gathered(lists.get(postgres.WORDS, {}), names, tuple(definitions), frames)


async def find_words(
    conn: Connection, kept: KeptPostings, question: Question, snapshot: Snapshot, directory: Directory
) -> tuple[Gathered, tuple[str, ...]]:
    """Everything but vectors, and the name of this part when it was late.

    Only a hybrid search has other evidence; for the others it is DeadlineExceeded.
    """
    try:
        with translated_errors():
            async with asyncio.timeout(LEXICAL_TIMEOUT_S):
                return await read_words(conn, kept, question, snapshot, directory), ()
    except (TimeoutError, DeadlineExceeded) as error:
        if question.request.mode is not Mode.HYBRID:
            raise late(LEXICAL) from error
        _log.warning("answering without words", op="search", repository=snapshot.repository)
        return Gathered(), (LEXICAL,)


def late(part: str) -> DeadlineExceeded:
    return DeadlineExceeded(f"the {part} part of the search was not ready in time; ask for less, or try again shortly")


async def find_neighbours(
    sources: Sources, question: Question, snapshot: Snapshot, directory: Directory
) -> tuple[Neighbours | None, tuple[str, ...]]:
    """The nearest chunks, and the name of this part when it failed."""
    if not question.asks_vectors or snapshot.vectors_to is not None:
        return None, ()
    vector = sources.embedder.embed_query(question.query.text)
    if not vector.any():  # no word that the model knows: nothing is near
        return None, ()
    try:
        with span("search.vectors", exact=question.request.exact_vectors):
            return await _neighbours(sources, question, snapshot, directory, vector), ()
    except (Aborted, Unavailable, DeadlineExceeded, ResourceExhausted) as error:
        _log.warning("answering without vectors", op="search", err_code=error.reason, repository=snapshot.repository)
        return None, (SEMANTIC,)


async def _neighbours(
    sources: Sources, question: Question, snapshot: Snapshot, directory: Directory, vector: NDArray[np.float32]
) -> Neighbours:
    exact = question.request.exact_vectors
    try:
        async with (
            asyncio.timeout(SEMANTIC_TIMEOUT_S),
            sources.database.tenant(question.tenant_id, timeout_s=SEMANTIC_TIMEOUT_S, read_only=True) as conn,
        ):
            return await read_neighbours(conn, snapshot, directory, vector, MAX_NEIGHBOURS, exact=exact)
    except TimeoutError as error:
        raise late(SEMANTIC) from error


def _best(names: Scored) -> list[int]:
    order = np.lexsort((names.ordinals, -names.scores))[:MAX_NAMED_CHUNKS]
    best: list[int] = names.ordinals[order].tolist()
    return best
