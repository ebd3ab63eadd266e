"""What assembly reads from Postgres, each function inside a transaction that the caller opened."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

import numpy as np
from numpy.typing import NDArray
from psycopg.rows import tuple_row

from pampax.assembly.kept import Lately
from pampax.assembly.source import Definition, Span
from pampax.graph.co_changes import CoChanges, co_changes
from pampax.storage.blobs import decompress
from pampax.storage.database import Connection
from pampax.storage.live import load_bitmaps
from pampax.storage.paths import path_key
from pampax.storage.queries import load_queries
from pampax.storage.snapshots import Snapshot

MAX_DEFINITIONS = 20_000  # of the files of one bundle; a file has a few hundred at most
MAX_DEFINITIONS_OF_A_NAME = 64  # old versions of its file included
MAX_PATHS = 100_000  # looked at for advice
MAX_TEST_FILES = 200
MAX_NAMESAKES = 12  # definitions of one name, over all files, that still say which is meant
BLOBS_AT_A_TIME = 16  # a file has at most a megabyte

_SQL = load_queries(__package__)
_FILES_BY_PATH = _SQL["files_by_path"]
_DOCUMENTS_OF_CHUNKS = _SQL["documents_of_chunks"]
_FILES_BY_BLOB = _SQL["files_by_blob"]
_PATHS_OF_TESTS = _SQL["paths_of_tests"]
_PATHS = _SQL["paths"]
_CHUNKS_IN = _SQL["chunks_in"]
_DEFINITIONS_IN = _SQL["definitions_in"]
_DEFINITIONS_NAMED = _SQL["definitions_named"]
_BLOBS = _SQL["blobs"]


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file and its document's place among the chunk ordinals of (repository, build)."""

    ordinal: int
    path: str
    blob_id: bytes
    language: str
    first_chunk: int
    chunk_count: int
    lines: int

    @property
    def last_chunk(self) -> int:
        return self.first_chunk + self.chunk_count - 1


@dataclass(frozen=True, slots=True)
class Found:
    """A definition and the ordinal of the chunk that it starts in."""

    chunk: int
    definition: Definition


class Kept:
    """Of all snapshots that bundles were made of lately: about 15 MB of definitions and 10 MB of paths when full.

    By snapshot, which readers get from a resolve under their tenant: that is what keeps tenants apart here."""

    def __init__(self) -> None:
        self.named: Lately[tuple[int, str], tuple[Found, ...]] = Lately(lambda found: 1 + len(found), 20_000)
        self.tests: Lately[int, tuple[str, ...]] = Lately(lambda paths: 1 + len(paths), 50_000)


