"""Features: what each source of evidence says about each document and each chunk, on comparable scales.

Scores without a natural scale (BM25, cosine above its floor) are divided by their maximum within the question; shares
and flags are used as they are. All arrays have one value per document of the directory, or one per candidate chunk.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pampax.codeintel.terms import terms
from pampax.search import bm25
from pampax.search.directory import Directory
from pampax.search.gathered import Definition, Gathered, Neighbours
from pampax.search.paths import match_paths
from pampax.search.query import Query

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

MAX_SCORED_CHUNKS = 5_000  # by text; the best of a file is never below this on any repository measured
SEMANTIC_FLOOR = 0.8  # quantile of the similarities that counts as "says nothing"
UNSEEN_IDF_SHARE = 0.7  # of ln(1 + N): idf of a symbol's word that the question does not hold
KIND_WEIGHT = {"type": 1.0, "function": 1.0, "variable": 0.5, "declaration": 0.4}
MEAN_NAMES = 6.0  # names terms of a chunk, for length normalisation


@dataclass(frozen=True, slots=True)
class ChunkFeatures:
    """Candidate chunks: ordinals ascending, the document of each, and features in 0..1 by name."""

    ordinals: Ints
    documents: Ints
    values: Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class Features:
    """`files` by feature name, see `weights.py`. `found` marks documents with any evidence at all."""

    files: Mapping[str, Floats]
    chunks: ChunkFeatures
    found: NDArray[np.bool_]


def text_scores(directory: Directory, query: Query, gathered: Gathered) -> bm25.Scored:
    return bm25.score_chunks(
        gathered.words, query.terms, directory.live_chunks, directory.chunk_count, directory.mean_length, bm25.TEXT
    )


def name_scores(directory: Directory, query: Query, gathered: Gathered) -> bm25.Scored:
    return bm25.score_chunks(
        gathered.names, query.terms, directory.live_chunks, directory.chunk_count, MEAN_NAMES, bm25.NAMES
    )


def compute(directory: Directory, query: Query, gathered: Gathered) -> Features:
    """All features of one question. Cost: linear in the lists and the documents, a few ms at 100K chunks."""
    text = _strongest(text_scores(directory, query, gathered))
    names = name_scores(directory, query, gathered)
    near = _above_floor(directory, gathered.neighbours)
    paths = match_paths(directory, query.terms)
    count = len(directory.first_chunk)
    best_text, top_text = _best_and_top_three(directory.document_of(text.ordinals), text.scores, count)
    best_names, _ = _best_and_top_three(directory.document_of(names.ordinals), names.scores, count)
    _, top_near = _best_and_top_three(directory.document_of(near.ordinals), near.similarities, count)
    symbols = _symbol_cosines(directory, query, names, (*gathered.exact, *gathered.named))
    exact = _exact_definitions(directory, gathered.exact)
    files = {
        "text": _scaled(top_text), "best_text": _scaled(best_text), "names": _scaled(best_names),
        "stem": paths.stem_cover, "folder": paths.folder_cover, "path": _scaled(paths.bm25),
        "symbol": _per_document(directory, symbols, count), "semantic": _scaled(top_near), "size": directory.size_z,
        **exact.per_document,
        "aside": paths.aside, "platform": paths.platform, "header": paths.header, "depth": paths.depth,
    }  # fmt: skip
    leads = directory.first_chunk[(files["stem"] > 0) | (files["path"] > 0)]
    found = np.zeros(count, np.bool_)
    for name in ("text", "names", "stem", "path", "symbol", "semantic", "function", "type", "definition_size"):
        found |= files[name] > 0
    return Features(files, _chunk_features(directory, text, names, near, symbols, exact.chunks, leads), found)


def _strongest(scored: bm25.Scored) -> bm25.Scored:
    if len(scored.ordinals) <= MAX_SCORED_CHUNKS:
        return scored
    # Stable order among equals: the lower ordinal wins, on every replica alike.
    order = np.lexsort((scored.ordinals, -scored.scores))[:MAX_SCORED_CHUNKS]
    keep = np.sort(order)
    return bm25.Scored(scored.ordinals[keep], scored.scores[keep], scored.coverage[keep], scored.idf)


def _above_floor(directory: Directory, neighbours: Neighbours | None) -> Neighbours:
    if neighbours is None or not len(neighbours.ordinals):
        return Neighbours(np.zeros(0, np.int32), np.zeros(0, np.float32))
    similarities = neighbours.similarities
    if len(similarities) >= directory.chunk_count:
        floor = float(np.quantile(similarities, SEMANTIC_FLOOR))
    else:
        floor = float(similarities.min())
    above = np.maximum(similarities - np.float32(floor), 0)
    keep = above > 0
    return Neighbours(neighbours.ordinals[keep], above[keep])


def _best_and_top_three(documents: Ints, scores: Floats, count: int) -> tuple[Floats, Floats]:
    """Per document: its best chunk's score, and best + half the second + a quarter of the third."""
    best, top = np.zeros(count, np.float32), np.zeros(count, np.float32)
    if not len(documents):
        return best, top
    order = np.lexsort((-scores, documents))
    documents, scores = documents[order], scores[order]
    starts = np.flatnonzero(np.r_[True, documents[1:] != documents[:-1]])
    place = np.arange(len(documents)) - np.repeat(starts, np.diff(np.r_[starts, len(documents)]))
    best[documents[starts]] = scores[starts]
    for nth, share in enumerate((1.0, 0.5, 0.25)):
        at = place == nth
        top[documents[at]] += np.float32(share) * scores[at]
    return best, top


