"""A service and its database: opened at the start, asked every second whether the service can work with it."""

from __future__ import annotations

from pampax.core.errors import Unavailable
from pampax.runtime.logging import get_logger
from pampax.storage.database import Database
from pampax.storage.schema import check_schema

READY_WITHIN_S = 1.0

_log = get_logger()


async def open_patiently(database: Database) -> None:
    """ConfigError when row-level security does not hold for this user. Postgres may come later than the service."""
    try:
        await database.open()
    except Unavailable as error:
        _log.warning("the database is not there yet", op="serve", detail=error.message)


async def is_ready(database: Database) -> bool:
    """True, or the error that says what is missing: the health service logs it, and asks again.

    ConfigError for a user that must not serve or a schema that lacks a migration, Unavailable, DeadlineExceeded.
    """
    async with database.untenanted(timeout_s=READY_WITHIN_S, read_only=True) as conn:
        await check_schema(conn)
    return True
