"""What health reads in Postgres: each question is one short transaction."""

from __future__ import annotations

from psycopg.rows import DictRow

from pampax.core.identity import Caller
from pampax.gateway.health.answers import DatabaseState, IndexState, Named, QueueState, Work
from pampax.gateway.health.workers import PATIENCE_S
from pampax.storage.database import Database
from pampax.storage.heartbeats import queue_numbers, read_heartbeats
from pampax.storage.queries import load_queries
from pampax.storage.readiness import accepts_writes
from pampax.storage.schema import read_schema

_QUERIES = load_queries(__package__)
_CONNECTIONS = _QUERIES["database_connections"]
_INDEX = _QUERIES["index_state"]
# Above what anybody waits for the answer; what takes longer is ended by the database.
_TIMEOUT_S = 2.0


class HealthRows:
    """Reads only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def database(self) -> DatabaseState:
        async with self._database.untenanted(timeout_s=_TIMEOUT_S, read_only=True) as conn:
            schema = await read_schema(conn)
            read_only = not await accepts_writes(conn)
            row = await (await conn.execute(_CONNECTIONS)).fetchone()
        used, most = (row["used"], row["most"]) if row else (0, 0)
        return DatabaseState(schema, read_only, used, most)

    async def work(self) -> Work:
        async with self._database.untenanted(timeout_s=_TIMEOUT_S, read_only=True) as conn:
            return Work(await read_heartbeats(conn), QueueState(**await queue_numbers(conn)))

    async def index(self, caller: Caller) -> IndexState:
        asked = {"principal_id": caller.principal_id, "patience_s": PATIENCE_S}
        async with self._database.tenant(caller.tenant_id, timeout_s=_TIMEOUT_S, read_only=True) as conn:
            row = await (await conn.execute(_INDEX, asked)).fetchone()
        assert row is not None
        return IndexState(
            row["repositories"],
            row["published"],
            _named(row, "failed"),
            _named(row, "stalled"),
            _named(row, "without_vectors"),
        )


def _named(row: DictRow, what: str) -> Named:
    return Named(row[what], tuple(row[f"{what}_names"] or ()))
