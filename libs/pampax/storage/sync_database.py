"""Pooled transactions of one tenant, synchronous: for prefork workers."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from pampax.core.errors import Unavailable
from pampax.storage.measures import Measures
from pampax.storage.session import (
    CHECKOUT_TIMEOUT_S,
    SyncConnection,
    begin_statement,
    connection_string,
    pool_options,
    privileged_roles_statement,
    refuse_privileged,
    translated_errors,
)
from pampax.storage.spans import noting, transaction_span

DEFAULT_TIMEOUT_S = 10.0


class SyncDatabase:
    """`pampax.storage.database.Database` without a loop; what it promises holds here too.

    The pool belongs to the process that first used it: a forked child makes its own.
    """

    def __init__(self, url: str, *, pool_max: int = 8, component: str) -> None:
        self._conninfo = connection_string(url, component)
        self._pool_max = pool_max
        self._pool: ConnectionPool[SyncConnection] | None = None
        self._pool_pid = 0
        self._inherited: list[ConnectionPool[SyncConnection]] = []
        self._opening = threading.Lock()
        self._measures = Measures(component)

    def open(self) -> None:
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
        pool = self._opened()
        with transaction_span(read_only=read_only) as span, translated_errors():
            with self._measures.checkout():
                conn = self._begin(pool, begin, min(timeout_s, CHECKOUT_TIMEOUT_S))
            try:
                with self._measures.transaction(read_only=read_only), noting(conn, span), conn:
                    yield conn
            finally:
                pool.putconn(conn)
                self._measures.pool(pool.get_stats())

    def _begin(self, pool: ConnectionPool[SyncConnection], begin: sql.Composed, wait_s: float) -> SyncConnection:
        for _ in range(self._pool_max + 1):
            conn = pool.getconn(timeout=wait_s)
            try:
                conn.execute(begin)
            except BaseException as error:
                pool.putconn(conn)
                if not (isinstance(error, psycopg.OperationalError) and conn.closed):
                    raise
            else:
                return conn
        raise Unavailable("database connections keep breaking; retry")

    def _opened(self) -> ConnectionPool[SyncConnection]:
        if self._pool is not None and self._pool_pid == os.getpid():
            return self._pool
        with self._opening:
            if self._pool is None or self._pool_pid != os.getpid():
                with translated_errors():
                    self._refuse_privileged()
                    pool = ConnectionPool(
                        self._conninfo,
                        connection_class=SyncConnection,
                        kwargs={"autocommit": True, "row_factory": dict_row},
                        **pool_options(self._pool_max),
                    )
                    pool.open()
                if self._pool is not None:
                    # Never finalised here: its end would take locks that threads of the parent held at the fork.
                    self._inherited.append(self._pool)
                self._pool, self._pool_pid = pool, os.getpid()
            return self._pool

    def _refuse_privileged(self) -> None:
        with psycopg.connect(self._conninfo, row_factory=dict_row) as conn:
            refuse_privileged(conn.execute(privileged_roles_statement()).fetchall())
