"""The few rows that the gateway reads itself: who a key is."""

from __future__ import annotations

from typing import Final

from pampax.core.identity import Caller, Role
from pampax.storage.database import Database
from pampax.storage.queries import load_queries

_QUERIES: Final = load_queries(__package__)
_AUTHENTICATE = _QUERIES["authenticate_key"]
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
