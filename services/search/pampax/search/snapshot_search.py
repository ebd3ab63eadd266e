"""One question in one snapshot: evidence gathered, features computed, chunks ranked."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pampax.core.errors import DeadlineExceeded
from pampax.runtime.logging import get_logger
from pampax.runtime.telemetry.tracing import span
from pampax.search import closeness, features, phrase, postgres, reranking, weights
from pampax.search.directories import Directories
from pampax.search.directory import Directory
from pampax.search.evidence import evidence_of
from pampax.search.features import ChunkFeatures, Features
from pampax.search.filters import Allowed, allowed_by
from pampax.search.gather import SEMANTIC, Question, Sources, find_neighbours, find_words, late
from pampax.search.gathered import Gathered, Neighbours
from pampax.search.hits import Found, Hit, paths_of
from pampax.search.phrase import Phrase
from pampax.search.postgres import Passage
from pampax.search.postings import KeptPostings
from pampax.search.ranking import RankedChunk, Scores, one_per_document, rank_chunks
from pampax.search.request import Mode
from pampax.search.reranking import Reranker
from pampax.search.why_not import Ranking, why_not
from pampax.storage.database import Connection
from pampax.storage.snapshots import Snapshot

WORDS_TIMEOUT_S = 5.0
KINDS_TIMEOUT_S = 2.0
TEXTS_TIMEOUT_S = 2.0
MAX_CANDIDATES_BY_KIND = 2_000  # candidate chunks whose kind is looked up when a request filters by kind

_log = get_logger()


@dataclass(frozen=True, slots=True, eq=False)
class Begun:
    """A search whose words are read and whose vectors are still asked for."""

    snapshot: Snapshot
    directory: Directory
    words: Gathered
    degraded: tuple[str, ...]
    neighbours: asyncio.Task[tuple[Neighbours | None, tuple[str, ...]]]


class SnapshotSearch:
    """A search in two halves, since nobody may wait for a second connection while holding one: `begin` reads with the
    caller's connection, `finish` waits for the vectors, which have their own, when that one is free again."""

    def __init__(self, sources: Sources, directories: Directories) -> None:
        self._sources = sources
        self._directories = directories
        self._postings = KeptPostings()

    async def search(self, question: Question, snapshot: Snapshot, most: int) -> Found:
        """The best `most` chunks of the snapshot."""
        database, tenant_id = self._sources.database, question.tenant_id
        directory = await self._directories.get(tenant_id, snapshot)
        async with database.tenant(tenant_id, timeout_s=WORDS_TIMEOUT_S, read_only=True) as conn:
            begun = await self.begin(conn, question, snapshot, directory)
        return await self.finish(begun, question, most)

    async def begin(self, conn: Connection, question: Question, snapshot: Snapshot, directory: Directory) -> Begun:
        """Starts the vectors, reads the words."""
        neighbours = asyncio.create_task(find_neighbours(self._sources, question, snapshot, directory))
        try:
            with span("search.words", terms=len(question.query.terms)):
                words, degraded = await find_words(conn, self._postings, question, snapshot, directory)
        except BaseException:
            neighbours.cancel()
            raise
        return Begun(snapshot, directory, words, degraded, neighbours)

    async def finish(self, begun: Begun, question: Question, most: int) -> Found:
        try:
            with span("search.match"):
                matched = await asyncio.to_thread(features.match, begun.directory, question.query, begun.words)
        except BaseException:
            begun.neighbours.cancel()
            raise
        neighbours, degraded = await begun.neighbours
        if degraded and begun.degraded:
            raise late("lexical and the semantic")  # nothing is no answer
        degraded += begun.degraded
        with span("search.rank") as rank:
            computed = await asyncio.to_thread(features.compute, begun.directory, matched, neighbours)
            rank.set(candidates=len(computed.chunks.ordinals))
            return await self._ranked(begun, question, computed, degraded, most)

    async def _ranked(
        self, begun: Begun, question: Question, computed: Features, degraded: tuple[str, ...], most: int
    ) -> Found:
        directory, request = begun.directory, question.request
        kinds = await self._kinds(question, begun.snapshot, computed.chunks) if request.kinds else None

        def ranked() -> tuple[Allowed, Scores, Iterator[RankedChunk], list[RankedChunk]]:
            allowed = allowed_by(request, directory)
            scores = Scores.of(computed, weights.NAME if question.query.single_token else weights.SENTENCE)
            mask = _allowed_chunks(question, computed.chunks, kinds)
            chunks = rank_chunks(computed, scores, allowed.documents, mask)
            return allowed, scores, chunks, list(itertools.islice(chunks, phrase.MOST_READ))

        allowed, scores, others, best = await asyncio.to_thread(ranked)
        best, passages, lacking = await self._by_text(question, begun.snapshot, computed, best, most)
        degraded += lacking
        chunks: Iterator[RankedChunk] = itertools.chain(best, others)
        chunks = one_per_document(chunks) if request.by_file else chunks
        shown = tuple(itertools.islice(chunks, most))
        missed = None
        if request.why_not:
            ranking = Ranking(directory, allowed, computed, scores, itertools.chain(shown, chunks))
            missed = await asyncio.to_thread(why_not, request, ranking, most - 1)

        def hit(chunk: RankedChunk) -> Hit:
            path, others = paths_of(directory, allowed, chunk.document)
            evidence = partial(evidence_of, computed, scores, chunk)
            return Hit(
                begun.snapshot, path, others, chunk.ordinal, chunk.score, chunk.ordinal, evidence,
                passage=passages.get(chunk.ordinal),
            )  # fmt: skip

        notice = _pending(begun.snapshot, directory) if question.asks_vectors else ""
        pending = (SEMANTIC,) if notice else ()
        reranker = question.request.reranker if question.reranked and not lacking else ""
        return Found(begun.snapshot, tuple(map(hit, shown)), degraded, pending, notice, missed, reranker)

    async def _by_text(
        self, question: Question, snapshot: Snapshot, computed: Features, best: list[RankedChunk], most: int
    ) -> tuple[list[RankedChunk], Mapping[int, Passage], tuple[str, ...]]:
        """The best chunks by what their texts say too, the texts that were read, and the name of what is lacking: with
        those that may hold the question word for word, and the very best, also the first `most`, which are likely to
        be shown."""
        query = question.query
        asked = Phrase.of(query.text) if query.terms else None
        likely = phrase.worth_reading(asked, computed, best) if asked else []
        close = [chunk.ordinal for chunk in best[: closeness.MOST_READ]] if question.asks_closeness else []
        reranker, lacking = self._reranker(question)
        similar = [chunk.ordinal for chunk in best[: question.reranked]] if reranker else []
        if not likely and not close:
            return best, {}, lacking
        ordinals = list(dict.fromkeys([*likely, *close, *similar, *(chunk.ordinal for chunk in best[:most])]))
        async with self._sources.database.tenant(question.tenant_id, timeout_s=TEXTS_TIMEOUT_S, read_only=True) as conn:
            passages = await postgres.read_passages(conn, snapshot, ordinals)

        def ranked() -> tuple[list[RankedChunk], tuple[str, ...]]:
            found, lacks = best, lacking
            embedder, text = self._sources.embedder, query.text
            if reranker is not None:
                read = [passages[ordinal] for ordinal in similar]
                until = reranking.until(question.began)
                try:
                    found = reranking.with_similarity(reranker, embedder, text, read, best, until=until)
                except DeadlineExceeded as error:
                    _log.warning("answering without the reranker", op="search", err_code=error.reason)
                    lacks = (reranking.PART,)
            if close and found is best:
                found = closeness.with_closeness(embedder, text, [passages[ordinal] for ordinal in close], best)
            some = {ordinal: passages[ordinal] for ordinal in likely}
            return (phrase.with_phrase(asked, some, found) if asked else found), lacks

        with span("search.texts", texts=len(ordinals)):
            found, lacking = await asyncio.to_thread(ranked)
        return found, passages, lacking

    def _reranker(self, question: Question) -> tuple[Reranker | None, tuple[str, ...]]:
        """The one that the request names, where it orders anything; and the name of this part when it is not here."""
        if not question.reranked:
            return None, ()
        reranker = self._sources.reranker
        if reranker is None or reranker.id != question.request.reranker:
            _log.warning("answering without the reranker", op="search", err_code="RERANKER_NOT_HERE")
            return None, (reranking.PART,)
        return reranker, ()

    async def _kinds(self, question: Question, snapshot: Snapshot, chunks: ChunkFeatures) -> Mapping[int, str]:
        """Kind by ordinal, for the strongest candidates."""
        strength = np.sum(list(chunks.values.values()), axis=0)
        best = np.lexsort((chunks.ordinals, -strength))[:MAX_CANDIDATES_BY_KIND]
        database = self._sources.database
        async with database.tenant(question.tenant_id, timeout_s=KINDS_TIMEOUT_S, read_only=True) as conn:
            return await postgres.read_kinds(conn, snapshot, chunks.ordinals[best].tolist())


def _pending(snapshot: Snapshot, directory: Directory) -> str:
    """For a person: that vectors of this snapshot are still to come; "" when all are there."""
    if snapshot.vectors_to is None:
        return ""
    embedded = int(directory.live_chunks[: snapshot.vectors_to].sum())
    where, count = f"{snapshot.repository} at {snapshot.ref}", f"{embedded:,} of {directory.chunk_count:,} embedded"
    return f"{where}: vectors pending, {count}; until then words, names and paths answer"


def _allowed_chunks(
    question: Question, chunks: ChunkFeatures, kinds: Mapping[int, str] | None
) -> NDArray[np.bool_] | None:
    """Mask of the candidates that the request's mode and kinds let through; None when all are."""
    symbols = question.request.mode is Mode.SYMBOL
    if not symbols and kinds is None:
        return None
    mask = np.ones(len(chunks.ordinals), np.bool_)
    if symbols:
        mask &= (chunks.values["symbol"] > 0) | (chunks.values["definition"] > 0)
    if kinds is not None:
        asked = question.request.kinds
        mask &= np.array([kinds.get(ordinal) in asked for ordinal in chunks.ordinals.tolist()], np.bool_)
    return mask
