"""Ranks files by a weighted sum of features, then chooses chunks inside the ranked files.

The next chunk is always the one with the highest file score + chunk score - loss of a further chunk, so a file may give
one chunk or several; no file is forced in and none is limited to one.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pampax.search.features import Features
from pampax.search.weights import SOURCE_OF, Weights

Floats = NDArray[np.float32]

MAX_FILES = 200  # ranked files whose chunks are looked at


@dataclass(frozen=True, slots=True)
class Part:
    """Points that one source gave a result, and the result's rank in that source (0: the source does not rank)."""

    source: str
    points: float
    value: float
    rank: int


@dataclass(frozen=True, slots=True)
class RankedChunk:
    """A chosen chunk; `score` is the sum of the points of `parts`."""

    ordinal: int
    document: int
    score: float
    parts: tuple[Part, ...]


def rank_chunks(
    features: Features, weights: Weights, allowed: NDArray[np.bool_], allowed_chunks: NDArray[np.bool_] | None,
    *, one_per_file: bool,
) -> Iterator[RankedChunk]:  # fmt: skip
    """Chunks, best first, lazily. `allowed` masks documents, `allowed_chunks` candidate chunks (None: all)."""
    scores = file_scores(features.files, weights.file)
    chunk_scores = _weighted(features.chunks.values, weights.chunk) * np.float32(weights.chunk_scale)
    ranks = _Ranks(features)
    queues = _chunks_by_file(features, chunk_scores, scores, allowed, allowed_chunks)
    heap: list[tuple[float, int, int]] = []
    for document, chunks in queues.items():
        heapq.heappush(heap, (-float(scores[document] + chunk_scores[chunks[0]]), document, 0))
    while heap:
        _, document, nth = heapq.heappop(heap)
        chunk = queues[document][nth]
        loss = 0.0 if nth == 0 else weights.further[min(nth, len(weights.further)) - 1]
        yield _ranked(features, weights, ranks, chunk, document, float(chunk_scores[chunk]), loss)
        if not one_per_file and nth + 1 < len(queues[document]):
            following = queues[document][nth + 1]
            loss = weights.further[min(nth + 1, len(weights.further)) - 1]
            heapq.heappush(heap, (-float(scores[document] + chunk_scores[following] - loss), document, nth + 1))


def file_scores(files: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    return _weighted(files, weights)


def _weighted(values: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    total = np.zeros(len(next(iter(values.values()))), np.float32)
    for name, weight in weights.items():
        total += np.float32(weight) * values[name]
    return total


def _chunks_by_file(
    features: Features, chunk_scores: Floats, scores: Floats, allowed: NDArray[np.bool_],
    allowed_chunks: NDArray[np.bool_] | None,
) -> dict[int, list[int]]:  # fmt: skip
    """Document -> its candidate chunks (indexes), best first; only for the best files."""
    candidates = np.flatnonzero(allowed & features.found)
    best = candidates[np.lexsort((candidates, -scores[candidates]))][:MAX_FILES]
    wanted = np.isin(features.chunks.documents, best)
    if allowed_chunks is not None:
        wanted &= allowed_chunks
    indexes = np.flatnonzero(wanted)
    order = np.lexsort((features.chunks.ordinals[indexes], -chunk_scores[indexes]))
    queues: dict[int, list[int]] = {}
    for index in indexes[order].tolist():
        queues.setdefault(int(features.chunks.documents[index]), []).append(index)
    return queues


class _Ranks:
    """Rank of a chunk or document in one source, counted only for results that are shown."""

    def __init__(self, features: Features) -> None:
        self._features = features

    def of(self, source: str, chunk: int, document: int) -> int:
        chunks = self._features.chunks.values
        if source in chunks:
            value = chunks[source][chunk]
            return int((chunks[source] > value).sum()) + 1 if value > 0 else 0
        if source == "path":
            stems = self._features.files["stem"]
            return int((stems > stems[document]).sum()) + 1 if stems[document] > 0 else 0
        return 0


def _ranked(
    features: Features, weights: Weights, ranks: _Ranks, chunk: int, document: int, chunk_points: float, loss: float
) -> RankedChunk:
    points: dict[str, float] = {}
    values: dict[str, float] = {}
    for name, weight in weights.file.items():
        value = float(features.files[name][document])
        if weight * value:
            source = SOURCE_OF[name]
            points[source] = points.get(source, 0.0) + weight * value
            values[source] = max(values.get(source, 0.0), value)
    points["chunk"] = chunk_points
    if loss:
        points["further_chunk"] = -loss
    parts = tuple(
        Part(source, value, values.get(source, 0.0), ranks.of(source, chunk, document))
        for source, value in sorted(points.items(), key=lambda item: (-item[1], item[0]))
    )
    return RankedChunk(int(features.chunks.ordinals[chunk]), document, sum(part.points for part in parts), parts)
