"""Connections that know the tables already.

Postgres reads what it knows of a table, and of each of its 64 partitions, when a connection first asks for it: tens of
milliseconds that no search should wait for.
"""

from __future__ import annotations

import asyncio
from uuid import UUID

import numpy as np

from pampax.search import postgres
from pampax.search.directory import build_directory
from pampax.search.vectors import read_neighbours
from pampax.storage.database import Database
from pampax.storage.snapshots import Snapshot, resolve

CONNECTIONS = 4  # two searches at once; the pool opens more when it must
TIMEOUT_S = 5.0

_NOBODY = UUID(int=0)
_NOTHING = Snapshot(-1, "", "", -1, -1, "", "", False, 0, 0.0, 0, 0, 0, None)


async def warm_connections(database: Database, dimensions: int) -> None:
    """Asks everything that a search asks, about nothing, on several connections at once."""
    await asyncio.gather(*(_warm(database, dimensions) for _ in range(CONNECTIONS)))


async def _warm(database: Database, dimensions: int) -> None:
    directory = build_directory((), np.zeros(0, np.bool_), 0)
    async with database.tenant(_NOBODY, timeout_s=TIMEOUT_S, read_only=True) as conn:
        await resolve(conn, _NOBODY, None, None)
        await postgres.read_postings(conn, _NOTHING, ("",), (postgres.WORDS, postgres.NAMES))
        await postgres.read_definitions(conn, _NOTHING, ("",), (0,))
        await postgres.read_passages(conn, _NOTHING, ())
        await read_neighbours(conn, _NOTHING, directory, np.zeros(dimensions, np.float32), 1, exact=True)
