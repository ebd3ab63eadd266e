"""What both databases, with and without a loop, share: connection options, the opening statement."""

from __future__ import annotations

from typing import Any, TypedDict
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import DictRow

from pampax.core.errors import ConfigError, DeadlineExceeded
from pampax.runtime.policy import BreakerRule, Policy
from pampax.storage.queries import load_queries

CHECKOUT_TIMEOUT_S = 3.0  # longest wait for a free connection: enough for Postgres to restart, short when it is gone
RECONNECT_TIMEOUT_S = 2.0  # a pool that gives up early tries again with the next request instead of backing off
IDLE_IN_TRANSACTION_S = 15  # a frozen process must not hold row locks for longer: its work is taken up within 30 s
# libpq names and units: seconds, but tcp_user_timeout in milliseconds. A vanished host is noticed within about 10 s.
CONNECTION_DEFAULTS: dict[str, Any] = {
    "connect_timeout": 2,  # below the longest wait for a connection, which then ends with the reason
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "options": "-c jit=off -c timezone=UTC",  # compiling costs more than these short statements take
}

SHORTEST_WAIT_S = 0.05  # whatever is left: a free connection needs less
ANSWER_WITHIN_S = 1.0  # after statement_timeout the server has so long to say that it has ended the statement
# Only connecting and BEGIN count: a lost transaction says nothing about the next, and a slow statement is nobody's
# failure. An open breaker looks again twice a second, so that after a restart nobody is refused for longer.
POLICY = Policy("postgres", CHECKOUT_TIMEOUT_S, breaker=BreakerRule(open_s=0.5))

# A service keeps four, the two searches at once that it is warmed for: what comes back after a quiet time would
# otherwise wait 20 ms (14 to connect and 5 for the catalogue) and longer. A worker's runs begin with slower things.
KEPT_BY_SERVICES = 4
KEPT_BY_WORKERS = 1

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


def pool_options(pool_max: int, *, kept: int) -> PoolOptions:
    """`kept` connections stay when nobody needs them."""
    return {
        "min_size": min(kept, pool_max),
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
