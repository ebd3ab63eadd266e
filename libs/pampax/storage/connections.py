"""Connections that wait for no answer for ever, and the word of how the last one was made.

Postgres ends a statement that takes too long by itself (statement_timeout). One that is frozen, or a network that
swallows everything, ends nothing: then we stop waiting, close the connection, and the pool makes another.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self, TypeVar

import psycopg
from psycopg import pq, waiting
from psycopg.abc import PQGen
from psycopg.rows import DictRow

from pampax.runtime.logging import get_logger
from pampax.storage.session import CHECKOUT_TIMEOUT_S

# A query whose caller has left is cancelled in the server; one that does not even hear that loses its connection.
CANCEL_WITHIN_S = 1.0
# How long ago an attempt to connect may have been to tell why there is no connection now: the pool gives up after 2 s.
RECENTLY_S = 5.0
# A healthy server makes a connection in some 10 ms.
HANGS_AFTER_S = 0.25
_POLL_S = 0.1  # psycopg's own: how often a wait looks whether it was interrupted

_log = get_logger()

Result = TypeVar("Result")


class Attempts:
    """The attempts to connect; for the connections of one pool, whose own threads or tasks make them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[object, float] = {}
        self._error = ""
        self._failed_at = 0.0

    def failed_since(self, moment: float) -> str:
        """Why connecting fails: it was tried since the moment (of time.monotonic) in vain, or it hangs."""
        with self._lock:
            if self._error and self._failed_at >= moment:
                return self._error
            first = min(self._under_way.values(), default=time.monotonic())
        return "connecting takes too long" if time.monotonic() - first > HANGS_AFTER_S else ""

    @contextmanager
    def one(self) -> Iterator[None]:
        """Around an attempt."""
        key = object()
        with self._lock:
            self._under_way[key] = time.monotonic()
        error: str | None = None  # of one that was given up nothing is known
        try:
            yield
            error = ""
        except psycopg.Error as failed:
            error = str(failed).partition("\n")[0]
            raise
        finally:
            self._end(key, error)

    def _end(self, key: object, error: str | None) -> None:
        with self._lock:
            del self._under_way[key]
            if error is None:
                return
            before, self._error = self._error, error
            self._failed_at = time.monotonic()
        if error and not before:
            _log.warning("database away", op="connect", detail=error)
        elif before and not error:
            _log.info("database back", op="connect")


class PooledConnection(psycopg.AsyncConnection[DictRow]):
    """`patience_s` is the longest wait for an answer."""

    patience_s = CHECKOUT_TIMEOUT_S

    @classmethod
    async def connect(  # type: ignore[override]  # the pool hands the keyword on to this class only
        cls,
        conninfo: str = "",
        *,
        attempts: Attempts,
        **kwargs: Any,  # noqa: ANN401 - psycopg's own
    ) -> Self:
        with attempts.one():
            return await super().connect(conninfo, **kwargs)

    async def wait(self, gen: PQGen[Result], interval: float = _POLL_S, timeout: float | None = None) -> Result:  # noqa: ASYNC109
        """psycopg's, but for the bound, and that a cancelled query holds its caller up for a second instead of ten."""
        if timeout is not None:
            return await super().wait(gen, interval, timeout)
        begun = time.monotonic()
        try:
            return await waiting.wait_async(gen, self.pgconn.socket, interval=interval, timeout=self.patience_s)
        except asyncio.CancelledError:
            if self.pgconn.transaction_status == pq.TransactionStatus.ACTIVE:
                await self._end_query(gen)
            raise
        except psycopg.OperationalError as error:
            _refuse_silence(self, error, begun)
            raise

    async def _end_query(self, gen: PQGen[Any]) -> None:
        """The caller has left: the connection serves the next one when the server says that the query has ended."""
        try:
            await self.cancel_safe(timeout=CANCEL_WITHIN_S)
            await waiting.wait_async(gen, self.pgconn.socket, interval=_POLL_S, timeout=CANCEL_WITHIN_S)
        except psycopg.errors.QueryCanceled:
            return
        except psycopg.Error:
            self.pgconn.finish()


class PooledSyncConnection(psycopg.Connection[DictRow]):
    """The same without a loop."""

    patience_s = CHECKOUT_TIMEOUT_S

    @classmethod
    def connect(  # type: ignore[override]  # the pool hands the keyword on to this class only
        cls,
        conninfo: str = "",
        *,
        attempts: Attempts,
        **kwargs: Any,  # noqa: ANN401 - psycopg's own
    ) -> Self:
        with attempts.one():
            return super().connect(conninfo, **kwargs)

    def wait(self, gen: PQGen[Result], interval: float = _POLL_S, timeout: float | None = None) -> Result:
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        begun = time.monotonic()
        try:
            return super().wait(gen, interval, self.patience_s)
        except psycopg.OperationalError as error:
            _refuse_silence(self, error, begun)
            raise


def _refuse_silence(
    conn: PooledConnection | PooledSyncConnection, error: psycopg.OperationalError, begun: float
) -> None:
    """When it is the wait that ended, without a word of the server: what may still come belongs to nobody."""
    patience_s = conn.patience_s
    if error.sqlstate is not None or time.monotonic() - begun < patience_s:
        return
    conn.pgconn.finish()
    raise psycopg.OperationalError(f"no answer within {patience_s:.3g} s") from error
