"""From values of chunks to values of documents, and from scores without a scale to 0..1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

TOP_SHARES = (1.0, 0.5, 0.25)  # what a document's best, second and third chunk count


def best_and_top(documents: Ints, scores: Floats, count: int) -> tuple[Floats, Floats]:
    """Per document of `count`: its best chunk's score, and its top chunks summed by `TOP_SHARES`."""
    best, top = np.zeros(count, np.float32), np.zeros(count, np.float32)
    if not len(documents):
        return best, top
    order = np.lexsort((-scores, documents))
    documents, scores = documents[order], scores[order]
    starts = np.flatnonzero(np.r_[True, documents[1:] != documents[:-1]])
    place = np.arange(len(documents)) - np.repeat(starts, np.diff(np.r_[starts, len(documents)]))
    best[documents[starts]] = scores[starts]
    for nth, share in enumerate(TOP_SHARES):
        at = place == nth
        top[documents[at]] += np.float32(share) * scores[at]
    return best, top


def largest(places: NDArray[np.integer], values: Floats, count: int) -> Floats:
    """Per place below `count`, the largest of its values; 0 where there is none."""
    result = np.zeros(count, np.float32)
    np.maximum.at(result, places, values)
    return result


def scaled(values: Floats) -> Floats:
    """Divided by their maximum, when there is one above 0."""
    peak = values.max(initial=np.float32(0))
    return values / peak if peak > 0 else values
