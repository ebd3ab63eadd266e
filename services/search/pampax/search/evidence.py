"""Why a chunk was chosen: the points of each source, which add up to its score, and its rank in that source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pampax.search.features import Features
from pampax.search.ranking import RankedChunk, Scores
from pampax.search.weights import BEST_CHUNK, PHRASE, RERANKER, SOURCE_OF

PLACE, PHRASE_SOURCE, CLOSENESS_SOURCE, PATTERN_SOURCE = "place", "phrase", "closeness", "pattern"
RERANKER_SOURCE = "reranker"
DETAILS: Mapping[str, str] = {
    "text": "words of the question in the file's best chunks",
    "names": "words of the question in names defined there",
    "path": "words of the question in the path",
    "frame": "a frame of the stack trace, or a line that was asked for, lies in it",
    "symbol": "a symbol's name that matches the question",
    "definition": "defines a name that the question holds",
    "semantic": "close in meaning by the embedding model",
    "size": "size of the file beside the others",
    "kind_of_path": "a test, example, prose, port or header path",
    BEST_CHUNK: "how well the file's best chunk matches on its own",
    PLACE: "how likely the answer is in this chunk of the file and not in another",
    PATTERN_SOURCE: "lines on which the pattern matches",
    PHRASE_SOURCE: "words of the question that stand there one after the other",
    CLOSENESS_SOURCE: "words there are close in meaning to those of the question",
    RERANKER_SOURCE: "close in meaning to the question as a whole, by the model that orders the best anew",
}
# These answer no question on their own, so a place in their order would say nothing.
UNRANKED = frozenset({"size", "kind_of_path", PLACE})


@dataclass(frozen=True, slots=True)
class Evidence:
    """`score`: points added to the total. `value`: the strongest signal before weighting. `rank`: 1 for the file to
    which the source gave most, equals share it; 0 when the source does not rank."""

    source: str
    rank: int
    score: float
    value: float
    detail: str


def evidence_of(features: Features, scores: Scores, chunk: RankedChunk) -> tuple[Evidence, ...]:
    """Strongest first. Cost: one pass over the documents for each source."""
    found = [
        Evidence(
            source,
            0 if source in UNRANKED else rank_of(points, chunk.document),
            float(points[chunk.document]),
            _value(features, scores, source, chunk.document),
            DETAILS[source],
        )
        for source, points in scores.sources.items()
        if points[chunk.document]
    ]
    found.append(Evidence(PLACE, 0, chunk.place, chunk.share, DETAILS[PLACE]))
    if chunk.phrase:
        found.append(Evidence(PHRASE_SOURCE, 0, PHRASE * chunk.phrase, chunk.phrase, DETAILS[PHRASE_SOURCE]))
    if chunk.closeness:
        points = chunk.closeness_points
        found.append(Evidence(CLOSENESS_SOURCE, 0, points, chunk.closeness, DETAILS[CLOSENESS_SOURCE]))
    if chunk.similarity:
        points = RERANKER * chunk.similarity
        found.append(Evidence(RERANKER_SOURCE, 0, points, chunk.similarity, DETAILS[RERANKER_SOURCE]))
    return tuple(sorted(found, key=lambda part: (-part.score, part.source)))


def rank_of(points: NDArray[np.float64], place: int) -> int:
    """1 for the one with most points; equals share it."""
    return int(np.count_nonzero(points > points[place])) + 1


def _value(features: Features, scores: Scores, source: str, document: int) -> float:
    if source == BEST_CHUNK:
        return float(scores.sources[source][document]) / scores.weights.file[BEST_CHUNK]
    names = [name for name, of_source in SOURCE_OF.items() if of_source == source]
    return max(float(features.files[name][document]) for name in names)
