"""Operations from claim to end, one at a time, whatever happens to them on the way."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Self
from uuid import UUID

from pampax.codeintel.parsers import Parsers
from pampax.core.errors import (
    Aborted,
    Cancelled,
    DeadlineExceeded,
    Internal,
    PampaxError,
    ResourceExhausted,
    Unavailable,
)
from pampax.embedding.base import Embedder
from pampax.indexing import records
from pampax.indexing.measures import Run, measured_run
from pampax.indexing.model import Failure, IndexResult
from pampax.indexing.run import postgres
from pampax.indexing.run.derive import Deriver
from pampax.indexing.run.indexing import GitPolicy, Indexing, SourceFailed
from pampax.indexing.run.lease import TTL_S, LeaseKeeper, Stopping
from pampax.indexing.run.limits import Limits
from pampax.indexing.run.mirrors import remove_forgotten
from pampax.indexing.run.retries import transiently
from pampax.runtime.context import enter_operation, tenant
from pampax.runtime.logging import get_logger
from pampax.runtime.telemetry.tracing import Span, Value, entry_span
from pampax.storage.database import SyncDatabase
from pampax.storage.operations import LEASE_LOST, FinalState, Lease, Next, claim, finish, heartbeat, next_operation

_log = get_logger()


class _LetOthersTry(Exception):
    """This process cannot go on, but another, or this one a little later, may. `counts`: as one of its attempts."""

    def __init__(self, *, counts: bool) -> None:
        super().__init__()
        self.counts = counts


class Runner:
    """What a worker process keeps from one operation to the next. A context manager; for one thread."""

    def __init__(
        self,
        database: SyncDatabase,
        embedder: Embedder,
        git: GitPolicy,
        *,
        stop_requested: Callable[[], bool] = lambda: False,
        limits: Limits = Limits(),  # noqa: B008 - frozen
    ) -> None:
        self._database = database
        self._limits = limits
        self._stop_requested = stop_requested
        self._parsers = Parsers()
        self._deriver = Deriver(self._parsers, embedder)
        self._git = git

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends the parsers and the database connections."""
        self._parsers.close()
        self._database.close()

    def run(self, operation_id: UUID, tenant_id: UUID) -> Next | None:
        """Runs the operation if it is its turn; returns the repository's next one, which waits for somebody to run it.

        Raises nothing for what an operation may run into: that is told in its row.
        """
        tenant.set(str(tenant_id))
        lease = transiently(lambda: self._claim(operation_id, tenant_id))
        if lease is None:
            return None
        try:
            return self._run(lease)
        finally:
            self.remove_forgotten_mirrors()

    def remove_forgotten_mirrors(self) -> None:
        """What deleted repositories have left on this machine's disk. Raises nothing; may run beside an operation."""
        try:
            removed = remove_forgotten(self._database, self._git.mirrors)
        except Exception as error:  # noqa: BLE001 - tidying up must not end what it follows
            _log.error("clones not removed", op="mirrors", exc_info=error)
        else:
            if removed:
                _log.info("clones removed", op="mirrors", count=removed)

    def _run(self, lease: Lease) -> Next | None:
        enter_operation(lease.corr_id, lease.traceparent)
        attributes: dict[str, Value] = {
            "pampax.corr_id": lease.corr_id,
            "pampax.operation": str(lease.operation_id),
            "pampax.repository_id": lease.repository_id,
            "pampax.attempt": lease.attempts,
        }
        # Its parent is the request that made the operation, not the message that brought it here: that may be the
        # third, of the reaper, or from the run before it.
        with (
            measured_run() as run,
            entry_span("index.run", "consumer", attributes, parent=lease.traceparent) as span,
            LeaseKeeper(self._database, lease, self._stop_requested, self._limits) as keeper,
        ):
            try:
                self._attempt(keeper, span, run)
            except _LetOthersTry as left:
                run.ended("left")
                span.fail("LEFT_FOR_ANOTHER_ATTEMPT", ours=left.counts)
                self._release(lease, counts=left.counts)
                return None
            except Aborted as error:
                run.ended("lost", error)
                span.fail(error.reason)
                _log.warning("operation is somebody else's now", op="index", detail=error.message)
                return None
        return transiently(lambda: self._next(lease))

    def _attempt(self, keeper: LeaseKeeper, span: Span, run: Run) -> None:
        """Brings the operation to its end, or raises _LetOthersTry, or Aborted when the lease is lost."""
        lease = keeper.lease
        _log.info("operation begins", op="index", repository=lease.repository_name, attempt=lease.attempts)
        try:
            result = self._result(keeper)
        except Cancelled as error:
            span.fail(error.reason, ours=False)
            self._finish(keeper, FinalState.CANCELLED, failure=_failure(error))
            run.ended("cancelled")
            _log.info("operation cancelled", **_told(run, "CANCELLED"))
        except PampaxError as error:
            if isinstance(error, Aborted) and error.reason == LEASE_LOST:
                raise
            span.fail(error.reason, ours=error.http_status >= 500)
            self._finish(keeper, FinalState.FAILED, failure=_failure(error))
            run.ended("failed", error)
            why = {"err_code": error.reason, "err_kind": type(error).__name__, "detail": error.message}
            _log.warning("operation failed", **_told(run, error.grpc_code), **why)
        else:
            self._finish(keeper, FinalState.SUCCEEDED, result=result)
            run.ended("succeeded")
            status = result.status
            _log.info(
                "operation succeeded", **_told(run, "OK"), repository=lease.repository_name, ref=status.ref,
                files=status.files, chunks=status.chunks, new_blobs=result.new_blobs, changed=result.changed,
            )  # fmt: skip

    def _result(self, keeper: LeaseKeeper) -> IndexResult:
        """The result, or the error that ends the operation."""
        indexing = Indexing(self._database, keeper, self._deriver, self._git)
        try:
            if keeper.lease.attempts <= self._limits.attempts:
                return indexing.run()
            return _given_up(transiently(indexing.kept), keeper.lease)
        except Stopping as stopping:
            raise _LetOthersTry(counts=False) from stopping
        except SourceFailed as failed:
            raise disk_full(failed.error) or failed.error from failed
        except PampaxError as error:
            if _may_pass(error):
                raise self._left(error) from error
            raise
        except Exception as error:  # whatever it is, the operation must end and say so
            raise disk_full(error) or self._unexpected(keeper.lease, error) from error

    def _left(self, error: PampaxError) -> _LetOthersTry:
        _log.warning("operation left for another attempt", op="index", err_code=error.reason, detail=error.message)
        return _LetOthersTry(counts=True)

    def _unexpected(self, lease: Lease, error: Exception) -> Internal:
        _log.error("unexpected error", op="index", repository=lease.repository_name, exc_info=error)
        return Internal(f"indexing failed: tell the operator this request id: {lease.corr_id or lease.operation_id}")

    def _claim(self, operation_id: UUID, tenant_id: UUID) -> Lease | None:
        with self._database.tenant(tenant_id) as conn:
            return claim(conn, operation_id, TTL_S)

    def _finish(
        self,
        keeper: LeaseKeeper,
        state: FinalState,
        *,
        result: IndexResult | None = None,
        failure: Failure | None = None,
    ) -> None:
        """A database that is away now is waited for; then the lease runs out and another attempt comes to the end."""

        def end() -> None:
            with self._database.tenant(keeper.lease.tenant_id) as conn:
                progress = keeper.progress
                heartbeat(conn, keeper.lease, replace(progress, problems=result.error_count) if result else progress)
                finish(
                    conn,
                    keeper.lease,
                    state,
                    result=None if result is None else records.result_document(result),
                    error=None if failure is None else records.failure_document(failure),
                    errors=records.problems_document(result.errors if result else ()),
                )

        try:
            transiently(end)
        except (Unavailable, DeadlineExceeded, ResourceExhausted) as error:
            raise self._left(error) from error

    def _release(self, lease: Lease, *, counts: bool) -> None:
        try:
            with self._database.tenant(lease.tenant_id) as conn:
                postgres.release_lease(conn, lease.operation_id, lease.token, counts=counts)
        except PampaxError as error:
            _log.info("lease not released", op="index", err_code=error.reason)

    def _next(self, lease: Lease) -> Next | None:
        with self._database.tenant(lease.tenant_id, read_only=True) as conn:
            return next_operation(conn, lease.repository_id)