class Reader:
    """Reads one snapshot: only its live files and chunks come out."""

    def __init__(
        self,
        conn: Connection,
        snapshot: Snapshot,
        live_chunks: NDArray[np.bool_],
        live_files: NDArray[np.bool_],
        kept: Kept,
    ) -> None:
        self._kept = kept
        self._conn = conn
        self._live_chunks = live_chunks
        self._live_files = live_files
        self._scope = {"repository": snapshot.repository_id, "build": snapshot.build_id}
        self.snapshot = snapshot

    @classmethod
    async def of(cls, conn: Connection, snapshot: Snapshot, kept: Kept) -> Reader:
        """Aborted when the snapshot was replaced so long ago that it is gone."""
        return cls(conn, snapshot, *await load_bitmaps(conn, snapshot.snapshot_id), kept)

    async def files(self, paths: Iterable[str]) -> list[FileRow]:
        return await self._files(_FILES_BY_PATH, {"keys": sorted(path_key(path) for path in set(paths))})

    async def files_of_chunks(self, chunks: Iterable[int]) -> list[FileRow]:
        """All files whose document holds one of the chunks."""
        wanted = sorted(set(chunks))
        if not wanted:
            return []
        documents = {
            (row["blob_id"], row["language"]) for row in await self._rows(_DOCUMENTS_OF_CHUNKS, {"chunks": wanted})
        }
        files = await self._files(_FILES_BY_BLOB, {"blobs": sorted({blob for blob, _ in documents})})
        return [file for file in files if (file.blob_id, file.language) in documents]

    async def test_files(self, pattern: str) -> list[FileRow]:
        """Files whose paths match what `pattern_of_tests` gives."""
        paths = await self._paths_of_tests()
        matches = re.compile(pattern, re.IGNORECASE).search
        found = [path for path in paths if matches(path)][:MAX_TEST_FILES]
        return await self.files(found) if found else []

    async def changed_with(self, paths: Sequence[str]) -> CoChanges:
        return await co_changes(self._conn, self.snapshot, paths)

    async def paths(self) -> list[str]:
        rows = await self._rows(_PATHS, {"most": MAX_PATHS})
        return [row["path"] for row in rows if _live(self._live_files, row["ordinal"])]

    async def spans_and_definitions(self, files: Sequence[FileRow]) -> tuple[list[tuple[int, Span]], list[Found]]:
        """The chunks of the files, each with its ordinal, and what is defined there; both by ordinal."""
        asked = {**self._scope, **_ranges(files), "most": MAX_DEFINITIONS}
        cursors = [self._conn.cursor(binary=True, row_factory=tuple_row) for _ in range(2)]
        async with self._conn.pipeline():  # one round trip for both
            for cursor, query in zip(cursors, (_CHUNKS_IN, _DEFINITIONS_IN), strict=True):
                await cursor.execute(query, asked)
            spans, found = [await cursor.fetchall() for cursor in cursors]
        return [(ordinal, Span(*span)) for ordinal, *span in spans], _found(found)

    async def definitions_in(self, files: Sequence[FileRow]) -> list[Found]:
        cursor = self._conn.cursor(binary=True, row_factory=tuple_row)
        await cursor.execute(_DEFINITIONS_IN, {**self._scope, **_ranges(files), "most": MAX_DEFINITIONS})
        return _found(await cursor.fetchall())

    async def definitions_named(self, names: Iterable[str]) -> list[Found]:
        """Live definitions whose name in lower case is one of the given, but for names with more than MAX_NAMESAKES."""
        kept, snapshot = self._kept.named, self.snapshot.snapshot_id
        known = {name: kept.get((snapshot, name)) for name in sorted(set(names))}
        missing = [name for name, found in known.items() if found is None]
        if missing:
            for name, found in (await self._read_named(missing)).items():
                known[name] = found
                kept.keep((snapshot, name), found)
        return [one for found in known.values() for one in found or ()]

    async def _read_named(self, names: Sequence[str]) -> dict[str, tuple[Found, ...]]:
        cursor = self._conn.cursor(binary=True, row_factory=tuple_row)
        asked = {"names": names, "most": MAX_DEFINITIONS_OF_A_NAME, "past": len(self._live_chunks)}
        await cursor.execute(_DEFINITIONS_NAMED, {**self._scope, **asked})
        live = [row for row in await cursor.fetchall() if _live(self._live_chunks, row[1])]
        namesakes = Counter(row[2] for row in live)
        by_name: dict[str, list[Sequence[Any]]] = {name: [] for name in names}
        for folded, *row in live:
            if namesakes[row[1]] <= MAX_NAMESAKES:
                by_name[folded].append(row)
        return {name: tuple(_found(held)) for name, held in by_name.items()}

    async def _paths_of_tests(self) -> tuple[str, ...]:
        paths = self._kept.tests.get(self.snapshot.snapshot_id)
        if paths is None:
            rows = await self._rows(_PATHS_OF_TESTS, {"most": MAX_PATHS})
            paths = tuple(row["path"] for row in rows if _live(self._live_files, row["ordinal"]))
            self._kept.tests.keep(self.snapshot.snapshot_id, paths)
        return paths

    async def contents(self, blobs: Iterable[bytes]) -> AsyncIterator[tuple[bytes, bytes]]:
        """Blob id and content, a few at a time: no more are held here, and only one of them decompressed."""
        wanted = sorted(set(blobs))
        for start in range(0, len(wanted), BLOBS_AT_A_TIME):
            for row in await self._rows(_BLOBS, {"blobs": wanted[start : start + BLOBS_AT_A_TIME]}):
                yield row["blob_id"], decompress(row["content"], row["size"])

    async def _files(self, query: LiteralString, asked: Mapping[str, object]) -> list[FileRow]:
        rows = await self._rows(query, asked)
        return [FileRow(**row) for row in rows if _live(self._live_files, row["ordinal"])]

    async def _rows(self, query: LiteralString, asked: Mapping[str, object]) -> list[dict[str, Any]]:
        cursor = self._conn.cursor(binary=True)
        return await (await cursor.execute(query, {**self._scope, **asked})).fetchall()


def _live(mask: NDArray[np.bool_], ordinal: int) -> bool:
    return ordinal < len(mask) and bool(mask[ordinal])


def _ranges(files: Sequence[FileRow]) -> dict[str, object]:
    documents = sorted({(file.first_chunk, file.last_chunk) for file in files if file.chunk_count})
    return {"firsts": [first for first, _ in documents], "lasts": [last for _, last in documents]}


def _found(rows: Iterable[Sequence[Any]]) -> list[Found]:
    """Of the chunk and the fields of `Definition`, in their order."""
    return [Found(chunk, Definition(*fields)) for chunk, *fields in rows]
