"""The few rows that the gateway reads itself: who a key is, whether Postgres answers, whether work waits."""

from __future__ import annotations

from typing import Final

from pampax.core.identity import Caller, Role
from pampax.storage.database import Database
from pampax.storage.queries import load_queries
from pampax.storage.schema import check_schema

_QUERIES: Final = load_queries(__package__)
_AUTHENTICATE = _QUERIES["authenticate_key"]
_COUNT_WAITING = _QUERIES["count_waiting_operations"]
_TIMEOUT_S = 5.0


class GatewayRows:
    """Reads only; each method is one short transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def caller_of_key(self, key_hmac: bytes) -> Caller | None:
        async with self._database.untenanted(timeout_s=_TIMEOUT_S, read_only=True) as connection:
            cursor = await connection.execute(_AUTHENTICATE, {"key_hmac": key_hmac}, prepare=True)
            row = await cursor.fetchone()
        if row is None:
            return None
        return Caller(row["tenant_id"], row["principal_id"], Role(row["role"]), row["local"])

    async def waiting_operations(self, caller: Caller, patience_s: float) -> int:
        """How many of the caller's operations nobody has taken up for so long."""
        async with self._database.tenant(caller.tenant_id, timeout_s=_TIMEOUT_S, read_only=True) as connection:
            row = await (await connection.execute(_COUNT_WAITING, {"patience_s": patience_s})).fetchone()
        return 0 if row is None else int(row["waiting"])

    async def check(self) -> None:
        """Unavailable when Postgres does not answer, ConfigError when its schema is older than this code needs."""
        async with self._database.untenanted(timeout_s=_TIMEOUT_S, read_only=True) as connection:
            await check_schema(connection)
