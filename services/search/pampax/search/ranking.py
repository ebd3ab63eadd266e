"""Ranks files by a weighted sum of features, then chooses chunks inside the ranked files.

The next chunk is always the one with the highest file score + chunk score - loss of a further chunk, so a file may give
one chunk or several; no file is forced in and none is limited to one.

Points are rounded before they are added and compared, so that the last bits of a float, which differ between machines,
never order two results; equals go by document and chunk. The same question over the same build and generation therefore
has the same answer on every replica.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pampax.search.features import Features
from pampax.search.weights import SOURCE_OF, Weights

Points = NDArray[np.float64]
Mask = NDArray[np.bool_]

MAX_FILES = 200  # ranked files whose chunks are looked at
DECIMALS = 6  # of points; float32 features have about seven digits


@dataclass(frozen=True, slots=True)
class RankedChunk:
    """A chosen chunk. `candidate`: its place among the candidate chunks; `nth`: how many of its document came first."""

    ordinal: int
    document: int
    candidate: int
    nth: int
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Points per document from each source, their sum, and points per candidate chunk; all rounded."""

    sources: Mapping[str, Points]
    files: Points
    chunks: Points
    weights: Weights

    @classmethod
    def of(cls, features: Features, weights: Weights) -> Scores:
        sources: dict[str, Points] = {}
        for name, weight in weights.file.items():
            points = weight * features.files[name].astype(np.float64)
            source = SOURCE_OF[name]
            sources[source] = sources[source] + points if source in sources else points
        values = features.chunks.values
        chunks = sum(weight * values[name].astype(np.float64) for name, weight in weights.chunk.items())
        rounded = {source: points.round(DECIMALS) for source, points in sources.items()}
        files = np.asarray(sum(rounded.values())).round(DECIMALS)
        return cls(rounded, files, (np.asarray(chunks) * weights.chunk_scale).round(DECIMALS), weights)

    def loss(self, nth: int) -> float:
        """Points that the chunk after `nth` others of its file loses."""
        further = self.weights.further
        return further[min(nth, len(further)) - 1] if nth else 0.0


def rank_chunks(
    features: Features, scores: Scores, allowed: Mask, allowed_chunks: Mask | None, *, one_per_file: bool
) -> Iterator[RankedChunk]:
    """Chunks, best first, lazily. `allowed` masks documents, `allowed_chunks` candidate chunks (None: all)."""
    queues = _candidates_by_document(features, scores, allowed, allowed_chunks)

    def entry(document: int, nth: int) -> tuple[float, int, int]:
        total = scores.files[document] + scores.chunks[queues[document][nth]] - scores.loss(nth)
        return -round(float(total), DECIMALS), document, nth

    heap = [entry(document, 0) for document in queues]
    heapq.heapify(heap)
    while heap:
        negated, document, nth = heapq.heappop(heap)
        candidate = queues[document][nth]
        yield RankedChunk(int(features.chunks.ordinals[candidate]), document, candidate, nth, -negated)
        if not one_per_file and nth + 1 < len(queues[document]):
            heapq.heappush(heap, entry(document, nth + 1))


def _candidates_by_document(
    features: Features, scores: Scores, allowed: Mask, allowed_chunks: Mask | None
) -> dict[int, list[int]]:
    """Document -> its candidate chunks, best first; only for the best files."""
    documents = np.flatnonzero(allowed & features.found)
    best = documents[np.lexsort((documents, -scores.files[documents]))][:MAX_FILES]
    wanted = np.isin(features.chunks.documents, best)
    if allowed_chunks is not None:
        wanted &= allowed_chunks
    candidates = np.flatnonzero(wanted)
    order = np.lexsort((candidates, -scores.chunks[candidates]))
    queues: dict[int, list[int]] = {}
    for candidate, document in zip(
        candidates[order].tolist(), features.chunks.documents[candidates[order]].tolist(), strict=True
    ):
        queues.setdefault(document, []).append(candidate)
    return queues
