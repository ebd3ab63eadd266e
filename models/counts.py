"""How often each word stands in each text: a sparse matrix over the words that the tokenizer would see before pieces.

A word is a run of ASCII letters and digits, taken apart where camelCase has an inner word, in lower case; all other
visible ASCII characters are words of their own. Other characters count for nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
from scipy.sparse import csr_array, vstack

BLOCK_TEXTS = 20_000  # counted at once; bounds the memory before equal words are added up
_RUN = re.compile(r"[A-Za-z0-9]+|[!-~]")
_INNER_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Words(dict[str, tuple[int, ...]]):
    """Run -> numbers of its words, which are given in order of appearance; `names` holds the words by number."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers: dict[str, int] = {}

    @property
    def names(self) -> list[str]:
        return list(self._numbers)

    def __missing__(self, run: str) -> tuple[int, ...]:
        words = _INNER_WORD.sub(" ", run).lower().split()
        self[run] = numbers = tuple(self._numbers.setdefault(word, len(self._numbers)) for word in words)
        return numbers

    def counts(self, texts: Sequence[str]) -> csr_array:
        """One row per text. Columns are as many as there are words so far."""
        blocks = [self._block(texts[start : start + BLOCK_TEXTS]) for start in range(0, len(texts), BLOCK_TEXTS)]
        width = len(self._numbers)
        return csr_array(vstack([widened(block, width) for block in blocks], format="csr"))

    def _block(self, texts: Iterable[str]) -> csr_array:
        rows = [list(chain.from_iterable(map(self.__getitem__, _RUN.findall(text)))) for text in texts]
        starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
        numbers = np.fromiter(chain.from_iterable(rows), np.int32, int(starts[-1]))
        shape = (len(rows), len(self._numbers))
        block = csr_array((np.ones(len(numbers), np.float32), numbers, starts), shape=shape)
        block.sum_duplicates()
        return block


def widened(counts: csr_array, width: int) -> csr_array:
    """The same rows with columns of zeros after their own."""
    return csr_array((counts.data, counts.indices, counts.indptr), shape=(counts.shape[0], width))
