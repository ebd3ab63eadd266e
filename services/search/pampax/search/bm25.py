"""BM25 over packed postings, counted against one snapshot's live chunks.

Formula: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with the idf of
Lucene, ln(1 + (N - df + .5) / (df + .5)), which is never negative.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pampax.storage.posting import Posting

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Parameters:
    """k1: how fast repetition saturates; b: how much length counts; both without unit."""

    k1: float
    b: float


TEXT = Parameters(k1=1.2, b=0.75)
NAMES = Parameters(k1=0.8, b=0.4)


def idf(documents: int, holding: int) -> float:
    return math.log(1 + (documents - holding + 0.5) / (holding + 0.5))


@dataclass(frozen=True, slots=True)
class Scored:
    """Ordinals, ascending, with their scores; `idf` and `share` by term: share is what a chunk that holds every term
    of the query would reach, so that scores / ceiling lies in 0..1."""

    ordinals: Ints
    scores: Floats
    coverage: Floats  # idf-weighted share of the query's terms that the chunk holds, 0..1
    idf: Mapping[str, float]


def score_chunks(
    postings: Mapping[str, Posting],
    weights: Mapping[str, float],
    live: NDArray[np.bool_],
    live_count: int,
    mean_length: float,
    parameters: Parameters,
) -> Scored:
    """Scores every live chunk that holds a term. df is counted against `live`, so an index that grew by refreshes
    scores as a clean one. Cost: linear in the lengths of the lists plus one pass over `live`."""
    total = np.zeros(len(live), np.float32)
    covered = np.zeros(len(live), np.float32)
    term_idf: dict[str, float] = {}
    for term, weight in weights.items():
        posting = postings.get(term)
        if posting is None:
            continue
        inside = posting.ordinals < len(live)
        keep = np.zeros(len(posting.ordinals), np.bool_)
        keep[inside] = live[posting.ordinals[inside]]
        ordinals = posting.ordinals[keep]
        if not len(ordinals):
            continue
        term_idf[term] = idf(live_count, len(ordinals))
        tf = posting.tfs[keep].astype(np.float32)
        relative = posting.lengths[keep].astype(np.float32) / max(mean_length, 1.0)
        saturated = tf * (parameters.k1 + 1) / (tf + parameters.k1 * (1 - parameters.b + parameters.b * relative))
        total[ordinals] += saturated * np.float32(weight * term_idf[term])
        covered[ordinals] += np.float32(weight * term_idf[term])
    found = np.flatnonzero(total).astype(np.int32)
    ceiling = sum(weights[term] * value for term, value in term_idf.items()) or 1.0
    return Scored(found, total[found], covered[found] / np.float32(ceiling), term_idf)
