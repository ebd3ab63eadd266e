"""A small snapshot in memory, made by the real analysis and the real model."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest

from pampax.codeintel.languages import language_of
from pampax.codeintel.parse import analyse
from pampax.embedding.static import load_default
from pampax.search import features, weights
from pampax.search.bm25 import OF_NAMES, live_lists, of_text
from pampax.search.directory import Directory, FileRow, build_directory
from pampax.search.evidence import Evidence, evidence_of
from pampax.search.features import Features
from pampax.search.gathered import Definition, Gathered, Neighbours
from pampax.search.query import Query, read_query
from pampax.search.ranking import RankedChunk, Scores, one_per_document, rank_chunks
from pampax.storage.posting import Posting

FILES = {
    "src/client.py": '"""HTTP client."""\n\n\nclass Client:\n    """Sends requests."""\n\n'
    "    def send(self, request):\n        return self.pool.acquire().send(request)\n",
    "src/pool.py": '"""Keeps connections open."""\n\n\nclass ConnectionPool:\n'
    '    """Reuses connections to hosts."""\n\n'
    "    def acquire(self):\n        return self.idle.pop()\n\n    def release(self, connection):\n"
    "        self.idle.append(connection)\n",
    "src/retry.py": "def retry_with_backoff(call, attempts):\n"
    "    # waits longer after each failure\n    for attempt in range(attempts):\n        call()\n",
    "tests/test_pool.py": "from pool import ConnectionPool\n\n\n"
    "def test_acquire():\n    assert ConnectionPool().acquire()\n",
    "docs/notes.md": "# Notes\n\nThe connection pool keeps idle connections.\n",
}


@dataclass(frozen=True)
class Corpus:
    """What the sources of evidence read of a snapshot, held in memory."""

    directory: Directory
    words: Mapping[str, Posting]
    names: Mapping[str, Posting]
    definitions: tuple[Definition, ...]
    vectors: np.ndarray
    places: tuple[tuple[str, int, int], ...]

    def gather(self, query: Query) -> Gathered:
        names = {term: self.names[term] for term in query.terms if term in self.names}
        return Gathered(
            words=live_lists(
                {term: self.words[term] for term in query.terms if term in self.words},
                self.directory,
                of_text(self.directory),
            ),
            names=features.name_scores(self.directory, query, live_lists(names, self.directory, OF_NAMES)),
            definitions=tuple(replace(each, asked=each.name.lower() in query.names) for each in self.definitions),
        )

    def neighbours(self, query: Query) -> Neighbours:
        similarities = self.vectors @ load_default().embed_query(query.text)
        order = np.argsort(-similarities, kind="stable")
        return Neighbours(order.astype(np.int32), similarities[order].astype(np.float32))

    def features(self, query: Query, gathered: Gathered) -> Features:
        return features.compute(self.directory, features.match(self.directory, query, gathered), self.neighbours(query))

    def explained(self, text: str, *, one_per_file: bool = False) -> list[tuple[RankedChunk, tuple[Evidence, ...]]]:
        query = read_query(text)
        computed = self.features(query, self.gather(query))
        scores = Scores.of(computed, weights.NAME if query.single_token else weights.SENTENCE)
        allowed = np.ones(len(self.directory.first_chunk), np.bool_)
        chunks = rank_chunks(computed, scores, allowed, None)
        ranked = one_per_document(chunks) if one_per_file else chunks
        return [(chunk, evidence_of(computed, scores, chunk)) for chunk in ranked]

    def search(self, text: str, *, one_per_file: bool = False) -> list[RankedChunk]:
        return [chunk for chunk, _ in self.explained(text, one_per_file=one_per_file)]

    def paths(self, ranked: list[RankedChunk]) -> list[str]:
        return [self.places[each.ordinal][0] for each in ranked]


@pytest.fixture(scope="session")
def make_corpus() -> Callable[[Mapping[str, str]], Corpus]:
    return _corpus


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    return _corpus(FILES)


def _corpus(files: Mapping[str, str]) -> Corpus:
    rows, places, texts, definitions, total = [], [], [], [], 0
    lists: tuple[dict[str, list[tuple[int, int, int]]], ...] = ({}, {})
    for path, text in files.items():
        analysis = analyse(language_of(path), text.encode())
        first = len(places)
        for chunk, *counted in zip(analysis.parsed.chunks, analysis.chunk_terms, analysis.name_terms, strict=True):
            for field, counts in zip(lists, counted, strict=True):
                for term, count in counts.items():
                    field.setdefault(term, []).append((len(places), count, sum(counts.values())))
            total += sum(counted[0].values())
            places.append((path, chunk.start_line, chunk.end_line))
            texts.append(f"{chunk.symbol}\n{chunk.text}")
        for symbol in analysis.parsed.symbols:
            at = next(o for o in range(first, len(places)) if places[o][1] <= symbol.start_line <= places[o][2])
            definitions.append(
                Definition(at, symbol.name, symbol.kind, symbol.end_line - symbol.start_line + 1, asked=False)
            )
        blob = hashlib.sha1(text.encode()).digest()
        functions = bytes(chunk.kind == "function" for chunk in analysis.parsed.chunks)
        rows.append(FileRow(len(rows), path, blob, language_of(path), first, len(places) - first, len(text), functions))
    words, names = ({term: _posting(entries) for term, entries in field.items()} for field in lists)
    directory = build_directory(rows, np.ones(len(places), np.bool_), total)
    vectors = load_default().embed_documents(texts)
    return Corpus(directory, words, names, tuple(definitions), vectors, tuple(places))


def _posting(entries: list[tuple[int, int, int]]) -> Posting:
    ordinals, tfs, lengths = zip(*entries, strict=True)
    return Posting(np.array(ordinals, np.int32), np.array(tfs, np.uint8), np.array(lengths, np.uint16))
