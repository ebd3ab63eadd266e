"""Ranks files by a weighted sum of features, then chooses chunks inside the ranked files.

Two questions are answered apart: which file answers, whose points are log-odds, and where in it, as the share of that
answer which each of its chunks has (a softmax over their own points). A file's best chunk answers some questions
wherever it lies, those that want the file; the others want the very lines. A chunk's place in the list follows from
both, so a file may give one chunk or several; no file is forced in and none is limited to one.

Points are rounded before they are compared, so that the last bits of a float, which differ between machines, never
order two results; equals go by document and chunk. The same question over the same build and generation therefore has
the same answer on every replica.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pampax.search.aggregation import largest
from pampax.search.features import Features
from pampax.search.weights import BEST_CHUNK, FRAME_PLACE, SOURCE_OF, Weights

Points = NDArray[np.float64]
Mask = NDArray[np.bool_]

MAX_FILES = 200  # ranked files whose chunks are looked at
DECIMALS = 6  # of points; float32 features have about seven digits
LEAST_SHARE = 1e-9  # of a file's answer, so that its logarithm is a number


@dataclass(frozen=True, slots=True)
class RankedChunk:
    """A chosen chunk. `candidate`: its place among the candidate chunks; `nth`: how many of its document are better;
    `share`: of the document's answer, in 0..1; `place`: points that this choice inside the document costs, at most 0;
    `phrase`: share of the question that stands there word for word; `closeness`: how much closer its words come to
    those of the question than those of the least close chunk that was read, and the points for it; `similarity`: the
    same by a reranker, of the whole; `score`: the document's points, `place` and the points for phrase, closeness and
    similarity."""

    ordinal: int
    document: int
    candidate: int
    nth: int
    share: float
    place: float
    score: float
    phrase: float = 0.0
    closeness: float = 0.0
    closeness_points: float = 0.0
    similarity: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Points per document from each source, their sum, and points per candidate chunk; all rounded."""

    sources: Mapping[str, Points]
    files: Points
    chunks: Points
    weights: Weights

    @classmethod
    def of(cls, features: Features, weights: Weights) -> Scores:
        values = features.chunks.values
        chunks = np.zeros(len(features.chunks.ordinals), np.float64)
        for name, weight in weights.chunk.items():
            chunks += weight * values[name].astype(np.float64)
        best = largest(
            features.chunks.documents, (chunks / sum(weights.chunk.values())).astype(np.float32), features.count
        )
        chunks += FRAME_PLACE * features.chunks.values["frame"].astype(np.float64)
        sources: dict[str, Points] = {}
        for name, weight in weights.file.items():
            if name != BEST_CHUNK and not features.files[name].any():
                continue
            points = weight * (best if name == BEST_CHUNK else features.files[name]).astype(np.float64)
            source = SOURCE_OF[name]
            sources[source] = sources[source] + points if source in sources else points
        rounded = {source: points.round(DECIMALS) for source, points in sources.items()}
        files = np.asarray(sum(rounded.values())).round(DECIMALS)
        return cls(rounded, files, chunks.round(DECIMALS), weights)


def rank_chunks(
    features: Features, scores: Scores, allowed: Mask, allowed_chunks: Mask | None
) -> Iterator[RankedChunk]:
    """Chunks, best first. `allowed` masks documents, `allowed_chunks` candidate chunks (None: all).

    Cost: one sort of the candidates in the best `MAX_FILES` documents.
    """
    candidates, starts = _by_document(features, scores, allowed, allowed_chunks)
    documents = features.chunks.documents[candidates]
    sizes = np.diff(np.append(starts, len(candidates)))
    nth = np.arange(len(candidates)) - np.repeat(starts, sizes)
    shares = _shares(scores.chunks[candidates], starts, sizes)
    wherever = scores.weights.wherever
    places = np.log(np.where(nth == 0, wherever, 0.0) + (1 - wherever) * shares).round(DECIMALS)
    totals = (scores.files[documents] + places).round(DECIMALS)
    order = np.lexsort((candidates, documents, -totals))
    for index in order:
        yield RankedChunk(
            int(features.chunks.ordinals[candidates[index]]), int(documents[index]), int(candidates[index]),
            int(nth[index]), float(shares[index]), float(places[index]), float(totals[index]),
        )  # fmt: skip


def one_per_document(chunks: Iterable[RankedChunk]) -> Iterator[RankedChunk]:
    """The first of each document."""
    seen: set[int] = set()
    for chunk in chunks:
        if chunk.document not in seen:
            seen.add(chunk.document)
            yield chunk


def _by_document(
    features: Features, scores: Scores, allowed: Mask, allowed_chunks: Mask | None
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Candidate chunks of the best files, those of a document together and its best first, and where each begins."""
    chosen = np.zeros(features.count, np.bool_)
    chosen[_best_files(np.flatnonzero(allowed & features.found), scores.files)] = True
    wanted = chosen[features.chunks.documents]
    if allowed_chunks is not None:
        wanted &= allowed_chunks
    candidates = np.flatnonzero(wanted)
    of = features.chunks.documents[candidates]
    order = np.lexsort((candidates, -scores.chunks[candidates], of))
    candidates, of = candidates[order], of[order]
    return candidates, np.flatnonzero(np.diff(of, prepend=-1))


def _best_files(documents: NDArray[np.intp], points: Points) -> NDArray[np.intp]:
    """The best `MAX_FILES`, equals by their place. Only those that may be among them are sorted."""
    if len(documents) > MAX_FILES:
        least = -np.partition(-points[documents], MAX_FILES - 1)[MAX_FILES - 1]
        documents = documents[points[documents] >= least]
    return documents[np.lexsort((documents, -points[documents]))][:MAX_FILES]


def _shares(points: Points, starts: NDArray[np.intp], sizes: NDArray[np.intp]) -> Points:
    """The softmax of each document's points, which come largest first."""
    if not len(points):
        return points
    powers = np.exp(points - np.repeat(points[starts], sizes))
    shares: Points = np.maximum(powers / np.repeat(np.add.reduceat(powers, starts), sizes), LEAST_SHARE)
    return shares
