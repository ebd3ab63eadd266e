"""What a trace shows of Postgres: one span for a transaction, in it an event for each statement, by its name alone.

A span for each statement would cost as much as a short statement takes; the events tell the same, since what lies
between two of them is the first one's time. Neither text nor values of a statement go into a trace.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import psycopg
from psycopg import sql

from pampax.runtime.telemetry.tracing import Span, leaf_span
from pampax.storage.queries import name_of
from pampax.storage.session import Connection, SyncConnection

_SYSTEM = {"db.system.name": "postgresql"}


def transaction_span(*, read_only: bool) -> Span:
    """Around a transaction, from the wait for a connection to the commit."""
    return leaf_span("postgres.read" if read_only else "postgres.write", _SYSTEM)


@contextmanager
def noting(conn: Connection | SyncConnection, span: Span) -> Iterator[None]:
    """Inside, statements on the connection are events of the span."""
    if not span.recording:
        yield
        return
    factory = conn.cursor_factory
    noted = _NotedAsyncCursor if isinstance(conn, psycopg.AsyncConnection) else _NotedCursor
    conn.cursor_factory = partial(noted, span)  # type: ignore[assignment]  # called like the class that it stands for
    try:
        yield
    finally:
        conn.cursor_factory = factory


def _note(span: Span, query: object) -> None:
    if isinstance(query, sql.Composable):
        parts = query if isinstance(query, sql.Composed) else (query,)
        query = "".join(part.as_string() if isinstance(part, sql.SQL) else "{}" for part in parts)
    name = name_of(query) if isinstance(query, str) else None
    if name is not None:
        span.event(name)


class _NotedAsyncCursor(psycopg.AsyncCursor[Any]):
    def __init__(self, span: Span, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - those of the class below
        super().__init__(*arguments, **options)
        self._span = span

    async def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        _note(self._span, query)
        return await super().execute(query, *arguments, **options)

    async def executemany(self, query: Any, *arguments: Any, **options: Any) -> None:  # noqa: ANN401
        _note(self._span, query)
        await super().executemany(query, *arguments, **options)


class _NotedCursor(psycopg.Cursor[Any]):
    def __init__(self, span: Span, *arguments: Any, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*arguments, **options)
        self._span = span

    def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        _note(self._span, query)
        return super().execute(query, *arguments, **options)

    def executemany(self, query: Any, *arguments: Any, **options: Any) -> None:  # noqa: ANN401
        _note(self._span, query)
        super().executemany(query, *arguments, **options)

    def copy(self, statement: Any, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        _note(self._span, statement)
        return super().copy(statement, *arguments, **options)
