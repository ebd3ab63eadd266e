"""Features: what each source of evidence says about each document and each chunk, on comparable scales.

Scores without a natural scale (BM25, cosine above its floor) are divided by their maximum within the question; shares
and flags are used as they are. All arrays have one value per document of the directory, or one per candidate chunk.
Sums run in the order of chunks or of the question's terms, never of a set, so that they end in the same bits in every
process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pampax.search import bm25
from pampax.search.aggregation import best_and_top, largest, scaled
from pampax.search.bm25 import LiveList, Scored
from pampax.search.definitions import DefinitionMatch, match_definitions
from pampax.search.directory import Directory
from pampax.search.gathered import Gathered, Neighbours
from pampax.search.paths import PathMatch, match_paths
from pampax.search.query import Query

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

MAX_TEXT_CHUNKS = 5_000  # scored by text or names; the best of a file is never below this on any repository measured
SEMANTIC_FLOOR = 0.8  # quantile of all similarities that counts as "says nothing"


@dataclass(frozen=True, slots=True, eq=False)
class ChunkFeatures:
    """Candidate chunks: ordinals ascending, the document of each, and features in 0..1 by name."""

    ordinals: Ints
    documents: Ints
    values: Mapping[str, Floats]


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """`files` by feature name, see `weights.py`. `found` marks documents with any evidence at all."""

    files: Mapping[str, Floats]
    chunks: ChunkFeatures
    found: NDArray[np.bool_]

    @property
    def count(self) -> int:
        """Documents."""
        return len(self.found)


@dataclass(frozen=True, slots=True)
class _Frames:
    """Live chunks of a stack trace's frames, ascending, and their weights."""

    chunks: Ints
    weights: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """What each source but the vectors says of one question."""

    text: Scored
    names: Scored
    definitions: DefinitionMatch
    paths: PathMatch
    frames: _Frames


def match(directory: Directory, query: Query, gathered: Gathered) -> Matched:
    """What everything but vectors says of one question. Cost: linear in the lists and the documents, a few ms at 100K
    chunks."""
    text = bm25.score_chunks(gathered.words, query.terms, directory)
    return Matched(
        text=text.strongest(MAX_TEXT_CHUNKS),
        names=gathered.names.strongest(MAX_TEXT_CHUNKS),
        definitions=match_definitions(directory, query, gathered),
        paths=match_paths(directory, query),
        frames=_frames(directory, gathered.frames),
    )


def compute(directory: Directory, matched: Matched, neighbours: Neighbours | None) -> Features:
    """All features of one question. `neighbours` is None when vectors were not asked or did not answer."""
    near = _above_floor(directory, neighbours)
    files = _file_features(directory, matched, near)
    return Features(files, _chunk_features(directory, matched, near), _found(files))


def name_scores(directory: Directory, query: Query, lists: Mapping[str, LiveList]) -> Scored:
    """How well the names that each chunk defines match the question."""
    return bm25.score_chunks(lists, query.terms, directory)


def _frames(directory: Directory, found: Mapping[int, float]) -> _Frames:
    chunks = np.array(sorted(found), np.int32)
    chunks = chunks[directory.is_live(chunks)]
    return _Frames(chunks, np.array([found[chunk] for chunk in chunks.tolist()], np.float32))


def _file_features(directory: Directory, matched: Matched, near: Neighbours) -> dict[str, Floats]:
    count = len(directory.first_chunk)
    with_text = directory.document_of(matched.text.ordinals)
    best_text, top_text = best_and_top(with_text, matched.text.scores, count)
    best_names = largest(directory.document_of(matched.names.ordinals), matched.names.scores, count)
    best_near, top_near = best_and_top(directory.document_of(near.ordinals), near.similarities, count)
    defining = directory.document_of(matched.definitions.chunks)
    return {
        "text": scaled(top_text),
        "best_text": scaled(best_text),
        "coverage": largest(with_text, matched.text.coverage, count),
        "names": scaled(best_names),
        "stem": matched.paths.stem_cover,
        "folder": matched.paths.folder_cover,
        "path": scaled(matched.paths.bm25),
        "exact_path": matched.paths.exact,
        "frame": largest(directory.document_of(matched.frames.chunks), matched.frames.weights, count),
        "symbol": largest(defining, matched.definitions.cosine, count),
        "function": largest(defining, matched.definitions.functions.astype(np.float32), count),
        "type": largest(defining, matched.definitions.types.astype(np.float32), count),
        "definition_size": largest(defining, matched.definitions.size, count),
        "semantic": scaled(top_near),
        "best_semantic": scaled(best_near),
        "size": directory.size_z,
        "aside": matched.paths.aside,
        "prose": matched.paths.prose,
        "platform": matched.paths.platform,
        "header": matched.paths.header,
    }


def _found(files: Mapping[str, Floats]) -> NDArray[np.bool_]:
    """A file's size, folder or kind of path alone is no evidence for it."""
    found = np.zeros(len(files["text"]), np.bool_)
    for name in (
        "text",
        "names",
        "stem",
        "path",
        "exact_path",
        "frame",
        "symbol",
        "semantic",
        "function",
        "type",
        "definition_size",
    ):
        found |= files[name] > 0
    return found


def _chunk_features(directory: Directory, matched: Matched, near: Neighbours) -> ChunkFeatures:
    # Where the path alone speaks for a document, its first chunk stands for it.
    leads = directory.first_chunk[(matched.paths.stem_cover > 0) | (matched.paths.bm25 > 0) | (matched.paths.exact > 0)]
    found = np.concatenate(
        [
            matched.text.ordinals,
            matched.names.ordinals,
            near.ordinals,
            matched.definitions.chunks,
            matched.frames.chunks,
            leads,
        ]
    )
    candidates = np.zeros(len(directory.live_chunks), np.bool_)
    candidates[found] = True
    ordinals = np.flatnonzero(candidates).astype(np.int32)
    places = np.cumsum(candidates, dtype=np.int32) - 1

    def values(chunks: Ints, of_them: Floats) -> Floats:
        return largest(places[chunks], of_them, len(ordinals))

    by_name = {
        "text": values(matched.text.ordinals, scaled(matched.text.scores)),
        "coverage": values(matched.text.ordinals, matched.text.coverage),
        "semantic": values(near.ordinals, scaled(near.similarities)),
        "symbol": values(matched.definitions.chunks, matched.definitions.cosine),
        "definition": values(matched.definitions.chunks, matched.definitions.asked.astype(np.float32)),
        "function": directory.begins_function(ordinals).astype(np.float32),
        "frame": values(matched.frames.chunks, matched.frames.weights),
    }
    return ChunkFeatures(ordinals, directory.document_of(ordinals), by_name)


def _above_floor(directory: Directory, neighbours: Neighbours | None) -> Neighbours:
    """Similarities less what says nothing: a quantile when every chunk was compared, else the least of the nearest."""
    if neighbours is None or not len(neighbours.ordinals):
        return Neighbours(np.zeros(0, np.int32), np.zeros(0, np.float32))
    similarities = neighbours.similarities
    compared_all = len(similarities) >= directory.chunk_count
    floor = float(np.quantile(similarities, SEMANTIC_FLOOR)) if compared_all else float(similarities.min())
    above = np.maximum(similarities - np.float32(floor), 0)
    keep = above > 0
    return Neighbours(neighbours.ordinals[keep], above[keep])
