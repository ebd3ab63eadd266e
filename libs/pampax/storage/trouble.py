"""What psycopg raises, as one of our errors: what is wrong with the database, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors as pg
from psycopg_pool import PoolTimeout, TooManyRequests

from pampax.core.errors import Aborted, DeadlineExceeded, PampaxError, ResourceExhausted, Unavailable
from pampax.runtime.policy import TARGET

RETRY_AFTER_S = 1.0
# Somebody has to change something first.
MENDED_AFTER_S = 10.0
POSTGRES = "postgres"
# Blamed for what is no reason to leave Postgres alone: it answers those who are connected.
CONNECTIONS = "postgres-connections"

READ_ONLY = (
    "the database takes no writes now, only searches and bundles work; name the primary in PAMPAX_DATABASE__URL, or "
    "turn default_transaction_read_only off"
)
OUT_OF_CONNECTIONS = (
    "the database has no connection left for us; raise its max_connections, or lower PAMPAX_DATABASE__POOL_MAX or the "
    "number of replicas"
)
# Errors of a connection that is not made carry no code, so they are known by their words (of an English server):
# (what the text contains, reason, message, whom it blames, seconds to wait).
_NOT_CONNECTED: tuple[tuple[tuple[str, ...], str, str, str, float], ...] = (
    (
        ("too many clients", "remaining connection slots", "too many connections"),
        "DATABASE_OUT_OF_CONNECTIONS", OUT_OF_CONNECTIONS, CONNECTIONS, RETRY_AFTER_S,
    ),
    (
        ("password authentication failed", "no pg_hba.conf entry", "authentication failed", "no password supplied",
         "is not permitted to log in"),
        "DATABASE_LOGIN_REFUSED",
        "the database refuses the login of this service; check the user and the password in PAMPAX_DATABASE__URL",
        POSTGRES, MENDED_AFTER_S,
    ),
    (
        ("does not exist",),
        "DATABASE_MISSING",
        "the database or user that PAMPAX_DATABASE__URL names does not exist; create it and run the migrations",
        POSTGRES, MENDED_AFTER_S,
    ),
    (
        ("is starting up", "is shutting down", "in recovery mode", "not yet accepting connections"),
        "UNAVAILABLE", "the database is being restarted; retry in a moment", POSTGRES, RETRY_AFTER_S,
    ),
)  # fmt: skip


@contextmanager
def translated_errors(*, unless: type[psycopg.Error] | tuple[()] = ()) -> Iterator[None]:
    """What the database, its disk or the way to it is to blame for leaves as a PAMPAX error; the rest passes."""
    try:
        yield
    except psycopg.Error as error:
        known = None if isinstance(error, unless) else translated(error)
        if known is None:
            raise
        raise known from error


def translated(error: psycopg.Error) -> PampaxError | None:
    match error:
        case pg.QueryCanceled() | pg.IdleInTransactionSessionTimeout():
            return DeadlineExceeded("the database did not finish in time; ask for less or allow a longer deadline")
        case pg.ReadOnlySqlTransaction():
            return _unavailable(READ_ONLY, "DATABASE_READ_ONLY", retry_after_s=MENDED_AFTER_S)
        case pg.DiskFull():
            return ResourceExhausted(
                "the database's disk is full; free some space on it, then try again",
                reason="DATABASE_DISK_FULL",
                retry_after_s=MENDED_AFTER_S,
            )
        case pg.OutOfMemory() | TooManyRequests():
            return ResourceExhausted(
                f"the database is out of room: {_first_line(error)}; try again later", retry_after_s=RETRY_AFTER_S
            )
        case pg.TooManyConnections():
            return _unavailable(OUT_OF_CONNECTIONS, "DATABASE_OUT_OF_CONNECTIONS", blames=CONNECTIONS)
        case pg.SerializationFailure() | pg.DeadlockDetected() | pg.LockNotAvailable():
            return Aborted(f"another transaction was faster: {_first_line(error)}; try again")
    return _without_connection(error)


def _without_connection(error: psycopg.Error) -> Unavailable | None:
    match error:
        case PoolTimeout():
            return _unavailable(
                "all of this service's database connections are in use; retry, and raise PAMPAX_DATABASE__POOL_MAX or "
                "run more replicas when it stays so",
                "DATABASE_BUSY",
                blames=CONNECTIONS,
            )
        case pg.AdminShutdown() | pg.CrashShutdown() | pg.CannotConnectNow():
            return _unavailable("the database is being restarted; retry in a moment")
        case psycopg.OperationalError():
            # libpq names addresses and callers may be anybody: `Attempts` logs it, the owner's commands print it.
            return _not_connected(str(error)) or _unavailable("database does not answer; retry")
        case psycopg.InterfaceError() if "connection is" in str(error):  # closed, lost: psycopg has no class for it
            return _unavailable("database connection was lost; retry")
    return None


def connections_break() -> Unavailable:
    """As many in a row as a pool has: each was made, and lost before it was used."""
    return _unavailable("database connections keep breaking; retry")


def _not_connected(text: str) -> Unavailable | None:
    for words, reason, message, blames, wait_s in _NOT_CONNECTED:
        if any(word in text for word in words):
            return _unavailable(message, reason, blames=blames, retry_after_s=wait_s)
    return None


def _unavailable(
    message: str, reason: str = "UNAVAILABLE", *, blames: str = POSTGRES, retry_after_s: float = RETRY_AFTER_S
) -> Unavailable:
    return Unavailable(message, reason=reason, metadata={TARGET: blames}, retry_after_s=retry_after_s)


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
