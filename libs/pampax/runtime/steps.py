"""What happens around every rpc of every service: one ordered list of steps.

    context -> metrics -> log -> errors -> room -> deadline -> caller -> the servicer

A step gets the rpc and what comes after it, and awaits that. `interceptors` puts them around the calls.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

import grpc
from grpc import aio
from grpc_status import rpc_status

from pampax.core.errors import DeadlineExceeded, Internal, PampaxError
from pampax.core.identity import Caller
from pampax.runtime import context
from pampax.runtime.caller import CALLER_KEY, enter_caller, verify_caller
from pampax.runtime.errors_wire import CODE_NAMES, to_status
from pampax.runtime.logging import get_logger
from pampax.runtime.room import Room
from pampax.runtime.telemetry.metrics import counter, gauge, histogram
from pampax.runtime.telemetry.tracing import Span, entry_span

# For clients that send no deadline of their own.
DEFAULT_DEADLINE_S = 30.0
DEFAULT_STREAM_DEADLINE_S = 300.0
# Whatever the client allows: nobody waits longer for an answer, and a forgotten call must not hold what it holds.
MAX_DEADLINE_S = 600.0
MAX_STREAM_DEADLINE_S = 3_600.0
_DEADLINES_S = DEFAULT_DEADLINE_S, MAX_DEADLINE_S
_STREAM_DEADLINES_S = DEFAULT_STREAM_DEADLINE_S, MAX_STREAM_DEADLINE_S
_RPC_SYSTEM = {"rpc.system.name": "grpc"}

Context: TypeAlias = aio.ServicerContext[Any, Any]
Authenticator: TypeAlias = Callable[[Mapping[str, str]], Awaitable[Caller]]
Proceed: TypeAlias = Callable[[], Awaitable[object]]

_log = get_logger()

_REQUESTS = counter("pampax_rpc_requests_total")
_SECONDS = histogram("pampax_rpc_seconds")
_IN_FLIGHT = gauge("pampax_rpc_in_flight")
_ERRORS = counter("errors_total")


@dataclass(slots=True)
class Rpc:
    """One call on its way through the steps. Metadata keys are lower case; binary values are left out."""

    method: str
    streaming: bool
    context: Context
    metadata: Mapping[str, str] = field(init=False)
    caller: Caller | None = None
    error: PampaxError | None = None
    status: str = "UNKNOWN"
    seconds: float = 0.0

    def __post_init__(self) -> None:
        pairs = self.context.invocation_metadata() or ()
        self.metadata = {key: value for key, value in pairs if isinstance(value, str)}


Step: TypeAlias = Callable[[Rpc, Proceed], Awaitable[object]]


def steps(authenticate: Authenticator | None, secret: str, *, metrics: bool = True) -> Sequence[Step]:
    """The list, outermost first. Without an authenticator calls have no caller."""
    always: list[Step] = [enter_context, *([measure] if metrics else []), log_call, notice_departure, answer_errors]
    always += [Room(), hold_deadline]
    return [*always, partial(identify, authenticate, secret)] if authenticate else always


def caller_token_authenticator(secret: str) -> Authenticator:
    """For services behind the gateway: believes the signed token of the service that calls."""

    async def authenticate(metadata: Mapping[str, str]) -> Caller:
        return verify_caller(metadata.get(CALLER_KEY, ""), secret)

    return authenticate


async def enter_context(rpc: Rpc, proceed: Proceed) -> object:
    """Ids, and the span that everything else here is below."""
    parent = context.enter_request(rpc.metadata)
    attributes = {**_RPC_SYSTEM, "rpc.method": rpc.method[1:], "pampax.corr_id": context.corr_id.get()}
    with entry_span(rpc.method[1:], "server", attributes, parent=parent) as span:
        rpc.context.set_trailing_metadata(context.request_metadata())
        try:
            return await proceed()
        finally:
            _describe(span, rpc)


async def measure(rpc: Rpc, proceed: Proceed) -> object:
    method = rpc.method[1:]
    under_way = _IN_FLIGHT.labels(method)
    under_way.inc()
    try:
        return await proceed()
    finally:
        under_way.dec()
        _REQUESTS.labels(method, rpc.status).inc()
        _SECONDS.labels(method).observe(rpc.seconds)
        if rpc.error is not None:
            _ERRORS.labels(type(rpc.error).__name__).inc()


async def log_call(rpc: Rpc, proceed: Proceed) -> object:
    """Status and time are known from here on, as they are told."""
    started = time.perf_counter()
    cancelled = False
    try:
        return await proceed()
    except asyncio.CancelledError:
        cancelled = True
        raise
    finally:
        rpc.status = "CANCELLED" if cancelled else _status_name(rpc.context.code())
        rpc.seconds = time.perf_counter() - started
        _write_line(rpc)


async def notice_departure(_rpc: Rpc, proceed: Proceed) -> object:
    """What grpc raises when it cannot send, an answer or an error: the call has ended, and it has not come to
    cancelling us yet."""
    try:
        return await proceed()
    except aio.InternalError as error:
        raise asyncio.CancelledError("the caller has gone") from error


async def answer_errors(rpc: Rpc, proceed: Proceed) -> object:
    try:
        return await proceed()
    except (aio.AbortError, aio.InternalError):
        raise  # the servicer has answered already, or nobody can be answered
    except Exception as error:  # noqa: BLE001 - the last one who can answer: nothing unknown may reach the client
        rpc.error = _ours(error) or _unexpected(rpc, error)
        status = to_status(rpc.error)
        if isinstance(error, NotImplementedError):
            status.code = grpc.StatusCode.UNIMPLEMENTED.value[0]
    answer = rpc_status.to_status(status)
    trailing = (*answer.trailing_metadata, *context.request_metadata())
    return await rpc.context.abort_with_status(answer._replace(trailing_metadata=trailing))


async def hold_deadline(rpc: Rpc, proceed: Proceed) -> object:
    default, most = _STREAM_DEADLINES_S if rpc.streaming else _DEADLINES_S
    limit = min(_time_left(rpc.context, default), most)
    context.enter_deadline(limit)
    try:
        async with asyncio.timeout(limit) as scope:
            return await proceed()
    except TimeoutError as error:
        if not scope.expired():
            raise
        raise DeadlineExceeded("the deadline passed before the answer was ready; ask for less or allow more") from error


async def identify(authenticate: Authenticator, secret: str, rpc: Rpc, proceed: Proceed) -> object:
    rpc.caller = await authenticate(rpc.metadata)
    enter_caller(rpc.caller, secret)
    return await proceed()


def _time_left(servicer_context: Context, default: float) -> float:
    left: object = servicer_context.time_remaining()  # None without a deadline, whatever the stubs say
    return max(left, 0.0) if isinstance(left, float) else default


def _ours(error: BaseException) -> PampaxError | None:
    """The error itself, or the first of ours in a task group's bundle."""
    if isinstance(error, BaseExceptionGroup):
        return next((ours for inner in error.exceptions if (ours := _ours(inner))), None)
    return error if isinstance(error, PampaxError) else None


