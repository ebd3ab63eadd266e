"""Repositories in memory, as the services index and ask them, but without servers: what weights are fitted on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pampax.bench.golden.model import Annotated
from pampax.bench.golden.scoring import Chunk
from pampax.codeintel.content import path_rule, skip_reason
from pampax.codeintel.languages import language_of
from pampax.codeintel.parse import analyse
from pampax.embedding.static import load_default
from pampax.search import features
from pampax.search.bm25 import OF_NAMES, live_lists, of_text
from pampax.search.directory import Directory, FileRow, build_directory
from pampax.search.features import Features
from pampax.search.gather import MAX_NAMED_CHUNKS, MAX_NEIGHBOURS
from pampax.search.gathered import Definition, Gathered, Neighbours
from pampax.search.query import Query
from pampax.sources.folder import list_folder
from pampax.storage.posting import Posting


@dataclass(frozen=True, slots=True, eq=False)
class Repository:
    """An indexed repository: `places` of its chunks, postings of words and names, definitions, a vector a chunk."""

    directory: Directory
    places: tuple[Chunk, ...]
    words: Mapping[str, Posting]
    names: Mapping[str, Posting]
    definitions: tuple[Definition, ...]
    vectors: NDArray[np.float32]

    def documents_of(self, paths: set[str]) -> NDArray[np.bool_]:
        directory = self.directory
        return np.array(
            [any(directory.files[file].path in paths for file in files) for files in directory.files_of], np.bool_
        )

    def features(self, query: Query) -> Features:
        directory = self.directory
        names = features.name_scores(directory, query, live_lists(_asked(self.names, query), directory, OF_NAMES))
        strongest = set(names.ordinals[np.lexsort((names.ordinals, -names.scores))[:MAX_NAMED_CHUNKS]].tolist())
        asked = [replace(each, asked=True) for each in self.definitions if each.name.lower() in query.names]
        near = [each for each in self.definitions if each.chunk in strongest]
        words = live_lists(_asked(self.words, query), directory, of_text(directory))
        matched = features.match(directory, query, Gathered(words, names, (*asked, *near)))
        return features.compute(directory, matched, self._neighbours(query.text))

    def _neighbours(self, text: str) -> Neighbours | None:
        vector = load_default().embed_query(text)
        if not vector.any():
            return None
        similarities = (self.vectors @ vector).astype(np.float32)
        order = np.argsort(-similarities, kind="stable")[:MAX_NEIGHBOURS]
        return Neighbours(order.astype(np.int32), similarities[order])


def indexed(annotated: Annotated) -> Repository:
    """By the rules of an index of that folder; a second file with the same content shares its chunks."""
    made = _Making()
    listing = list_folder(annotated.folder, annotated.include, annotated.exclude, skip=path_rule(annotated.include))
    for file in listing.files:
        content = (annotated.folder / file.path).read_bytes()
        if skip_reason(file.path, content) is None:
            made.add(file.path, content)
    return made.repository()


def _asked(postings: Mapping[str, Posting], query: Query) -> dict[str, Posting]:
    return {term: postings[term] for term in query.terms if term in postings}


class _Making:
    def __init__(self) -> None:
        self._rows: list[FileRow] = []
        self._documents: dict[tuple[bytes, str], FileRow] = {}
        self._places: list[Chunk] = []
        self._texts: list[str] = []
        self._definitions: list[Definition] = []
        self._lists: tuple[dict[str, list[tuple[int, int, int]]], ...] = ({}, {})
        self._term_count = 0

    def add(self, path: str, content: bytes) -> None:
        key = hashlib.sha256(content).digest(), language_of(path, content)
        known = self._documents.get(key)
        if known is None:
            known = self._documents[key] = self._document(path, content, key)
        self._rows.append(replace(known, ordinal=len(self._rows), path=path))

    def repository(self) -> Repository:
        words, names = ({term: _posting(entries) for term, entries in field.items()} for field in self._lists)
        directory = build_directory(self._rows, np.ones(len(self._places), np.bool_), self._term_count)
        vectors = load_default().embed_documents(self._texts)
        return Repository(directory, tuple(self._places), words, names, tuple(self._definitions), vectors)

    def _document(self, path: str, content: bytes, key: tuple[bytes, str]) -> FileRow:
        blob, language = key
        analysis = analyse(language, content)
        chunks, first = analysis.parsed.chunks, len(self._places)
        for chunk, *counted in zip(chunks, analysis.chunk_terms, analysis.name_terms, strict=True):
            for field, counts in zip(self._lists, counted, strict=True):
                length = sum(counts.values())
                for term, count in counts.items():
                    field.setdefault(term, []).append((len(self._places), count, length))
            self._term_count += sum(counted[0].values())
            self._places.append(Chunk((path,), chunk.start_line, chunk.end_line))
            self._texts.append(f"{chunk.symbol}\n{chunk.text}")
        for symbol in analysis.parsed.symbols:
            held = (n for n, each in enumerate(chunks, first) if each.start_line <= symbol.start_line <= each.end_line)
            at = next(held, None)
            if at is not None:
                lines = symbol.end_line - symbol.start_line + 1
                self._definitions.append(Definition(at, symbol.name, symbol.kind, lines, asked=False))
        functions = bytes(chunk.kind == "function" for chunk in chunks)
        return FileRow(0, path, blob, language, first, len(chunks), len(content), functions)


def _posting(entries: list[tuple[int, int, int]]) -> Posting:
    ordinals, counts, lengths = zip(*entries, strict=True)
    return Posting(
        np.array(ordinals, np.int32),
        np.minimum(counts, 255).astype(np.uint8),
        np.minimum(lengths, 65535).astype(np.uint16),
    )
