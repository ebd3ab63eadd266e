"""Pooled transactions of one tenant, synchronous: for prefork workers."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

from pampax.runtime.policy import Guard
from pampax.storage.connections import RECENTLY_S, Attempts, PooledSyncConnection
from pampax.storage.measures import Measures
from pampax.storage.session import (
    ANSWER_WITHIN_S,
    CHECKOUT_TIMEOUT_S,
    KEPT_BY_WORKERS,
    POLICY,
    SHORTEST_WAIT_S,
    SyncConnection,
    begin_statement,
    connection_string,
    pool_options,
    privileged_roles_statement,
    refuse_privileged,
)
from pampax.storage.spans import noting, transaction_span
from pampax.storage.trouble import connections_break, translated_errors

DEFAULT_TIMEOUT_S = 10.0


class SyncDatabase:
    """`pampax.storage.database.Database` without a loop; what it promises holds here too.

    The pool belongs to the process that first used it: a forked child makes its own.
    """

    def __init__(self, url: str, *, pool_max: int = 8, component: str) -> None:
        self._conninfo = connection_string(url, component)
        self._pool_max = pool_max
        self._pool: ConnectionPool[PooledSyncConnection] | None = None
        self._pool_pid = 0
        self._inherited: list[ConnectionPool[PooledSyncConnection]] = []
        self._opening = threading.Lock()
        self._measures = Measures(component)
        self._attempts = Attempts()
        self._guard = Guard(POLICY)

    def open(self) -> None:
        with translated_errors():
            self._opened()

    def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None and self._pool_pid == os.getpid():
            pool.close()

    @contextmanager
    def tenant(
        self, tenant_id: UUID, *, timeout_s: float = DEFAULT_TIMEOUT_S, read_only: bool = False
    ) -> Iterator[SyncConnection]:
        begin = begin_statement(tenant_id, timeout_s, read_only=read_only)
        with self._transaction(begin, timeout_s, read_only=read_only) as conn:
            yield conn

    @contextmanager
    def untenanted(self, *, timeout_s: float = DEFAULT_TIMEOUT_S, read_only: bool = False) -> Iterator[SyncConnection]:
        begin = begin_statement(None, timeout_s, read_only=read_only)
        with self._transaction(begin, timeout_s, read_only=read_only) as conn:
            yield conn

    @contextmanager
    def _transaction(self, begin: sql.Composed, timeout_s: float, *, read_only: bool) -> Iterator[SyncConnection]:
        # Who said that it only reads and then writes has a bug, which is no trouble of the database's.
        unless = psycopg.errors.ReadOnlySqlTransaction if read_only else ()
        with transaction_span(read_only=read_only) as span, translated_errors(unless=unless):
            with self._measures.checkout(), self._guard.attempt():
                conn, pool = self._begun(begin, min(timeout_s, CHECKOUT_TIMEOUT_S))
            conn.patience_s = timeout_s + ANSWER_WITHIN_S
            try:
                with self._measures.transaction(read_only=read_only), noting(conn, span), conn:
                    yield conn
            finally:
                pool.putconn(conn)
                self._measures.pool(pool.get_stats())

    def _begun(
        self, begin: sql.Composed, wait_s: float
    ) -> tuple[PooledSyncConnection, ConnectionPool[PooledSyncConnection]]:
        give_up = time.monotonic() + wait_s
        with translated_errors(unless=PoolTimeout):
            pool = self._opened()
            for _ in range(self._pool_max + 1):
                conn = self._checked_out(pool, give_up - time.monotonic())
                try:
                    conn.patience_s = max(give_up - time.monotonic(), SHORTEST_WAIT_S)
                    conn.execute(begin)
                except BaseException as error:
                    pool.putconn(conn)
                    broken = isinstance(error, psycopg.OperationalError) and conn.closed
                    if not broken or time.monotonic() >= give_up:
                        raise
                else:
                    return conn, pool
        raise connections_break()

    def _checked_out(self, pool: ConnectionPool[PooledSyncConnection], wait_s: float) -> PooledSyncConnection:
        try:
            return pool.getconn(timeout=max(wait_s, SHORTEST_WAIT_S))
        except PoolTimeout as error:
            why = self._attempts.failed_since(time.monotonic() - RECENTLY_S)
            if not why:
                raise
            raise psycopg.OperationalError(why) from error

    def _opened(self) -> ConnectionPool[PooledSyncConnection]:
        if self._pool is not None and self._pool_pid == os.getpid():
            return self._pool
        asked = time.monotonic()
        with self._opening:
            if self._pool is None or self._pool_pid != os.getpid():
                if why := self._attempts.failed_since(asked):  # by the one we waited for
                    raise psycopg.OperationalError(why)
                self._refuse_privileged()
                pool = ConnectionPool(
                    self._conninfo,
                    connection_class=PooledSyncConnection,
                    kwargs=self._connection_options(),
                    **pool_options(self._pool_max, kept=KEPT_BY_WORKERS),
                )
                pool.open()
                if self._pool is not None:
                    # Never finalised here: its end would take locks that threads of the parent held at the fork.
                    self._inherited.append(self._pool)
                self._pool, self._pool_pid = pool, os.getpid()
            return self._pool

    def _refuse_privileged(self) -> None:
        with PooledSyncConnection.connect(self._conninfo, **self._connection_options()) as conn:
            refuse_privileged(conn.execute(privileged_roles_statement()).fetchall())

    def _connection_options(self) -> dict[str, Any]:
        return {"autocommit": True, "row_factory": dict_row, "attempts": self._attempts}
