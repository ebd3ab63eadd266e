"""Server-sent events of an operation: its states as they change, until it has ended."""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing

import msgspec
from google.longrunning.operations_pb2 import Operation
from starlette.responses import Response, StreamingResponse

from pampax.gateway import bounds
from pampax.gateway.operations import state_of
from pampax.gateway.rest.repository_answers import operation_json

MEDIA_TYPE = "text/event-stream"
# When a client that lost its connection comes back: at once, to another process perhaps.
_RETRY_MS = 1_000
# Told to whatever stands between: do not keep, do not wait for more.
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class EventStream(StreamingResponse):
    """What the document says of the answer."""

    media_type = MEDIA_TYPE


async def event_stream(looks: AsyncGenerator[Operation], last_event_id: str, draining: Callable[[], bool]) -> Response:
    """The stream; 204, which tells a browser not to come back, when all was told already. What is wrong with the first
    look is raised here, while it can still be answered as a problem."""
    first = await anext(looks)
    if first.done and event_id(first) == last_event_id:
        await looks.aclose()
        return Response(status_code=204)
    events = _events(first, looks, last_event_id, draining)
    return EventStream(events, headers=HEADERS)


def event_id(operation: Operation) -> str:
    """The same in every process: a client may ask another one after a break."""
    return hashlib.blake2b(state_of(operation), digest_size=8).hexdigest()


async def _events(
    first: Operation, looks: AsyncGenerator[Operation], told: str, draining: Callable[[], bool]
) -> AsyncIterator[bytes]:
    async with aclosing(looks):
        yield b"retry: %d\n\n" % _RETRY_MS
        found, heard = first, time.monotonic()
        while True:
            state = event_id(found)
            if state != told:
                told, heard = state, time.monotonic()
                yield _event(state, found)
            elif time.monotonic() - heard >= bounds.WATCH_SILENCE_S:
                heard = time.monotonic()
                yield b": still there\n\n"
            if found.done or draining():
                return
            following = await anext(looks, None)
            if following is None:
                return
            found = following


def _event(state: str, operation: Operation) -> bytes:
    data = msgspec.json.encode(operation_json(operation))
    return b"id: %s\nevent: operation\ndata: %s\n\n" % (state.encode(), data)
