"""Nearest chunks of one snapshot by their vectors, each function inside a transaction that the caller opened.

Rows in the shared table are scanned exactly. A large (repository, build) has a table of its own with an HNSW index,
which knows nothing of snapshots: more neighbours than wanted are asked for, the dead ones dropped, and the table is
scanned exactly when too few are left. Vectors that are not in the shared table any more have moved since the snapshot
was resolved: then it is asked where they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from psycopg import errors as pg
from psycopg import sql
from psycopg.rows import tuple_row

from pampax.core.errors import Aborted
from pampax.search.directory import Directory
from pampax.search.gathered import Neighbours
from pampax.search.postgres import scope
from pampax.storage.database import Connection
from pampax.storage.queries import load_queries
from pampax.storage.snapshots import SNAPSHOT_REPLACED, Snapshot
from pampax.storage.vector_index import candidates

ENOUGH = 0.5  # share of the wanted neighbours that must be alive, else the table is scanned
FEW_DEAD = 256  # as many as are wanted

_SQL = load_queries(__package__)
_VECTOR_TABLE = _SQL["vector_table"]
_NEAREST = sql.SQL(_SQL["nearest"])
_NEAREST_IN_TABLE = sql.SQL(_SQL["nearest_in_table"])
_NEAREST_BY_INDEX = sql.SQL(_SQL["nearest_by_index"])
_SET_EF_SEARCH = sql.SQL(_SQL["set_ef_search"])


async def read_neighbours(
    conn: Connection, snapshot: Snapshot, directory: Directory, vector: NDArray[np.float32], most: int, *, exact: bool
) -> Neighbours:
    """At most `most` live chunks, nearest first, equals by ordinal. `exact` goes past the approximate index.

    Aborted when the chunks have no vectors any more, because their snapshot was replaced long ago.
    """
    try:
        if snapshot.vector_table is not None:
            return await _in_table(conn, sql.Identifier(snapshot.vector_table), directory, vector, most, exact=exact)
        found = await _exactly(conn, _NEAREST, scope(snapshot), directory, vector, most)
        if directory.chunk_count and not len(found.ordinals):
            table = await _own_table(conn, snapshot)
            return await _in_table(conn, table, directory, vector, most, exact=exact)
        return found
    except pg.UndefinedTable as error:  # dropped after this transaction's moment: tables do not wait for old readers
        raise _gone() from error


async def _own_table(conn: Connection, snapshot: Snapshot) -> sql.Identifier:
    cursor = conn.cursor(row_factory=tuple_row)
    row = await (await cursor.execute(_VECTOR_TABLE, scope(snapshot))).fetchone()
    if row is None or row[0] is None:
        raise _gone()
    return sql.Identifier(row[0])


async def _in_table(
    conn: Connection,
    table: sql.Identifier,
    directory: Directory,
    vector: NDArray[np.float32],
    most: int,
    *,
    exact: bool,
) -> Neighbours:
    if not exact:
        found = await _by_index(conn, table, directory, vector, most)
        if len(found.ordinals) >= min(most, directory.chunk_count) * ENOUGH:
            return found
    found = await _exactly(conn, _NEAREST_IN_TABLE.format(table=table), {}, directory, vector, most)
    if directory.chunk_count and not len(found.ordinals):
        raise _gone()
    return found


async def _by_index(
    conn: Connection, table: sql.Identifier, directory: Directory, vector: NDArray[np.float32], most: int
) -> Neighbours:
    count = candidates(most, len(directory.live_chunks), directory.chunk_count)
    asked = {"vector": _text(vector), "most": count}
    async with conn.pipeline():  # one round trip for both
        await conn.execute(_SET_EF_SEARCH, {"ef_search": count})
        rows = await _rows(conn, _NEAREST_BY_INDEX.format(table=table), asked)
    found = _neighbours(rows)
    keep = directory.is_live(found.ordinals)
    return Neighbours(found.ordinals[keep][:most], found.similarities[keep][:most])


async def _exactly(
    conn: Connection,
    statement: sql.SQL | sql.Composed,
    where: Mapping[str, object],
    directory: Directory,
    vector: NDArray[np.float32],
    most: int,
) -> Neighbours:
    """Few dead ones are asked for with the others and dropped: to look each row up costs a tenth of the scan."""
    size = len(directory.live_chunks)
    dead = size - directory.chunk_count
    few = dead <= FEW_DEAD
    live = np.packbits(directory.live_chunks, bitorder="little").tobytes()  # get_bit counts from the lowest
    asked = {"vector": _text(vector), "most": most + few * dead, "live": None if few else live, "size": size}
    found = _neighbours(await _rows(conn, statement, {**where, **asked}))
    keep = directory.is_live(found.ordinals)
    return Neighbours(found.ordinals[keep][:most], found.similarities[keep][:most])


async def _rows(
    conn: Connection, statement: sql.SQL | sql.Composed, asked: Mapping[str, object]
) -> list[tuple[int, float]]:
    cursor = conn.cursor(binary=True, row_factory=tuple_row)
    return await (await cursor.execute(statement, asked)).fetchall()


def _neighbours(rows: Sequence[tuple[int, float]]) -> Neighbours:
    ordinals = np.array([ordinal for ordinal, _ in rows], np.int32)
    similarities = np.array([similarity for _, similarity in rows], np.float32)
    # A chunk without any known word has no direction, and its cosine is not a number.
    order = np.lexsort((ordinals, -similarities))[: np.count_nonzero(~np.isnan(similarities))]
    return Neighbours(ordinals[order], similarities[order])


def _text(vector: NDArray[np.float32]) -> str:
    return "[" + ",".join(f"{value:.6g}" for value in vector.tolist()) + "]"


def _gone() -> Aborted:
    return Aborted("the vectors of the snapshot are gone meanwhile; ask again", reason=SNAPSHOT_REPLACED)
