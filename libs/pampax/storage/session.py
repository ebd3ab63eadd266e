"""What both databases, with and without a loop, share: connection options, the opening statement, error mapping."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypedDict
from uuid import UUID

import psycopg
from psycopg import errors as pg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import DictRow
from psycopg_pool import TooManyRequests

from pampax.core.errors import Aborted, ConfigError, DeadlineExceeded, PampaxError, ResourceExhausted, Unavailable
from pampax.storage.queries import load_queries

CHECKOUT_TIMEOUT_S = 3.0  # longest wait for a free connection: enough for Postgres to restart, short when it is gone
RECONNECT_TIMEOUT_S = 2.0  # a pool that gives up early tries again with the next request instead of backing off
IDLE_IN_TRANSACTION_S = 15  # a frozen process must not hold row locks for longer: its work is taken up within 30 s
RETRY_AFTER_S = 1.0
# libpq names and units: seconds, but tcp_user_timeout in milliseconds. A vanished host is noticed within about 10 s.
CONNECTION_DEFAULTS: dict[str, Any] = {
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "options": "-c jit=off -c timezone=UTC",  # compiling costs more than these short statements take
}

Connection = psycopg.AsyncConnection[DictRow]
SyncConnection = psycopg.Connection[DictRow]

_PRIVILEGED_ROLES = load_queries(__package__)["privileged_roles"]


class PoolOptions(TypedDict):
    """Arguments common to both pools of psycopg_pool."""

    min_size: int
    max_size: int
    timeout: float
    reconnect_timeout: float
    num_workers: int
    open: bool


def pool_options(pool_max: int) -> PoolOptions:
    return {
        "min_size": min(1, pool_max),
        "max_size": pool_max,
        "timeout": CHECKOUT_TIMEOUT_S,
        "reconnect_timeout": RECONNECT_TIMEOUT_S,
        "num_workers": 2,
        "open": False,
    }


def connection_string(url: str, component: str) -> str:
    """The url with our defaults for what it leaves open."""
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise ConfigError(f"the database url cannot be read: {error}; write postgresql://user@host:port/name") from None
    own = {**CONNECTION_DEFAULTS, "application_name": f"pampax-{component}"}
    return make_conninfo(**{**own, **given})


def begin_statement(tenant_id: UUID | None, timeout_s: float, *, read_only: bool) -> sql.Composed:
    """One round trip that opens a transaction with its tenant and its deadlines, all gone when it ends.

    The tenant is always written, so a value that somebody left on the session cannot leak in. Read-only transactions
    see one moment of the database however many statements they run.
    """
    if timeout_s <= 0:
        raise DeadlineExceeded("no time was left to ask the database; allow the request a longer deadline")
    mode = sql.SQL("ISOLATION LEVEL REPEATABLE READ READ ONLY" if read_only else "")
    return sql.SQL(
        "BEGIN {mode}; SELECT set_config('pampax.tenant', {tenant}, true),"
        " set_config('statement_timeout', {timeout}, true),"
        " set_config('idle_in_transaction_session_timeout', {idle}, true)"
    ).format(
        mode=mode,
        tenant=sql.Literal(str(tenant_id) if tenant_id else ""),
        timeout=sql.Literal(f"{max(1, int(timeout_s * 1000))}ms"),
        idle=sql.Literal(f"{IDLE_IN_TRANSACTION_S}s"),
    )


def privileged_roles_statement() -> sql.SQL:
    """Lists the roles among the session's own that row-level security does not hold for."""
    return sql.SQL(_PRIVILEGED_ROLES)


def refuse_privileged(roles: list[DictRow]) -> None:
    if roles:
        raise ConfigError(
            f"the database user {roles[0]['login']!r} is {roles[0]['why']}, so tenants would not be kept apart; "
            "connect as pampax_service (PAMPAX_DATABASE__URL)"
        )


@contextmanager
def translated_errors() -> Iterator[None]:
    """Connection loss, timeouts and full disks leave as PAMPAX errors; every other psycopg error passes."""
    try:
        yield
    except psycopg.Error as error:
        known = _translate(error)
        if known is None:
            raise
        raise known from error


def _translate(error: psycopg.Error) -> PampaxError | None:
    match error:
        case pg.QueryCanceled() | pg.IdleInTransactionSessionTimeout():
            return DeadlineExceeded("the database did not finish in time; ask for less or allow a longer deadline")
        case pg.DiskFull() | pg.OutOfMemory() | pg.TooManyConnections() | TooManyRequests():
            return ResourceExhausted(
                f"the database is out of room: {_first_line(error)}; try again later", retry_after_s=RETRY_AFTER_S
            )
        case pg.SerializationFailure() | pg.DeadlockDetected() | pg.LockNotAvailable():
            return Aborted(f"another transaction was faster: {_first_line(error)}; try again")
        case psycopg.OperationalError():
            return Unavailable(f"database does not answer: {_first_line(error)}; retry", retry_after_s=RETRY_AFTER_S)
        case psycopg.InterfaceError() if "connection is" in str(error):  # closed, lost: psycopg has no class for it
            return Unavailable("database connection was lost; retry", retry_after_s=RETRY_AFTER_S)
    return None


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
