"""Calls to other services: what a call takes along, how long it may last, when it is tried again."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Iterator
from contextlib import contextmanager
from typing import TypedDict, TypeVar, cast

from grpc import aio

from pampax.core.errors import Unavailable
from pampax.runtime.caller import caller_metadata
from pampax.runtime.context import request_metadata
from pampax.runtime.errors_wire import from_rpc_error
from pampax.runtime.policy import Guard, Policy
from pampax.runtime.telemetry.tracing import Span, call_span
from pampax.runtime.transport import CHANNEL_OPTIONS

RETRIES = 2
# Asked for by one who has tried in vain: above the patience of the hop before, so that tries do not multiply.
_GAVE_UP_RETRY_AFTER_S = 2.0
# For those who want to know how a service is: the answer must not depend on what others met before.
_UNGUARDED = Guard(Policy("unguarded", timeout_s=10.0, retries=RETRIES, breaker=None))

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
    guard: Guard = _UNGUARDED,
) -> Response:
    """The answer, or the PampaxError that the service raised; without a `guard` the service has no breaker.

    Caller, request id and trace go along; `timeout_s` covers all tries and shrinks to what remains of the deadline.
    Only UNAVAILABLE is tried again: pass `retries=0` where doing it twice would do harm.
    """
    method = _method(stub_method)

    async def attempt(left_s: float) -> Response:
        with _call_span(method):
            return await _answer_of(stub_method(request, **_along(left_s)))

    with _giving_up():
        return await guard.call(method, attempt, timeout_s=timeout_s, retries=retries)


async def call_stream(
    stub_method: aio.StreamUnaryMultiCallable[Request, Response],
    requests: AsyncIterator[Request],
    *,
    timeout_s: float,
    guard: Guard = _UNGUARDED,
) -> Response:
    """The same for a stream of requests, which is sent once: what was consumed cannot be sent again."""
    method = _method(stub_method)

    async def attempt(left_s: float) -> Response:
        with _call_span(method):
            return await _answer_of(stub_method(requests, **_along(left_s)))

    with _giving_up():
        return await guard.call(method, attempt, timeout_s=timeout_s, retries=0)


async def call_for_stream(
    stub_method: aio.UnaryStreamMultiCallable[Request, Response],
    request: Request,
    *,
    timeout_s: float,
    guard: Guard = _UNGUARDED,
) -> AsyncGenerator[Response]:
    """The messages of a stream of answers, which ends after `timeout_s` at the latest; closing it cancels the call.

    What fails before the first message is tried again as in `call`; afterwards its error ends the stream.
    """
    method = _method(stub_method)

    async def begin(left_s: float) -> tuple[aio.UnaryStreamCall[Request, Response], Response | object]:
        with _call_span(method):
            pending = stub_method(request, **_along(left_s))
            try:
                return pending, await _answer_of(pending.read())
            except BaseException:
                pending.cancel()
                raise

    with _giving_up():
        pending, message = await guard.call(method, begin, timeout_s=timeout_s)
    try:
        while message is not aio.EOF:
            yield cast("Response", message)
            message = await _answer_of(pending.read())
    finally:
        pending.cancel()


@contextmanager
def _giving_up() -> Iterator[None]:
    try:
        yield
    except Unavailable as error:
        error.retry_after_s = max(error.retry_after_s or 0.0, _GAVE_UP_RETRY_AFTER_S)
        raise


def _method(stub_method: object) -> str:
    path: bytes | str = getattr(stub_method, "_method", b"")  # grpc keeps the name to itself
    return (path.decode() if isinstance(path, bytes) else path)[1:]


def _call_span(method: str) -> Span:
    """One for each try: `_along` is called inside, so that what answers is below the try that it answers."""
    return call_span(method, {"rpc.system.name": "grpc", "rpc.method": method})


class _Along(TypedDict):
    timeout: float
    metadata: tuple[tuple[str, str], ...]


def _along(timeout_s: float) -> _Along:
    return {"timeout": timeout_s, "metadata": (*request_metadata(), *caller_metadata())}


async def _answer_of(pending: Awaitable[Response]) -> Response:
    try:
        return await pending
    except aio.AioRpcError as error:
        raise from_rpc_error(error) from error
