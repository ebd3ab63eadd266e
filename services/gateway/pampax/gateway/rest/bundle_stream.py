"""A bundle in parts: a line of JSON for each, or a server-sent event. What fails later is the last of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import msgspec
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from pampax.core.errors import Cancelled, PampaxError
from pampax.gateway import bounds
from pampax.gateway.rest import event_stream
from pampax.gateway.rest.answers import part_json
from pampax.gateway.rest.problems import note_failure, problem, unexpected
from pampax.runtime.logging import get_logger
from pampax.v1.assembly_service_pb2 import BundlePart

LINES = "application/x-ndjson"
EVENTS = event_stream.MEDIA_TYPE
_WHOLE = ("application/json", "application/*", "*/*")

_log = get_logger()


def wanted_stream(accept: str) -> str | None:
    """The media type of the stream that a client asks for before anything else; None for the bundle in one piece."""
    for part in accept.split(","):
        kind = part.partition(";")[0].strip().lower()
        if kind in (LINES, EVENTS):
            return kind
        if kind in _WHOLE:
            return None
    return None


async def bundle_stream(parts: AsyncGenerator[BundlePart], media_type: str, *, markdown: bool) -> Response:
    """What is wrong with the request is raised here, while it can still be answered as a problem."""
    first = await anext(parts)
    return _PartStream(first, parts, media_type, markdown=markdown)


class _PartStream(StreamingResponse):
    """Ends the work when the client leaves, or takes nothing for `SEND_S`."""

    def __init__(
        self, first: BundlePart, parts: AsyncGenerator[BundlePart], media_type: str, *, markdown: bool
    ) -> None:
        self._parts = parts
        self._markdown = markdown
        self._write = _line if media_type == LINES else _event
        self._scope: Scope = {}
        super().__init__(self._written(first), media_type=media_type, headers=event_stream.HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope

        async def send_in_time(message: Message) -> None:
            try:
                async with asyncio.timeout(bounds.SEND_S) as limit:
                    await send(message)
            except TimeoutError as error:
                if not limit.expired():
                    raise
                raise Cancelled(f"the client took nothing of its answer for {bounds.SEND_S:g} s") from error

        async with aclosing(self._parts):
            await super().__call__(scope, receive, send_in_time)

    async def _written(self, first: BundlePart) -> AsyncIterator[bytes]:
        yield self._write(part_json(first, markdown=self._markdown))
        try:
            async for part in self._parts:
                yield self._write(part_json(part, markdown=self._markdown))
        except PampaxError as error:
            note_failure(self._scope, error)
            yield self._write({"error": problem(error)})
        except Exception as error:  # noqa: BLE001 - the answer has begun: this is the last place that can tell
            _log.error("unexpected error", op="stream_bundle", exc_info=error)
            failure = unexpected()
            note_failure(self._scope, failure)
            yield self._write({"error": problem(failure)})


def _line(document: dict[str, Any]) -> bytes:
    return msgspec.json.encode(document) + b"\n"


def _event(document: dict[str, Any]) -> bytes:
    """Named as the one key of the document, whose value is the data."""
    ((name, data),) = document.items()
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(data))
