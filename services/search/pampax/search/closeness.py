"""How close the words of a question come in meaning to the words of a chunk, each for itself.

The vector of a chunk is one for all that it holds, and of a long body little is left in it. So the texts of the best
chunks are read, and each word of the question looks for the nearest one there: late interaction, as Khattab and Zaharia
call it in "ColBERT: Efficient and Effective Passage Search via Contextualized Late Interaction over BERT" (2020), here
over the rows of the model's table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pampax.embedding.base import Embedder
from pampax.search.postgres import Passage
from pampax.search.ranking import DECIMALS, RankedChunk
from pampax.search.weights import CLOSENESS

MOST_READ = 15  # of the best chunks; more change nothing in figures and take longer


def with_closeness(
    embedder: Embedder,
    question: str,
    passages: Sequence[Passage],
    chunks: Sequence[RankedChunk],
    *,
    weight: float = CLOSENESS,
) -> list[RankedChunk]:
    """The chunks in their new order. Those in `passages` were read; what they gain is counted from the least close of
    them, so that chunks that were not read stay behind."""
    values = embedder.closeness(question, [f"{passage.symbol}\n{passage.content}" for passage in passages])
    least = float(values.min(initial=1.0))
    gained = {
        passage.ordinal: round(float(value) - least, DECIMALS) for passage, value in zip(passages, values, strict=True)
    }
    raised = [_raised(chunk, gained.get(chunk.ordinal, 0.0), weight) for chunk in chunks]
    return sorted(raised, key=lambda chunk: -chunk.score)


def _raised(chunk: RankedChunk, gained: float, weight: float) -> RankedChunk:
    points = weight * gained
    return replace(chunk, closeness=gained, closeness_points=points, score=round(chunk.score + points, DECIMALS))
