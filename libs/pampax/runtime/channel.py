"""Calls to other services: what a call takes along, how long it may last, when it is tried again."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator, Awaitable
from typing import TypedDict, TypeVar

import tenacity
from grpc import aio

from pampax.core.errors import DeadlineExceeded, PampaxError, Unavailable
from pampax.runtime.caller import caller_metadata
from pampax.runtime.context import remaining_s, request_metadata
from pampax.runtime.errors_wire import from_rpc_error
from pampax.runtime.telemetry.tracing import Span, call_span
from pampax.runtime.transport import CHANNEL_OPTIONS

RETRIES = 2
# Full jitter: any time between the two, so that those who failed together do not come back together.
_BACKOFF_S = (0.02, 0.1)
# A service that asks for more than this is not waited for; the one who asked us is told.
_PATIENCE_S = 1.0
# Asked for by one who has tried in vain: above the patience of the hop before, so that tries do not multiply.
_GAVE_UP_RETRY_AFTER_S = 2.0

Request = TypeVar("Request")
Response = TypeVar("Response")


def connect(address: str) -> aio.Channel:
    """A channel that connects at the first call and again by itself; close it when the process ends."""
    return aio.insecure_channel(address, options=CHANNEL_OPTIONS)


async def call(
    stub_method: aio.UnaryUnaryMultiCallable[Request, Response],
    request: Request,
    *,
    timeout_s: float,
    retries: int = RETRIES,
) -> Response:
    """The answer, or the PampaxError that the service raised.

    Caller, request id and trace go along; `timeout_s` covers all tries and shrinks to what remains of the deadline.
    Only UNAVAILABLE is tried again: pass `retries=0` where doing it twice would do harm.
    """
    give_up = time.monotonic() + _limit(timeout_s)

    async def attempt() -> Response:
        with _call_span(stub_method):
            return await _answer_of(stub_method(request, **_along(give_up - time.monotonic())))

    tries = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception(_may_pass),
        wait=_pause,
        stop=tenacity.stop_after_attempt(1 + retries) | tenacity.stop_before_delay(give_up - time.monotonic()),
        reraise=True,
    )
    try:
        return await tries(attempt)
    except Unavailable as error:
        error.retry_after_s = max(error.retry_after_s or 0.0, _GAVE_UP_RETRY_AFTER_S)
        raise


async def call_stream(
    stub_method: aio.StreamUnaryMultiCallable[Request, Response],
    requests: AsyncIterator[Request],
    *,
    timeout_s: float,
) -> Response:
    """The same for a stream of requests, which is sent once: what was consumed cannot be sent again."""
    with _call_span(stub_method):
        return await _answer_of(stub_method(requests, **_along(_limit(timeout_s))))


def _call_span(stub_method: object) -> Span:
    """One for each try: `_along` is called inside, so that what answers is below the try that it answers."""
    path: bytes | str = getattr(stub_method, "_method", b"")  # grpc keeps the name to itself
    method = (path.decode() if isinstance(path, bytes) else path)[1:]
    return call_span(method, {"rpc.system.name": "grpc", "rpc.method": method})


class _Along(TypedDict):
    timeout: float
    metadata: tuple[tuple[str, str], ...]


def _along(timeout_s: float) -> _Along:
    return {"timeout": timeout_s, "metadata": (*request_metadata(), *caller_metadata())}


def _limit(timeout_s: float) -> float:
    remaining = remaining_s()
    limit = timeout_s if remaining is None else min(timeout_s, remaining)
    if limit <= 0:
        raise DeadlineExceeded("no time is left to ask another service; ask for less or allow more time")
    return limit


async def _answer_of(pending: Awaitable[Response]) -> Response:
    try:
        return await pending
    except aio.AioRpcError as error:
        raise from_rpc_error(error) from error


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, Unavailable) and (error.retry_after_s or 0.0) <= _PATIENCE_S


def _pause(state: tenacity.RetryCallState) -> float:
    """Seconds until the next try: jitter, or what the service asked for when that is more."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after_s if isinstance(error, PampaxError) else None
    return max(random.uniform(*_BACKOFF_S), asked or 0.0)  # noqa: S311 - spreads load, guards nothing
