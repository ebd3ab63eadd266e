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

from pampax.search.directory import Directory
from pampax.storage.posting import Posting

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Parameters:
    """`k1`: how fast repetition saturates; `b`: how much length counts; both without unit. `mean_length` in terms."""

    k1: float
    b: float
    mean_length: float


def of_text(directory: Directory) -> Parameters:
    return Parameters(k1=1.2, b=0.75, mean_length=max(directory.mean_length, 1.0))


# A chunk defines few names, and their number says little about it: one mean for all repositories.
OF_NAMES = Parameters(k1=0.8, b=0.4, mean_length=6.0)


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Chunks that hold a term: ordinals ascending, scores, and the idf-weighted share of the question's terms that
    each holds, 0..1. `idf` by term, for terms that some live chunk holds."""

    ordinals: Ints
    scores: Floats
    coverage: Floats
    idf: Mapping[str, float]

    def strongest(self, most: int) -> Scored:
        """The best `most` chunks; equals of the last one stay in, so that no order decides among them."""
        if len(self.ordinals) <= most:
            return self
        keep = self.scores >= np.partition(self.scores, -most)[-most]
        return Scored(self.ordinals[keep], self.scores[keep], self.coverage[keep], self.idf)


NOTHING = Scored(np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0, np.float32), {})


def idf(documents: int, holding: int) -> float:
    return math.log(1 + (documents - holding + 0.5) / (holding + 0.5))


@dataclass(frozen=True, slots=True, eq=False)
class LiveList:
    """The live chunks that hold a term, ascending, and what the term's frequency and their length make of each: the
    part of a score that no other term changes."""

    ordinals: Ints
    saturated: Floats


def live_list(posting: Posting, directory: Directory, parameters: Parameters) -> LiveList:
    keep = directory.is_live(posting.ordinals)
    tf = posting.tfs[keep].astype(np.float32)
    relative = posting.lengths[keep].astype(np.float32) / np.float32(parameters.mean_length)
    norm = parameters.k1 * (1 - parameters.b + parameters.b * relative)
    return LiveList(posting.ordinals[keep], np.asarray(tf * (parameters.k1 + 1) / (tf + norm), np.float32))


def live_lists(postings: Mapping[str, Posting], directory: Directory, parameters: Parameters) -> dict[str, LiveList]:
    return {term: live_list(posting, directory, parameters) for term, posting in postings.items()}


def score_chunks(lists: Mapping[str, LiveList], weights: Mapping[str, float], directory: Directory) -> Scored:
    """Scores every live chunk that holds a term. df is counted against the live chunks, so an index that grew by
    refreshes scores as a clean one; sums run in the order of `weights`, whatever the order of `lists`. Cost: linear in
    the lengths of the lists plus one pass over the chunks."""
    total = np.zeros(len(directory.live_chunks), np.float32)
    covered = np.zeros(len(directory.live_chunks), np.float32)
    term_idf: dict[str, float] = {}
    for term, weight in weights.items():
        held = lists.get(term)
        if held is None or not len(held.ordinals):
            continue
        term_idf[term] = idf(directory.chunk_count, len(held.ordinals))
        worth = np.float32(weight * term_idf[term])
        total[held.ordinals] += worth * held.saturated
        covered[held.ordinals] += worth
    found = np.flatnonzero(total > 0).astype(np.int32)  # far quicker on flags
    whole = sum(weights[term] * value for term, value in term_idf.items()) or 1.0
    return Scored(found, total[found], covered[found] / np.float32(whole), term_idf)
