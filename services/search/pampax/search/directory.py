"""What a search knows of a snapshot before it looks at any posting: files, documents and the words of their paths.

A document is a blob read as one language; its chunks have consecutive ordinals. A directory is built once per snapshot
and shared by all searches of it; everything in it is immutable.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from pampax.codeintel.terms import path_terms
from pampax.search.path_kinds import NO_KINDS, PathKinds, path_kinds
from pampax.search.similar_words import SimilarWords

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Mask = NDArray[np.bool_]

MAX_SIZE_Z = 2.5  # standard deviations; beyond, a file is just very large or very small
MAX_TERMS_KEPT = 10_000  # of questions, whose matches among the words of paths are known
NO_SPREAD = 1e-9  # below, files have one size, and what is left is rounding


@dataclass(frozen=True, slots=True)
class FileRow:
    """A live file of a snapshot with its own ordinal and its document's place among those of chunks."""

    ordinal: int
    path: str
    blob_id: bytes
    language: str
    first_chunk: int
    chunk_count: int
    size: int  # in bytes
    functions: bytes = b""  # a byte a chunk, 1 where a function begins; empty in rows of before


@dataclass(frozen=True, slots=True, eq=False)
class WordBags:
    """Bags of words in compressed rows: bag i holds words[offsets[i]:offsets[i + 1]], as indexes into `vocabulary`.
    `holders` has the bags that hold a word, from `first_holder` of it on. `weights`: per bag, the sum of its words'
    idf."""

    vocabulary: Mapping[str, int]
    idf: Floats
    words: Ints
    offsets: Ints
    texts: tuple[str, ...]
    holders: Ints
    first_holder: Ints
    weights: Floats
    similar: SimilarWords
    _matching: dict[str, tuple[Ints, Floats]] = field(default_factory=dict)

    @classmethod
    def of(cls, bags: Sequence[Sequence[str]]) -> WordBags:
        vocabulary: dict[str, int] = {}
        return cls._of(vocabulary, *_rows(vocabulary, bags))

    def changed(self, kept: Ints, bags: Sequence[Sequence[str]]) -> WordBags:
        """Bag i is that of `kept[i]` here, or the next one of `bags` where that is negative."""
        vocabulary = dict(self.vocabulary)
        fresh, fresh_offsets = _rows(vocabulary, bags)
        starts, lengths = np.zeros(len(kept), np.int64), np.zeros(len(kept), np.int64)
        here = kept >= 0
        starts[here], lengths[here] = self.offsets[:-1][kept[here]], np.diff(self.offsets)[kept[here]]
        starts[~here], lengths[~here] = fresh_offsets[:-1] + len(self.words), np.diff(fresh_offsets)
        offsets = _offsets(lengths)
        places = np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])
        words = np.concatenate([self.words, fresh])[places]
        return self._of(vocabulary, words, offsets, self.similar if len(vocabulary) == len(self.vocabulary) else None)

    @classmethod
    def _of(
        cls, vocabulary: Mapping[str, int], words: Ints, offsets: Ints, similar: SimilarWords | None = None
    ) -> WordBags:
        df = np.bincount(words, minlength=len(vocabulary))
        idf = np.log1p((len(offsets) - 1 - df + 0.5) / (df + 0.5)).astype(np.float32)
        bags = np.repeat(np.arange(len(offsets) - 1, dtype=np.int32), np.diff(offsets))
        holders = bags[np.argsort(words, kind="stable")]
        weights = np.bincount(bags, idf[words].astype(np.float64), len(offsets) - 1).astype(np.float32)
        texts = tuple(vocabulary)
        similar = similar or SimilarWords(texts)
        return cls(vocabulary, idf, words, offsets, texts, holders, _offsets(df), weights, similar)

    def matching(self, term: str) -> tuple[Ints, Floats]:
        """The words of the vocabulary that a term of a question matches, and how well, 0..1. What was asked is kept."""
        known = self._matching.get(term)
        if known is None:
            known = self.similar.matching(term)
            if len(self._matching) >= MAX_TERMS_KEPT:
                self._matching.clear()
            self._matching[term] = known
        return known

    def sums(self, per_word: Floats) -> Floats:
        """Per bag, the sum of a value given per word of the vocabulary. Cost: linear in the bags that hold a word whose
        value is not 0.

        To the last bit the same whatever the order of bags and words, which is another one after a history.
        """
        given = sorted(np.flatnonzero(per_word).tolist(), key=self.texts.__getitem__)
        lists = [self.holders[self.first_holder[word] : self.first_holder[word + 1]] for word in given]
        if not lists:
            return np.zeros(len(self.offsets) - 1, np.float32)
        values = np.repeat(per_word[given].astype(np.float64), [len(bags) for bags in lists])
        return np.bincount(np.concatenate(lists), values, len(self.offsets) - 1).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Directory:
    """Files by path; documents by first chunk. `file_of` names a document's first file by path, `files_of` all.

    `mean_length` is in terms a chunk; `size_z` is the logarithm of a document's bytes in standard deviations from the
    mean, cut at `MAX_SIZE_Z`. `functions` has a flag for each chunk, those of a document from its `first_function` on.
    """

    files: tuple[FileRow, ...]
    live_chunks: Mask
    chunk_count: int
    mean_length: float
    first_chunk: Ints
    file_of: Ints
    files_of: tuple[tuple[int, ...], ...]
    stems: WordBags
    folders: WordBags
    kinds: PathKinds
    size_z: Floats
    functions: Mask
    first_function: Ints

    def is_live(self, ordinals: Ints) -> Mask:
        """Whether the snapshot shows each of these chunks; ordinals past its end are of later snapshots."""
        live = np.zeros(len(ordinals), np.bool_)
        inside = ordinals < len(self.live_chunks)
        live[inside] = self.live_chunks[ordinals[inside]]
        return live

    def document_of(self, ordinals: Ints) -> Ints:
        """The document that holds each live chunk."""
        return (np.searchsorted(self.first_chunk, ordinals, side="right") - 1).astype(np.int32)

    def begins_function(self, ordinals: Ints) -> Mask:
        """Whether a function begins in each live chunk."""
        documents = self.document_of(ordinals)
        flags: Mask = self.functions[self.first_function[documents] + ordinals - self.first_chunk[documents]]
        return flags

    def documents_at(self, first_chunks: Ints, paths: Sequence[str]) -> Ints:
        """Per (first chunk, first path of its files), the document that has both, or -1."""
        places = np.searchsorted(self.first_chunk, first_chunks).astype(np.int32)
        inside = np.flatnonzero(places < len(self.first_chunk))
        known = np.full(len(first_chunks), -1, np.int32)
        for index in inside[self.first_chunk[places[inside]] == first_chunks[inside]].tolist():
            place = int(places[index])
            if self.files[self.file_of[place]].path == paths[index]:
                known[index] = place
        return known

    def first_file(self, document: int) -> FileRow:
        """Of those with the document's content, by path."""
        return self.files[int(self.file_of[document])]

    def document_with(self, file: FileRow) -> int | None:
        """The document of a file that is here; None when it has no chunk."""
        return int(np.searchsorted(self.first_chunk, file.first_chunk)) if file.chunk_count else None

    def file_at(self, path: str) -> FileRow | None:
        at = bisect_left(self.files, path, key=lambda file: file.path)
        return self.files[at] if at < len(self.files) and self.files[at].path == path else None


