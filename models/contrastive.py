"""Contrastive training of a table: a question's vector near its own code, far from the other codes of the batch.

A text's vector is the sum of its tokens' rows (counts @ table), scaled to unit length. The loss is symmetric InfoNCE
(van den Oord et al. 2018) over the batch; pairs that ask the same question are no negatives of one another. Adam.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Array = NDArray[np.float32]

TEMPERATURE = 0.1
RATE = 2e-2  # of Adam, for rows of length about 6
MOMENTS = (0.9, 0.99)
EPSILON = 1e-8
WARM_UP = 0.05  # share of the steps in which the rate rises; afterwards it falls to zero
ROWS_AT_ONCE = 1_024  # of the table in a step of Adam: what fits a processor's cache


@dataclass(frozen=True, slots=True)
class Pairs:
    """Counts of tokens, row by row one pair; `asked` is equal for equal questions."""

    questions: csr_array
    codes: csr_array
    packages: NDArray[np.intp]
    asked: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.asked)

    def subset(self, rows: NDArray[np.intp]) -> Pairs:
        return Pairs(self.questions[rows], self.codes[rows], self.packages[rows], self.asked[rows])


@dataclass(frozen=True, slots=True)
class Run:
    """How one table is trained."""

    name: str
    seed: int
    epochs: float
    batch: int
    group: int  # pairs of one package side by side in a batch: the hard negatives
    pairs: int | None = None  # as many, drawn; all if None
    inner_comments: bool = True
    code_dropout: float = 0.0  # share of a text's distinct tokens that are left out
    question_dropout: float = 0.0


def trained(start: Array, pairs: Pairs, run: Run) -> Array:
    """The table after the run; prints the loss now and then."""
    table = start.copy()
    adam = _Adam(table)
    draw = np.random.default_rng(run.seed)
    steps = int(run.epochs * len(pairs) / run.batch)
    loss = 0.0
    for step, rows in zip(range(steps), _batches(pairs, run, draw), strict=False):
        questions = _thinned(pairs.questions[rows], run.question_dropout, draw)
        codes = _thinned(pairs.codes[rows], run.code_dropout, draw)
        part, gradient = _loss(table, questions, codes, pairs.asked[rows])
        progress = step / steps
        adam.step(gradient, RATE * min(progress / WARM_UP, (1 - progress) / (1 - WARM_UP)))
        loss = part if step == 0 else 0.99 * loss + 0.01 * part
        if step % 100 == 0:
            print(f"{run.name} step {step} of {steps}, loss {loss:.3f}", flush=True)
    return table


def _batches(pairs: Pairs, run: Run, draw: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    """Endless: each epoch, groups of the same package, both the groups and what is in them in random order."""
    while True:
        order = draw.permutation(len(pairs))
        order = order[np.argsort(pairs.packages[order], kind="stable")]
        ends = np.flatnonzero(np.diff(pairs.packages[order])) + 1
        groups = [part[at : at + run.group] for part in np.split(order, ends) for at in range(0, len(part), run.group)]
        mixed = np.concatenate([groups[number] for number in draw.permutation(len(groups))])
        for at in range(0, len(mixed) - run.batch + 1, run.batch):
            yield mixed[at : at + run.batch]


def _thinned(counts: csr_array, share: float, draw: np.random.Generator) -> csr_array:
    if share:
        counts.data *= draw.random(counts.nnz, np.float32) >= share
    return counts


def _loss(table: Array, questions: csr_array, codes: csr_array, asked: NDArray[np.intp]) -> tuple[float, Array]:
    """The loss of a batch and its gradient by the table."""
    asking, asking_lengths = _unit(questions @ table)
    answering, answering_lengths = _unit(codes @ table)
    scores = asking @ answering.T / np.float32(TEMPERATURE)
    same = asked[:, None] == asked[None, :]
    np.fill_diagonal(same, val=False)
    scores[same] = -np.inf
    by_row, by_column = _softmax(scores, 1), _softmax(scores, 0)
    own = np.arange(len(asked))
    loss = -float(np.log(by_row[own, own] + 1e-12).mean() + np.log(by_column[own, own] + 1e-12).mean()) / 2
    slope = (by_row + by_column) / 2
    slope[own, own] -= 1
    slope /= np.float32(len(asked) * TEMPERATURE)
    gradient = questions.T @ _through_unit(slope @ answering, asking, asking_lengths)
    gradient += codes.T @ _through_unit(slope.T @ asking, answering, answering_lengths)
    return loss, np.asarray(gradient, np.float32)


def _unit(vectors: Array) -> tuple[Array, Array]:
    lengths = np.maximum(np.sqrt((vectors * vectors).sum(axis=1, keepdims=True)), np.float32(1e-6))
    return vectors / lengths, lengths


def _through_unit(gradient: NDArray[np.floating[Any]], unit: Array, lengths: Array) -> Array:
    """The gradient by the vectors before they were scaled to unit length."""
    return np.asarray((gradient - unit * (gradient * unit).sum(axis=1, keepdims=True)) / lengths, np.float32)


def _softmax(scores: Array, axis: int) -> Array:
    odds = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return np.asarray(odds / odds.sum(axis=axis, keepdims=True))


class _Adam:
    """Kingma and Ba 2015, on a table in place."""

    def __init__(self, table: Array) -> None:
        self._table = table
        self._mean = np.zeros_like(table)
        self._square = np.zeros_like(table)
        self._steps = 0

    def step(self, gradient: Array, rate: float) -> None:
        self._steps += 1
        first, second = MOMENTS
        unbias = np.float32(np.sqrt(1 - second**self._steps))
        factor = np.float32(rate / (1 - first**self._steps)) * unbias
        for start in range(0, len(gradient), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            now, mean, square = gradient[rows], self._mean[rows], self._square[rows]
            mean *= np.float32(first)
            mean += np.float32(1 - first) * now
            square *= np.float32(second)
            square += np.float32(1 - second) * now * now
            self._table[rows] -= factor * mean / (np.sqrt(square) + np.float32(EPSILON) * unbias)
