"""How good a ranking is. Pure.

Normalised discounted cumulative gain with binary gains over the first ten (Järvelin and Kekäläinen, "Cumulated
gain-based evaluation of IR techniques", 2002): an answer counts 1 / log2(1 + rank), once, and the whole is divided by
what the best order would have.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pampax.bench.golden.model import Query, Target

DEPTH = 10


@dataclass(frozen=True, slots=True)
class Chunk:
    """A result: `paths` are all at which its content lies; lines are 1-based and inclusive."""

    paths: tuple[str, ...]
    first: int
    last: int

    def answers(self, target: Target) -> bool:
        if target.path not in self.paths:
            return False
        return target.lines is None or (self.first <= target.lines[1] and self.last >= target.lines[0])


@dataclass(frozen=True, slots=True)
class Scored:
    """Of one question, each in 0..1: NDCG@10 of chunks and of distinct files, 1 / rank of the first chunk that answers,
    the share of answers among the first ten, and whether there is one."""

    chunk: float
    file: float
    reciprocal: float
    recall: float
    hit: float


def scored(query: Query, ranked: Sequence[Chunk]) -> Scored:
    """`ranked` is as it was returned, best first."""
    ranks = [rank for rank in (_rank(target, ranked) for target in query.targets) if rank]
    files = list(dict.fromkeys(chunk.paths for chunk in ranked))
    asked = dict.fromkeys(target.path for target in query.targets)
    places = [next((place for place, paths in enumerate(files, 1) if path in paths), 0) for path in asked]
    within = [rank for rank in ranks if rank <= DEPTH]
    return Scored(
        chunk=_ndcg(ranks, len(query.targets)),
        file=_ndcg(filter(None, places), len(asked)),
        reciprocal=1 / min(ranks) if ranks else 0.0,
        recall=len(within) / len(query.targets),
        hit=float(bool(within)),
    )


def _rank(target: Target, ranked: Sequence[Chunk]) -> int:
    """From 1; 0 when no chunk answers."""
    return next((rank for rank, chunk in enumerate(ranked, 1) if chunk.answers(target)), 0)


def _ndcg(ranks: Iterable[int], wanted: int) -> float:
    gained = sum(_gain(rank) for rank in set(ranks) if rank <= DEPTH)
    return gained / sum(_gain(rank) for rank in range(1, min(DEPTH, wanted) + 1))


def _gain(rank: int) -> float:
    return 1 / math.log2(1 + rank)
