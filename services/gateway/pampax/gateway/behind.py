"""The services behind the gateway: calls to them, and whose fault it was when one does not answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from typing import TypeVar

from grpc import aio

from pampax.core.errors import Unavailable
from pampax.gateway import bounds
from pampax.gateway.deadline import within
from pampax.runtime.channel import RETRIES, call, call_for_stream, call_stream
from pampax.runtime.policy import BREAKER_OPEN, TARGET, Guard, Policy

SEARCH = "search"
ASSEMBLY = "assembly"
INDEXING = "indexing"

# What this process knows of each; like the metrics, it is one for all channels to it.
_GUARDS = {
    SEARCH: Guard(Policy(SEARCH, bounds.SEARCH_S, RETRIES)),
    ASSEMBLY: Guard(Policy(ASSEMBLY, bounds.BUNDLE_S, RETRIES)),
    INDEXING: Guard(Policy(INDEXING, bounds.OTHER_S, RETRIES)),
}
# A plan that is not ready in time is slow because of its tree or of a git server, not because of the service.
PLANNING = Guard(Policy(INDEXING, bounds.PLAN_S, breaker=None))

# Nor is it the service's fault how much there is to check or to remove.
CHECKING = Guard(Policy(INDEXING, bounds.CHECK_S, breaker=None))
PRUNING = Guard(Policy(INDEXING, bounds.PRUNE_S, breaker=None))

Request = TypeVar("Request")
Response = TypeVar("Response")


async def ask(
    service: str,
    method: aio.UnaryUnaryMultiCallable[Request, Response],
    request: Request,
    timeout_s: float,
    *,
    retries: int = RETRIES,
    guard: Guard | None = None,
) -> Response:
    """`pampax.runtime.channel.call`, with the service's name in front of an Unavailable; the guard is the service's
    own, unless another is given."""
    with _naming(service):
        return await call(method, request, timeout_s=timeout_s, retries=retries, guard=guard or _GUARDS[service])


async def ask_within(
    seconds: float,
    service: str,
    method: aio.UnaryUnaryMultiCallable[Request, Response],
    request: Request,
    *,
    retries: int = RETRIES,
    guard: Guard | None = None,
) -> Response:
    """`ask`, as all that a client's request comes to, which may take so long."""
    async with within(seconds):
        return await ask(service, method, request, seconds, retries=retries, guard=guard)


async def ask_with_stream(
    service: str,
    method: aio.StreamUnaryMultiCallable[Request, Response],
    requests: AsyncIterator[Request],
    timeout_s: float,
) -> Response:
    """The same for `call_stream`."""
    with _naming(service):
        return await call_stream(method, requests, timeout_s=timeout_s, guard=_GUARDS[service])


async def ask_for_stream(
    service: str,
    method: aio.UnaryStreamMultiCallable[Request, Response],
    request: Request,
    timeout_s: float,
) -> AsyncGenerator[Response]:
    """The same for `call_for_stream`."""
    messages = call_for_stream(method, request, timeout_s=timeout_s, guard=_GUARDS[service])
    async with aclosing(messages):
        with _naming(service):
            async for message in messages:
                yield message


@contextmanager
def _naming(service: str) -> Iterator[None]:
    try:
        yield
    except Unavailable as error:
        if error.reason == BREAKER_OPEN and error.metadata.get(TARGET) == service:
            raise  # it names the service itself
        raise Unavailable(
            f"{service}: {error.message}",
            reason=error.reason,
            metadata={**error.metadata, "service": service},
            retry_after_s=error.retry_after_s,
        ) from error
