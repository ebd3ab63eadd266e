"""How well the words of a file's path match the question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pampax.search.directory import Directory, WordBags
from pampax.search.path_kinds import ASIDE_WORDS, PLATFORMS, PROSE_WORDS
from pampax.search.query import Intent, Query

Floats = NDArray[np.float32]

# BM25 over the words of a path: they hardly repeat, and a long path is not less telling.
PATH_K1 = 0.5
PATH_B = 0.5
FOLDER_SHARE = 0.5  # of a word in a folder's name, beside the same word in the file's


@dataclass(frozen=True, slots=True, eq=False)
class PathMatch:
    """One value per document. Covers lie in 0..1; `bm25` is not scaled; flags are 0 or 1.
    `exact` flags a document that lies at the very path that the question is."""

    stem_cover: Floats
    folder_cover: Floats
    bm25: Floats
    exact: Floats
    aside: Floats
    prose: Floats
    platform: Floats
    header: Floats


def match_paths(directory: Directory, query: Query) -> PathMatch:
    """Cost: linear in the documents, plus the words of names that share a first letter with a term."""
    terms = query.terms
    stem_words = _matches(directory.stems, terms)
    folder_words = _matches(directory.folders, terms)
    flags = directory.kinds
    asks_aside = not ASIDE_WORDS.isdisjoint(terms)
    asks_prose = not PROSE_WORDS.isdisjoint(terms)
    named_platforms = {term for term in terms if term in PLATFORMS}
    stem_cover = _cover(directory.stems, stem_words)
    return PathMatch(
        stem_cover=stem_cover,
        folder_cover=_cover(directory.folders, folder_words),
        bm25=_bm25(directory.stems, terms) + np.float32(FOLDER_SHARE) * _bm25(directory.folders, terms),
        exact=_at_path(directory, query, stem_cover > 0),
        aside=np.zeros_like(flags.aside) if asks_aside else flags.aside,
        prose=np.zeros_like(flags.prose) if asks_prose else flags.prose,
        platform=np.zeros_like(flags.platform) if named_platforms else flags.platform,
        header=flags.header,
    )


def exact_cover(bags: WordBags, terms: Mapping[str, float]) -> Floats:
    """Like the covers of `match_paths`, of words that are the same alone: the cost does not grow with the terms."""
    matches = np.zeros(len(bags.vocabulary), np.float32)
    for term, weight in terms.items():
        at = bags.vocabulary.get(term)
        if at is not None:
            matches[at] = weight
    return _cover(bags, matches)


def _at_path(directory: Directory, query: Query, likely: NDArray[np.bool_]) -> Floats:
    """Looked for only when the question reads as a path: the whole of one, or its last parts. First among the `likely`
    documents, whose names hold a word of it, then among all: a name may be made of letters that are no word."""
    found = np.zeros(len(directory.first_chunk), np.float32)
    if query.intent is Intent.PATH:
        asked = "/" + query.text.removeprefix("./").strip("/")
        for documents in (np.flatnonzero(likely).tolist(), range(len(found))):
            found[[each for each in documents if _lies_at(directory, each, asked)]] = 1
            if found.any():
                break
    return found


def _lies_at(directory: Directory, document: int, asked: str) -> bool:
    return any(f"/{directory.files[file].path}".endswith(asked) for file in directory.files_of[document])


def _matches(bags: WordBags, terms: Mapping[str, float]) -> Floats:
    """Per word of the vocabulary, how well the best term of the question matches it, 0..1."""
    best = np.zeros(len(bags.vocabulary), np.float32)
    for term, weight in terms.items():
        words, matches = bags.matching(term)
        best[words] = np.maximum(best[words], matches * np.float32(weight))
    return best


def _cover(bags: WordBags, matches: Floats) -> Floats:
    whole = bags.weights
    return np.divide(bags.sums(bags.idf * matches), whole, out=np.zeros_like(whole), where=whole > 0)


def _bm25(bags: WordBags, terms: Mapping[str, float]) -> Floats:
    per_word = np.zeros(len(bags.vocabulary), np.float32)
    for term, weight in terms.items():
        at = bags.vocabulary.get(term)
        if at is not None:
            per_word[at] = weight * bags.idf[at]
    lengths = np.diff(bags.offsets).astype(np.float32)
    mean = float(lengths.mean()) if len(lengths) else 1.0
    saturation = (PATH_K1 + 1) / (1 + PATH_K1 * (1 - PATH_B + PATH_B * lengths / max(mean, 0.01)))
    return np.asarray(bags.sums(per_word) * saturation, np.float32)
