"""Which words of names a term matches, as the same, a beginning or an abbreviation, without comparing it with each."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pampax.codeintel.stemming import stem

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]

PREFIX_MATCH = 0.6
ABBREVIATION_MATCH = 0.35

_MIN_PREFIX_CHARS = 3
_MIN_PREFIX_SHARE = 0.35
_ABBREVIATION_CHARS = range(3, 6)
_LAST = chr(0x10FFFF)  # sorts behind every letter
_LETTERS = 64


def word_form(word: str) -> str:
    """What a word is compared by."""
    return stem(word.lower())


def form_match(a: str, b: str) -> float:
    """How well two forms match: 1 the same, less for a prefix (auth, authentication) and for an abbreviation (cfg,
    config), else 0. Symmetric."""
    if a == b:
        return 1.0 if a else 0.0
    short, long = (a, b) if len(a) <= len(b) else (b, a)
    if len(short) < _MIN_PREFIX_CHARS or not short.isalpha():
        return 0.0
    if long.startswith(short):
        return PREFIX_MATCH if len(short) >= _MIN_PREFIX_SHARE * len(long) else 0.0
    if len(short) in _ABBREVIATION_CHARS and len(short) < len(long) and short[0] == long[0]:
        rest = iter(long)
        return ABBREVIATION_MATCH if all(letter in rest for letter in short) else 0.0
    return 0.0


class SimilarWords:
    """The vocabulary by its forms, sorted: those that begin with a term stand together.

    An abbreviation has the first letter of what it is short for, and no letter that this one has not: each form has its
    letters as bits of a number, in which several share a bit, and few are left to compare.
    """

    def __init__(self, words: Sequence[str]) -> None:
        by_form = sorted((form, place) for place, form in enumerate(map(word_form, words)) if form)
        self._forms = [form for form, _ in by_form]
        self._places = np.array([place for _, place in by_form], np.int32)
        self._lengths = np.array([len(form) for form in self._forms], np.int32)
        self._letters = _letters(self._forms, self._lengths)

    def matching(self, term: str) -> tuple[Ints, Floats]:
        """Places in the vocabulary and how well those words match, 0..1, as `form_match` says; without those that do
        not."""
        form = word_form(term)
        values = {at: form_match(form, self._forms[at]) for at in self._candidates(form)} if form else {}
        found = [at for at, value in values.items() if value]
        return self._places[found], np.array([values[at] for at in found], np.float32)

    def _candidates(self, form: str) -> Iterator[int]:
        """All that may match, some of them more than once."""
        for length in range(1, len(form)):
            yield from self._between(form[:length], form[:length] + "\0")
        yield from self._between(form, form + _LAST)
        initial = self._between(form[0], form[0] + _LAST)
        letters, lengths = self._letters[initial.start : initial.stop], self._lengths[initial.start : initial.stop]
        own = _letters([form], np.array([len(form)]))[0]
        shared = letters & own
        if len(form) in _ABBREVIATION_CHARS:
            yield from (initial.start + np.flatnonzero((shared == own) & (lengths > len(form)))).tolist()
        short = (lengths >= _ABBREVIATION_CHARS.start) & (lengths < min(_ABBREVIATION_CHARS.stop, len(form)))
        yield from (initial.start + np.flatnonzero((shared == letters) & short)).tolist()

    def _between(self, first: str, end: str) -> range:
        return range(bisect_left(self._forms, first), bisect_left(self._forms, end))


def _letters(forms: Sequence[str], lengths: Ints) -> NDArray[np.uint64]:
    """Of forms that are not empty."""
    if not forms:
        return np.zeros(0, np.uint64)
    codes = np.frombuffer("".join(forms).encode("utf-32-le", "surrogatepass"), np.uint32)
    bits = np.uint64(1) << (codes % _LETTERS).astype(np.uint64)
    return np.bitwise_or.reduceat(bits, np.cumsum(lengths) - lengths)