def _told(run: Run, status: str) -> dict[str, object]:
    """What the line about the end of a run has in common with those of rpcs and requests."""
    return {"op": "index", "duration_ms": run.duration_ms, "status": status}


def _given_up(kept: IndexResult | None, lease: Lease) -> IndexResult:
    """What one of the attempts has published whole; it was only tidying up that the workers died over."""
    if kept is not None and not kept.status.pending_vectors:
        return kept
    last = f": the last worker said that {lease.trouble}" if lease.trouble else " that ended without a word"
    advice = "words are searched, vectors are missing; index again" if kept else "see the workers' logs"
    message = f"given up after {lease.attempts - 1} attempts{last}; {advice}"
    raise Internal(message, reason="ATTEMPTS_EXHAUSTED")


def _may_pass(error: PampaxError) -> bool:
    if isinstance(error, Aborted):
        return error.reason != LEASE_LOST
    return isinstance(error, (Unavailable, DeadlineExceeded))


def disk_full(error: BaseException | None) -> ResourceExhausted | None:
    """What a full disk of this machine caused, however it was wrapped."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            message = "the worker's disk is full: free some space and index again"
            return ResourceExhausted(message, reason="DISK_FULL")
        error = error.__cause__
    return None


def _failure(error: PampaxError) -> Failure:
    return Failure(error.grpc_code, error.reason, error.message)
