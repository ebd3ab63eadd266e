"""What linking reads of one snapshot, from Postgres and from the directory in memory."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable
from functools import reduce

import numpy as np
from psycopg.rows import tuple_row

from pampax.codeintel.terms import term_counts
from pampax.codeintel.uses import MAX_USES_BYTES, Uses, unpack
from pampax.graph.co_changes import history_of
from pampax.graph.history import CoChange, History
from pampax.graph.model import Definition, SourceFile
from pampax.graph.modules import Modules
from pampax.graph.recorded import MAX_RECORDED_BYTES, Recorded
from pampax.graph.recorded import unpack as unpack_recorded
from pampax.search.directory import Directory, FileRow
from pampax.search.postgres import WORDS, read_postings, scope
from pampax.storage.blobs import corrupt, decompress_bounded
from pampax.storage.database import Connection
from pampax.storage.paths import path_key
from pampax.storage.queries import load_queries
from pampax.storage.snapshots import Snapshot

MAX_OF_A_NAME = 1_000  # definitions that are read
MAX_NAME_CHARS = 200  # what the index folds
SHARED_BEGINNING, MAX_NAMES_LIKE = 2, 5_000  # letters, and names that are looked at to find the nearest one
NONE = -1  # no first chunk

_SQL = load_queries(__package__)
_USES = _SQL["uses"]
_RECORDED = _SQL["recorded"]
_SYMBOLS_IN = _SQL["symbols_in"]
_SYMBOLS_NAMED = _SQL["symbols_named"]
_NAMES_LIKE = _SQL["names_like"]


class SnapshotShelf:
    """A `Mentions` of a snapshot, inside a transaction that the caller opened."""

    def __init__(self, conn: Connection, snapshot: Snapshot, directory: Directory, modules: Modules) -> None:
        self._conn = conn
        self._snapshot = snapshot
        self._directory = directory
        self._modules = modules
        self._history: History | None = None
        self._history_read = False

    @property
    def modules(self) -> Modules:
        return self._modules

    async def files(self, paths: Collection[str]) -> list[SourceFile]:
        rows = [row for path in sorted(set(paths)) if (row := self._directory.file_at(path)) is not None]
        held = [row for row in rows if row.chunk_count]
        uses = await self._uses(held)
        symbols = await self._symbols(held)
        recorded = await self._recorded(held)
        return [
            SourceFile(
                row.path, row.language, *uses.get(row.first_chunk if row.chunk_count else NONE, (0, Uses())),
                tuple(Definition(row.path, row.language, *each) for each in symbols.get(row.first_chunk, ())),
                recorded.get(row.ordinal),
            )
            for row in rows
        ]  # fmt: skip

    async def definitions(self, names: Collection[str]) -> list[Definition]:
        wanted = set(names)
        return [each for each in await self.definitions_folded(names) if each.name in wanted]

    async def definitions_folded(self, names: Iterable[str]) -> list[Definition]:
        """Whatever the case of letters."""
        folded = sorted({name.lower()[:MAX_NAME_CHARS] for name in names})
        cursor = self._conn.cursor(binary=True, row_factory=tuple_row)
        await cursor.execute(_SYMBOLS_NAMED, {**scope(self._snapshot), "names": folded, "most": MAX_OF_A_NAME})
        rows = await cursor.fetchall()
        chunks = np.array([row[0] for row in rows], np.int32)
        live = self._directory.is_live(chunks)
        documents = self._directory.document_of(chunks)
        return [
            Definition(file.path, file.language, *row[1:])
            for row, alive, document in zip(rows, live.tolist(), documents.tolist(), strict=True)
            if alive
            for file in map(self._directory.files.__getitem__, self._directory.files_of[document])
        ]

    async def mentioning(self, name: str, most: int) -> tuple[list[str], bool]:
        terms = sorted(term_counts(name))
        if not terms:
            return [], False
        words, _ = await read_postings(self._conn, self._snapshot, terms, (WORDS,))
        if len(words) < len(terms):
            return [], False
        ordinals = reduce(np.intersect1d, (words[term].ordinals for term in terms))
        live = ordinals[self._directory.is_live(ordinals)]
        documents = np.unique(self._directory.document_of(live)).tolist()
        files = sorted(
            self._directory.files[index].path for each in documents for index in self._directory.files_of[each]
        )
        return files[:most], len(files) > most

    async def co_changes(self, path: str) -> tuple[CoChange, ...]:
        history = await self.history()
        if history is None:
            return ()
        return history.beside(path, lambda other: self._directory.file_at(other) is not None)

    async def history(self) -> History | None:
        """Of the snapshot's commit, read once; None where none is kept."""
        if not self._history_read:
            self._history = await history_of(self._conn, self._snapshot)
            self._history_read = True
        return self._history

    async def names_like(self, name: str) -> list[str]:
        """Live or not, in lower case: names that begin as this one does."""
        begin = name.lower()[:SHARED_BEGINNING]
        asked = {"begin": begin, "past": begin + chr(sys.maxunicode), "most": MAX_NAMES_LIKE}
        cursor = self._conn.cursor(binary=True, row_factory=tuple_row)
        await cursor.execute(_NAMES_LIKE, {**scope(self._snapshot), **asked})
        return [found for (found,) in await cursor.fetchall()]

    async def _uses(self, rows: Collection[FileRow]) -> dict[int, tuple[int, Uses]]:
        """Lines and uses, by first chunk."""
        documents = sorted({(row.blob_id, row.language) for row in rows})
        asked = {"blobs": [blob for blob, _ in documents], "languages": [language for _, language in documents]}
        cursor = self._conn.cursor(binary=True, row_factory=tuple_row)
        await cursor.execute(_USES, {**scope(self._snapshot), **asked})
        return {first: (lines, _unpacked(packed)) for first, lines, packed in await cursor.fetchall()}

    async def _recorded(self, rows: Collection[FileRow]) -> dict[int, Recorded]:
        """By the files' ordinals."""
        ordinals = {(row.blob_id, path_key(row.path)): row.ordinal for row in rows}
        asked = {"blobs": [blob for blob, _ in ordinals], "paths": [path for _, path in ordinals]}
        cursor = self._conn.cursor(binary=True, row_factory=tuple_row)
        await cursor.execute(_RECORDED, {**scope(self._snapshot), **asked})
        return {ordinals[bytes(blob), bytes(path)]: _links(packed) for blob, path, packed in await cursor.fetchall()}

    async def _symbols(self, rows: Collection[FileRow]) -> dict[int, list[tuple[str, str, str, int, int, str, bool]]]:
        ranges = sorted({(row.first_chunk, row.first_chunk + row.chunk_count) for row in rows})
        asked = {"firsts": [first for first, _ in ranges], "ends": [end for _, end in ranges]}
        cursor = self._conn.cursor(binary=True, row_factory=tuple_row)
        await cursor.execute(_SYMBOLS_IN, {**scope(self._snapshot), **asked})
        found: dict[int, list[tuple[str, str, str, int, int, str, bool]]] = {}
        for first, *row in await cursor.fetchall():
            found.setdefault(first, []).append(tuple(row))
        return found


def _unpacked(packed: bytes) -> Uses:
    try:
        return unpack(decompress_bounded(packed, MAX_USES_BYTES))
    except ValueError as error:
        raise corrupt("uses", str(error)) from error


def _links(packed: bytes) -> Recorded:
    try:
        return unpack_recorded(decompress_bounded(packed, MAX_RECORDED_BYTES))
    except ValueError as error:
        raise corrupt("links", str(error)) from error