def _rows(vocabulary: dict[str, int], bags: Sequence[Sequence[str]]) -> tuple[Ints, Ints]:
    """Words and offsets of these bags; what the vocabulary lacks is added to it."""
    rows = [[vocabulary.setdefault(word, len(vocabulary)) for word in dict.fromkeys(bag)] for bag in bags]
    words = np.fromiter((word for row in rows for word in row), np.int32)
    return words, _offsets(np.array([len(row) for row in rows], np.int64))


def _offsets(lengths: NDArray[np.int64]) -> Ints:
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def _standardised(sizes: Sequence[int]) -> Floats:
    """Sums are exact, so that their order, which a history changes, is in no bit of them."""
    logarithms = [math.log1p(size) for size in sizes]
    count = max(len(logarithms), 1)
    mean = math.fsum(logarithms) / count
    spread = math.sqrt(math.fsum((each - mean) ** 2 for each in logarithms) / count)
    if spread < NO_SPREAD:
        return np.zeros(len(logarithms), np.float32)
    return np.asarray(np.clip((np.array(logarithms) - mean) / spread, -MAX_SIZE_Z, MAX_SIZE_Z), np.float32)


_NO_INTS, _NO_FLOATS, _NO_MASK = np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0, np.bool_)
EMPTY = Directory(
    (),
    _NO_MASK,
    0,
    0.0,
    _NO_INTS,
    _NO_INTS,
    (),
    WordBags.of(()),
    WordBags.of(()),
    NO_KINDS,
    _NO_FLOATS,
    _NO_MASK,
    _NO_INTS,
)


def build_directory(files: Iterable[FileRow], live_chunks: Mask, term_count: int, like: Directory = EMPTY) -> Directory:
    """`term_count` is the sum of the live chunks' lengths. Cost: about 25 microseconds a file, 5 for those of which
    `like`, another directory of the same build, knows the words."""
    ordered = tuple(sorted(files, key=attrgetter("path")))
    owners: dict[int, list[int]] = {}
    for index, file in enumerate(ordered):
        if file.chunk_count:
            owners.setdefault(file.first_chunk, []).append(index)
    first_chunk = np.array(sorted(owners), np.int32)
    files_of = tuple(tuple(owners[start]) for start in first_chunk.tolist())
    first_files = [those[0] for those in files_of]
    paths = [ordered[index].path for index in first_files]
    kept = like.documents_at(first_chunk, paths)
    named = [path_terms(path) for path, place in zip(paths, kept.tolist(), strict=True) if place < 0]
    chunk_count = int(live_chunks.sum())
    sizes = [ordered[index].chunk_count for index in first_files]
    functions = [ordered[index].functions.ljust(size, b"\0") for index, size in zip(first_files, sizes, strict=True)]
    return Directory(
        files=ordered,
        live_chunks=live_chunks,
        chunk_count=chunk_count,
        mean_length=term_count / max(chunk_count, 1),
        first_chunk=first_chunk,
        file_of=np.array(first_files, np.int32),
        files_of=files_of,
        stems=like.stems.changed(kept, [stem for stem, _ in named]),
        folders=like.folders.changed(kept, [folders for _, folders in named]),
        kinds=path_kinds(paths, like.kinds, kept),
        size_z=_standardised([ordered[index].size for index in first_files]),
        functions=np.frombuffer(b"".join(functions), np.bool_),
        first_function=_offsets(np.array(sizes, np.int64))[:-1],
    )
