"""A service and its database: opened at the start, asked every second whether the service can work with it."""

from __future__ import annotations

import time

from pampax.core.errors import Unavailable
from pampax.runtime.diagnosis.facts import Facts, SchemaFacts
from pampax.runtime.logging import get_logger
from pampax.storage.database import Connection, Database
from pampax.storage.queries import load_queries
from pampax.storage.schema import SchemaState, read_schema
from pampax.storage.trouble import READ_ONLY

READY_WITHIN_S = 1.0

_SERVER = load_queries(__package__)["database_server"]

_log = get_logger()


async def open_patiently(database: Database) -> None:
    """ConfigError when row-level security does not hold for this user. Postgres may come later than the service."""
    try:
        await database.open()
    except Unavailable as error:
        _log.warning("the database is not there yet", op="serve", detail=error.message)


class Readiness:
    """`ready` asks the database; `tell` says what it heard last, and the state of the pool."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._schema: SchemaState | None = None
        self._read_only = False
        self._clock_offset_s = 0.0

    async def ready(self) -> bool:
        """True, or the error that says what is missing: the health service logs it, and asks again.

        ConfigError for a user that must not serve or a schema that does not fit, Unavailable, DeadlineExceeded.
        """
        async with self._database.untenanted(timeout_s=READY_WITHIN_S, read_only=True) as conn:
            asked = time.time()
            server = await (await conn.execute(_SERVER)).fetchone()
            answered = time.time()
            schema = await read_schema(conn)
        assert server is not None
        self._read_only = server["read_only"]
        self._clock_offset_s = _outside(server["clock_s"], asked, answered)
        self._schema = schema
        schema.require_usable()
        return True

    def tell(self) -> Facts:
        schema = self._schema
        advice = (schema.advice if schema else "", READ_ONLY if self._read_only else "")
        return Facts(
            pool=self._database.pool_use(),
            schema=SchemaFacts(schema.expected, schema.found, schema.fit.value) if schema else None,
            degraded=tuple(line for line in advice if line),
            clock_offset_s=self._clock_offset_s,
        )


async def accepts_writes(conn: Connection) -> bool:
    """Whether the server of this connection does; one that recovers or follows another does not."""
    row = await (await conn.execute(_SERVER)).fetchone()
    return row is not None and not row["read_only"]


def _outside(theirs: float, asked: float, answered: float) -> float:
    """How much later our clock is than theirs, in seconds: 0 while theirs fits between our question and the answer."""
    if asked <= theirs <= answered:
        return 0.0
    return asked - theirs if theirs < asked else answered - theirs
