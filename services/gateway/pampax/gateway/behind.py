"""The services behind the gateway: calls to them, and whose fault it was when one does not answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import TypeVar

from grpc import aio

from pampax.core.errors import Unavailable
from pampax.gateway import bounds
from pampax.runtime.channel import RETRIES, call, call_stream
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

Request = TypeVar("Request")
Response = TypeVar("Response")


async def ask(
    service: str,
    method: aio.UnaryUnaryMultiCallable[Request, Response],
    request: Request,
    timeout_s: float,
    *,
    retries: int = RETRIES,
) -> Response:
    """`pampax.runtime.channel.call`, with the service's name in front of an Unavailable."""
    with _naming(service):
        return await call(method, request, timeout_s=timeout_s, retries=retries, guard=_GUARDS[service])


async def ask_with_stream(
    service: str,
    method: aio.StreamUnaryMultiCallable[Request, Response],
    requests: AsyncIterator[Request],
    timeout_s: float,
) -> Response:
    """The same for `call_stream`."""
    with _naming(service):
        return await call_stream(method, requests, timeout_s=timeout_s, guard=_GUARDS[service])


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
