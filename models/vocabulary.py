"""The student's tokenizer with whole words of code added, and from words to its tokens."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

MIN_PAIRS = 25  # that hold a word which becomes a token
MIN_PACKAGES = 6
WORD_CHARACTERS = range(3, 21)


def added_words(
    words: Sequence[str],
    counts: csr_array,
    packages: NDArray[np.intp],
    tokenizer: dict[str, Any],
) -> list[str]:
    """The words, most frequent first, that enough pairs and packages use and that the tokenizer takes apart."""
    present = csr_array((np.ones(counts.nnz, np.float32), counts.indices, counts.indptr), shape=counts.shape)
    in_pairs: NDArray[np.float32] = np.asarray(present.sum(axis=0)).ravel()
    by_package = csr_array((np.ones(len(packages), np.float32), (packages, np.arange(len(packages)))))
    in_packages = np.diff(csc_array(by_package @ present).indptr)
    known = tokenizer["model"]["vocab"]
    frequent = np.flatnonzero((in_pairs >= MIN_PAIRS) & (in_packages >= MIN_PACKAGES))
    order = sorted(frequent.tolist(), key=lambda number: (-in_pairs[number], words[number]))
    return [
        words[n] for n in order if len(words[n]) in WORD_CHARACTERS and words[n].isalnum() and words[n] not in known
    ]


def extended(tokenizer: dict[str, Any], words: Sequence[str]) -> dict[str, Any]:
    """The tokenizer with these words after its own tokens."""
    longer = copy.deepcopy(tokenizer)
    vocabulary: dict[str, int] = longer["model"]["vocab"]
    for word in words:
        vocabulary[word] = len(vocabulary)
    return longer


def token_counts(words: Sequence[str], tokenizer: Mapping[str, Any]) -> csr_array:
    """Row per word: how often each token is a piece of it; a word that cannot be taken apart has none."""
    vocabulary: dict[str, int] = tokenizer["model"]["vocab"]
    longest: int = tokenizer["model"]["max_input_chars_per_word"]
    ids = [pieces(word, vocabulary) if len(word) <= longest else [] for word in words]
    starts = np.concatenate([[0], np.cumsum([len(row) for row in ids])])
    numbers = np.array([each for row in ids for each in row], np.int32)
    counts = csr_array((np.ones(len(numbers), np.float32), numbers, starts), shape=(len(words), len(vocabulary)))
    counts.sum_duplicates()
    return counts


def pieces(word: str, vocabulary: Mapping[str, int]) -> list[int]:
    """WordPiece: the longest token that the rest of the word begins with, again and again; none if one is missing."""
    ids, start = [], 0
    while start < len(word):
        prefix = "##" if start else ""
        ends = range(len(word), start, -1)
        end = next((end for end in ends if prefix + word[start:end] in vocabulary), None)
        if end is None:
            return []
        ids.append(vocabulary[prefix + word[start:end]])
        start = end
    return ids
