"""Pooled transactions of one tenant, asynchronous for services."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from pampax.runtime.diagnosis.facts import PoolUse
from pampax.runtime.policy import Guard
from pampax.runtime.telemetry.metrics import before_scrape, forget
from pampax.storage.connections import RECENTLY_S, Attempts, PooledConnection
from pampax.storage.measures import Measures
from pampax.storage.session import (
    ANSWER_WITHIN_S,
    CHECKOUT_TIMEOUT_S,
    KEPT_BY_SERVICES,
    POLICY,
    SHORTEST_WAIT_S,
    Connection,
    begin_statement,
    connection_string,
    pool_options,
    privileged_roles_statement,
    refuse_privileged,
)
from pampax.storage.spans import noting, transaction_span
from pampax.storage.sync_database import SyncDatabase
from pampax.storage.trouble import connections_break, translated_errors

__all__ = ["Connection", "Database", "SyncDatabase"]

DEFAULT_TIMEOUT_S = 10.0


class Database:
    """A bounded pool that opens with the first use and heals after Postgres was away. Rows are dicts.

    Every block is one transaction: committed at its end, rolled back when it raises. Inside,
    `Unavailable`, `DeadlineExceeded`, `ResourceExhausted` and `Aborted` take the place of psycopg's errors.
    """

    def __init__(self, url: str, *, pool_max: int = 8, component: str) -> None:
        self._conninfo = connection_string(url, component)
        self._pool_max = pool_max
        self._pool: AsyncConnectionPool[PooledConnection] | None = None
        self._opening = asyncio.Lock()
        self._attempts = Attempts()
        self._guard = Guard(POLICY)
        self._measures = Measures(component)

    async def open(self) -> None:
        """ConfigError when row-level security does not hold for this user; Unavailable when Postgres is away.

        May be called again after either.
        """
        with translated_errors():
            await self._opened()

    async def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            forget(self)
            await pool.close()
            self._measures.pool({})

    def pool_use(self) -> PoolUse:
        """As it is now; nothing is waited for."""
        stats = self._pool.get_stats() if self._pool is not None else {}
        size = stats.get("pool_size", 0)
        return PoolUse(size, size - stats.get("pool_available", 0), stats.get("requests_waiting", 0), self._pool_max)

    @asynccontextmanager
    async def tenant(
        self, tenant_id: UUID, *, timeout_s: float = DEFAULT_TIMEOUT_S, read_only: bool = False
    ) -> AsyncIterator[Connection]:
        """A transaction that sees this tenant alone; `timeout_s` bounds the checkout and each statement.

        With `read_only` all its statements see the same moment.
        """
        begin = begin_statement(tenant_id, timeout_s, read_only=read_only)
        async with self._transaction(begin, timeout_s, read_only=read_only) as conn:
            yield conn

    @asynccontextmanager
    async def untenanted(
        self, *, timeout_s: float = DEFAULT_TIMEOUT_S, read_only: bool = False
    ) -> AsyncIterator[Connection]:
        """A transaction that sees no tenant's rows: for authenticate_key, take_due_operations and build."""
        begin = begin_statement(None, timeout_s, read_only=read_only)
        async with self._transaction(begin, timeout_s, read_only=read_only) as conn:
            yield conn

    @asynccontextmanager
    async def _transaction(
        self, begin: sql.Composed, timeout_s: float, *, read_only: bool
    ) -> AsyncIterator[Connection]:
        # Who said that it only reads and then writes has a bug, which is no trouble of the database's.
        unless = psycopg.errors.ReadOnlySqlTransaction if read_only else ()
        with transaction_span(read_only=read_only) as span, translated_errors(unless=unless):
            with self._measures.checkout(), self._guard.attempt():
                conn, pool = await self._begun(begin, min(timeout_s, CHECKOUT_TIMEOUT_S))
            conn.patience_s = timeout_s + ANSWER_WITHIN_S
            try:
                with self._measures.transaction(read_only=read_only), noting(conn, span):
                    async with conn:  # commits or rolls back; a pooled connection stays open
                        yield conn
            finally:
                await pool.putconn(conn)

    async def _begun(
        self, begin: sql.Composed, wait_s: float
    ) -> tuple[PooledConnection, AsyncConnectionPool[PooledConnection]]:
        """BEGIN is also the check of the connection: one that died while idle is dropped and the next one tried."""
        give_up = time.monotonic() + wait_s
        with translated_errors(unless=PoolTimeout):
            pool = await self._opened()
            for _ in range(self._pool_max + 1):
                conn = await self._checked_out(pool, give_up - time.monotonic())
                try:
                    conn.patience_s = max(give_up - time.monotonic(), SHORTEST_WAIT_S)
                    await conn.execute(begin)
                except BaseException as error:
                    await pool.putconn(conn)
                    broken = isinstance(error, psycopg.OperationalError) and conn.closed
                    if not broken or time.monotonic() >= give_up:
                        raise
                else:
                    return conn, pool
        raise connections_break()

    async def _checked_out(self, pool: AsyncConnectionPool[PooledConnection], wait_s: float) -> PooledConnection:
        """PoolTimeout when all connections are in use, the reason when no new one can be made."""
        cancellations = _cancellations()
        try:
            conn = await pool.getconn(timeout=max(wait_s, SHORTEST_WAIT_S))
        except PoolTimeout as error:
            why = self._attempts.failed_since(time.monotonic() - RECENTLY_S)
            if not why:
                raise
            raise psycopg.OperationalError(why) from error
        # Before Python 3.12 asyncio.wait_for, and so the pool, forgets a cancellation that comes with the connection.
        if _cancellations() > cancellations:
            await pool.putconn(conn)
            raise asyncio.CancelledError
        return conn

    async def _opened(self) -> AsyncConnectionPool[PooledConnection]:
        if self._pool is not None:
            return self._pool
        asked = time.monotonic()
        async with self._opening:
            if self._pool is None:
                if why := self._attempts.failed_since(asked):  # by the one we waited for
                    raise psycopg.OperationalError(why)
                await self._refuse_privileged()
                self._pool = pool = AsyncConnectionPool(
                    self._conninfo,
                    connection_class=PooledConnection,
                    kwargs=self._connection_options(),
                    **pool_options(self._pool_max, kept=KEPT_BY_SERVICES),
                )
                await pool.open()
                before_scrape(self, lambda: self._measures.pool(pool.get_stats()))
            return self._pool

    async def _refuse_privileged(self) -> None:
        async with await PooledConnection.connect(self._conninfo, **self._connection_options()) as conn:
            refuse_privileged(await (await conn.execute(privileged_roles_statement())).fetchall())

    def _connection_options(self) -> dict[str, Any]:
        return {"autocommit": True, "row_factory": dict_row, "attempts": self._attempts}


def _cancellations() -> int:
    """How often the current task was told to end."""
    task = asyncio.current_task()
    return task.cancelling() if task is not None else 0
