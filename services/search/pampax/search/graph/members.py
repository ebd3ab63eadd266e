"""What a question about several repositories knows of each: its files, what it provides, and what it imports.

All of it is of one snapshot, which never changes, so it is kept as long as the snapshot's directory is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from weakref import WeakKeyDictionary

from psycopg.rows import tuple_row

from pampax.codeintel.uses import MAX_USES_BYTES
from pampax.graph.across import Member
from pampax.graph.finding import NAMESPACED
from pampax.graph.imports import MAX_STATEMENTS, ImportTable, ImportTableMaking
from pampax.graph.modules import Modules
from pampax.graph.offering import Source
from pampax.graph.provided import NOTHING, Provided, provided
from pampax.packages.model import BrokenManifest, Manifest
from pampax.packages.reading import is_manifest, read_manifest, together
from pampax.search.directory import Directory, FileRow
from pampax.search.graph.shelf import SnapshotShelf
from pampax.search.postgres import read_contents, scope
from pampax.storage.blobs import corrupt, decompress, decompress_bounded
from pampax.storage.database import Connection
from pampax.storage.queries import load_queries
from pampax.storage.snapshots import Snapshot

MAX_MANIFESTS = 500  # of a repository, those nearest to its top
MAX_MANIFEST_BYTES = 512 * 1024
MAX_NOTICES = 5  # about the manifests of one repository
MAX_TYPES = 200_000
DOCUMENTS_AT_A_TIME = 2_000

LATE = "what it provides was not read in time: ask again, or for fewer repositories"

_SQL = load_queries(__package__)
_TYPES_IN = _SQL["types_in"]
_IMPORTS = _SQL["imports"]


class Members:
    """Makes them, and keeps what was read for the next question."""

    def __init__(self) -> None:
        self._provided: WeakKeyDictionary[Directory, Provided] = WeakKeyDictionary()
        self._tables: WeakKeyDictionary[Directory, ImportTable] = WeakKeyDictionary()

    async def member(
        self, conn: Connection, snapshot: Snapshot, directory: Directory, modules: Modules, until: float
    ) -> Member:
        """Of several. `conn` must live as long as the member. After `until`, on the clock of time.monotonic, what it
        provides is not read any more, and what it imports not to the end."""
        if directory not in self._provided and time.monotonic() < until:
            self._provided[directory] = await _read_provided(conn, snapshot, directory, modules)
        given = self._provided.get(directory, replace(NOTHING, notices=(LATE,)))
        imports = partial(self._imports, conn, snapshot, directory, until)
        return Member(snapshot.repository, SnapshotShelf(conn, snapshot, directory, modules), given, imports)

    async def _imports(self, conn: Connection, snapshot: Snapshot, directory: Directory, until: float) -> ImportTable:
        if directory not in self._tables:
            table = await _read_imports(conn, snapshot, directory, until)
            if not table.complete and time.monotonic() >= until:
                return table
            self._tables[directory] = table
        return self._tables[directory]


def alone(conn: Connection, snapshot: Snapshot, directory: Directory, modules: Modules) -> Member:
    """Of a question about one repository, which needs to know nothing of others."""
    return Member(snapshot.repository, SnapshotShelf(conn, snapshot, directory, modules), NOTHING, _no_imports)


async def _no_imports() -> ImportTable:
    return ImportTable((), {})


async def _read_provided(conn: Connection, snapshot: Snapshot, directory: Directory, modules: Modules) -> Provided:
    rows = [row for row in directory.files if is_manifest(row.path) and row.chunk_count]
    rows.sort(key=lambda row: (row.path.count("/"), row.path))
    notices = [f"{row.path} has more than {MAX_MANIFEST_BYTES} bytes" for row in rows if row.size > MAX_MANIFEST_BYTES]
    if len(rows) > MAX_MANIFESTS:
        notices.append(f"of {len(rows)} manifests {MAX_MANIFESTS} are read")
    rows = [row for row in rows[:MAX_MANIFESTS] if row.size <= MAX_MANIFEST_BYTES]
    contents = await read_contents(conn, snapshot, list({row.blob_id for row in rows}))
    types = await _read_types(conn, snapshot, directory)

    def work() -> Provided:
        manifests = list(_manifests(((row.path, *contents[row.blob_id]) for row in rows), notices))
        told = notices if len(notices) <= MAX_NOTICES else [*notices[:MAX_NOTICES], f"{len(notices)} such notices"]
        sources = [Source(file.path, file.language) for file in directory.files]
        return provided(sources, modules, together(manifests), types, told)

    return await asyncio.to_thread(work)


def _manifests(contents: Iterable[tuple[str, int, bytes]], notices: list[str]) -> Iterable[Manifest]:
    for path, size, packed in contents:
        try:
            yield read_manifest(path, decompress(packed, size).decode("utf-8", "replace"))
        except BrokenManifest as broken:
            notices.append(f"{path} is not read: {broken}")


async def _read_types(conn: Connection, snapshot: Snapshot, directory: Directory) -> dict[str, dict[str, list[str]]]:
    """Paths by qualified name, of the languages in which code elsewhere names types in full."""
    held = {file.first_chunk: file for file in directory.files if file.language in NAMESPACED and file.chunk_count}
    found: dict[str, dict[str, list[str]]] = {}
    if not held:
        return found
    asked = {
        "firsts": sorted(held),
        "ends": [first + held[first].chunk_count for first in sorted(held)],
        "most": MAX_TYPES,
    }
    cursor = conn.cursor(binary=True, row_factory=tuple_row)
    await cursor.execute(_TYPES_IN, {**scope(snapshot), **asked})
    for first, name in await cursor.fetchall():
        file = held[first]
        found.setdefault(file.language, {}).setdefault(name, []).append(file.path)
    return found


async def _read_imports(conn: Connection, snapshot: Snapshot, directory: Directory, until: float) -> ImportTable:
    """Some tens of microseconds a document."""
    paths = [file.path for file in directory.files]
    making = ImportTableMaking(paths)
    firsts = directory.first_chunk.tolist()
    cursor = conn.cursor(binary=True, row_factory=tuple_row)
    for start in range(0, len(firsts), DOCUMENTS_AT_A_TIME):
        if time.monotonic() >= until:
            return making.table(complete=False)
        some = firsts[start : start + DOCUMENTS_AT_A_TIME]
        await cursor.execute(_IMPORTS, {**scope(snapshot), "documents": some})
        packed: dict[int, bytes] = dict(await cursor.fetchall())
        await asyncio.to_thread(_add, making, directory, range(start, start + len(some)), packed)
    return making.table()


def _add(making: ImportTableMaking, directory: Directory, documents: Iterable[int], packed: dict[int, bytes]) -> None:
    for document in documents:
        places: Sequence[int] = directory.files_of[document]
        file: FileRow = directory.files[places[0]]
        uses = packed.get(file.first_chunk, b"")
        if uses:
            try:
                content = decompress_bounded(uses, MAX_USES_BYTES)
                for place in places:
                    making.add(place, directory.files[place].language, content)
            except ValueError as error:
                raise corrupt("uses", str(error)) from error


def told_of(table: ImportTable, repository: str) -> str:
    """Why not all imports of a repository are in its table."""
    if sum(len(places) for places in table.places.values()) >= 2 * MAX_STATEMENTS:
        return f"{repository} has more than {MAX_STATEMENTS} imports: the first ones are looked at"
    return f"not all imports of {repository} were read in time: ask again, or for fewer repositories"
