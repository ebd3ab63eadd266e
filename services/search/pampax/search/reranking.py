"""The best chunks for a sentence in the order of a larger model, which reads question and chunk as a whole.

Optional: a request names the model, and this process has it or the answer says that it lacks this part.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pampax.embedding.base import Embedder
from pampax.search.closeness import with_closeness
from pampax.search.postgres import Passage
from pampax.search.ranking import DECIMALS, RankedChunk
from pampax.search.weights import RERANKED_CLOSENESS, RERANKER

PART = "reranker"  # in `degraded`
MOST_READ = 30  # of the best chunks, of all repositories that are searched together
LEAST_READ = 5  # of each; where fewer would be read there is nothing to order
# Later than this the answer goes out without, and says so: for one repository, and of the ten seconds of a search.
TIMEOUT_S, ENDS_AFTER_S = 3.0, 7.0
_DIGITS = 4  # of a cosine: what its last bits are depends on the processor


class Reranker(Protocol):
    """How close texts are in meaning to a question."""

    @property
    def id(self) -> str:
        """Name and version of the model."""
        ...

    def similarities(self, question: str, texts: Sequence[str], *, until: float) -> NDArray[np.float32]:
        """The cosine of each with the question. DeadlineExceeded past `until`, by `time.monotonic()`."""
        ...


def share_of(repositories: int) -> int:
    """How many of the best chunks are read in each of the repositories that are searched together."""
    share = MOST_READ // max(repositories, 1)
    return share if share >= LEAST_READ else 0


def until(began: float) -> float:
    """When reading has to end that begins now, by `time.monotonic()`, in a search that began then."""
    return min(time.monotonic() + TIMEOUT_S, began + ENDS_AFTER_S)


def with_similarity(
    reranker: Reranker,
    embedder: Embedder,
    question: str,
    passages: Sequence[Passage],
    chunks: Sequence[RankedChunk],
    *,
    until: float,
) -> list[RankedChunk]:
    """The chunks in their new order, by closeness of words too. Those in `passages` were read; what they gain is
    counted from the least similar of them, so that chunks that were not read stay behind."""
    texts = [f"{passage.symbol}\n{passage.content}" for passage in passages]
    values = reranker.similarities(question, texts, until=until).round(_DIGITS)
    least = float(values.min(initial=1.0))
    gained = {
        passage.ordinal: round(float(value) - least, _DIGITS) for passage, value in zip(passages, values, strict=True)
    }
    raised = [_raised(chunk, gained.get(chunk.ordinal, 0.0)) for chunk in chunks]
    return with_closeness(embedder, question, passages, raised, weight=RERANKED_CLOSENESS)


def _raised(chunk: RankedChunk, gained: float) -> RankedChunk:
    return replace(chunk, similarity=gained, score=round(chunk.score + RERANKER * gained, DECIMALS))