def _scaled(values: Floats) -> Floats:
    peak = float(values.max()) if len(values) else 0.0
    return values / np.float32(peak) if peak > 0 else values


def _symbol_cosines(
    directory: Directory, query: Query, names: bm25.Scored, definitions: Iterable[Definition]
) -> dict[int, float]:
    """Chunk -> its best symbol's overlap with the question: idf shared / sqrt(idf of symbol x idf of question)."""
    unseen = UNSEEN_IDF_SHARE * math.log(1 + directory.chunk_count)
    wanted = {term: weight * names.idf.get(term, unseen) for term, weight in query.terms.items()}
    whole = sum(value for term, value in wanted.items() if query.terms[term] != 0.8) or 1.0
    best: dict[int, float] = {}
    for definition in definitions:
        words = set(terms(definition.name))
        shared = sum(wanted[word] for word in words if word in wanted)
        if shared <= 0:
            continue
        own = sum(names.idf.get(word, unseen) for word in words)
        cosine = min(1.0, shared / math.sqrt(own * whole)) * KIND_WEIGHT.get(definition.kind, 0.5)
        best[definition.chunk] = max(best.get(definition.chunk, 0.0), cosine)
    return best


@dataclass(frozen=True, slots=True)
class _Exact:
    per_document: Mapping[str, Floats]
    chunks: frozenset[int]


def _exact_definitions(directory: Directory, definitions: Iterable[Definition]) -> _Exact:
    count = len(directory.first_chunk)
    values = {name: np.zeros(count, np.float32) for name in ("function", "type", "definition_size")}
    chunks = set()
    for definition in definitions:
        document = _live_document(directory, definition.chunk)
        if document is None:
            continue
        chunks.add(definition.chunk)
        if definition.kind in ("function", "type"):
            values[definition.kind][document] = 1.0
        lines = definition.end_line - definition.start_line + 1
        size = math.log(1 + lines) * KIND_WEIGHT.get(definition.kind, 0.5)
        values["definition_size"][document] = max(values["definition_size"][document], np.float32(size))
    return _Exact(values, frozenset(chunks))


def _live_document(directory: Directory, chunk: int) -> int | None:
    if chunk >= len(directory.live_chunks) or not directory.live_chunks[chunk]:
        return None
    return int(np.searchsorted(directory.first_chunk, chunk, side="right")) - 1


def _per_document(directory: Directory, per_chunk: Mapping[int, float], count: int) -> Floats:
    values = np.zeros(count, np.float32)
    for chunk, value in per_chunk.items():
        document = _live_document(directory, chunk)
        if document is not None:
            values[document] = max(values[document], np.float32(value))
    return values


def _chunk_features(
    directory: Directory,
    text: bm25.Scored,
    names: bm25.Scored,
    near: Neighbours,
    symbols: Mapping[int, float],
    exact: frozenset[int],
    leads: Ints,
) -> ChunkFeatures:
    """`leads`: first chunks of documents whose path alone speaks for them."""
    marked = np.array([c for c in (*symbols, *exact) if _live_document(directory, c) is not None], np.int32)
    ordinals = np.unique(np.concatenate([text.ordinals, names.ordinals, near.ordinals, marked, leads])).astype(np.int32)
    values = {
        name: np.zeros(len(ordinals), np.float32)
        for name in ("text", "names", "semantic", "coverage", "symbol", "definition")
    }
    for name, source, scores in (
        ("text", text.ordinals, _scaled(text.scores)),
        ("coverage", text.ordinals, text.coverage),
        ("names", names.ordinals, _scaled(names.scores)),
        ("semantic", near.ordinals, _scaled(near.similarities)),
    ):
        values[name][np.searchsorted(ordinals, source)] = scores
    for chunk in marked.tolist():
        at = int(np.searchsorted(ordinals, chunk))
        values["symbol"][at] = symbols.get(chunk, 0.0)
        values["definition"][at] = float(chunk in exact)
    return ChunkFeatures(ordinals, directory.document_of(ordinals), values)