def _unexpected(rpc: Rpc, error: Exception) -> Internal:
    if isinstance(error, NotImplementedError):
        return Internal("this server does not offer the call", reason="UNIMPLEMENTED")
    _log.error("unexpected error", op=rpc.method[1:], exc_info=error)
    request_id = context.corr_id.get()
    message = f"the service failed; tell its operator this request id: {request_id}"
    return Internal(message, metadata={"corr_id": request_id})


def _write_line(rpc: Rpc) -> None:
    fields: dict[str, object] = {
        "op": rpc.method[1:],
        "duration_ms": round(rpc.seconds * 1_000, 3),
        "status": rpc.status,
    }
    if rpc.error is None:
        _log.info("rpc", **fields)
        return
    fields |= {"err_code": rpc.error.reason, "err_kind": type(rpc.error).__name__}
    if rpc.error.http_status >= 500:
        _log.warning("rpc", **fields, detail=rpc.error.message)
    else:
        _log.info("rpc", **fields)


def _describe(span: Span, rpc: Rpc) -> None:
    if not span.recording:
        return
    span.describe({"rpc.response.status_code": rpc.status})
    if rpc.error is not None:
        span.fail(rpc.error.reason, ours=rpc.error.http_status >= 500)


def _status_name(code: grpc.StatusCode | int | None) -> str:
    if isinstance(code, grpc.StatusCode):
        return code.name
    return CODE_NAMES.get(code or 0, "UNKNOWN")
