"""Reading a request's body: never more than its bound, as sent and when inflated."""

from __future__ import annotations

import asyncio
import zlib

from starlette.types import Receive

from pampax.core.errors import Cancelled, DeadlineExceeded, InvalidRequest, TooLarge
from pampax.gateway import bounds

_GZIP_WINDOW = 16 + zlib.MAX_WBITS
# Inflating less than this takes no longer than handing it to a thread.
_INFLATE_HERE_BYTES = 64 * 1024
# The library copies what is left of the body behind each member: time grows with their number times the size.
_MOST_MEMBERS = 64


async def read_body(receive: Receive, headers: dict[str, str], *, upload: bool) -> bytes:
    """The whole body, inflated. TooLarge, InvalidRequest for a bad encoding, Cancelled when the client left."""
    most = bounds.UPLOAD_BODY_BYTES if upload else bounds.BODY_BYTES
    inflated = bounds.INFLATED_UPLOAD_BYTES if upload else bounds.BODY_BYTES
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        raise InvalidRequest("content-encoding must be gzip, or absent", reason="ENCODING_UNKNOWN")
    declared = headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > most:
        raise _too_large(most)
    limit_s = bounds.UPLOAD_S if upload else bounds.OTHER_S
    try:
        async with asyncio.timeout(limit_s):
            body = await _received(receive, most)
    except TimeoutError as error:
        raise DeadlineExceeded(f"the body did not arrive within {limit_s:g} s; send it in smaller parts") from error
    if encoding == "identity":
        return body
    if len(body) < _INFLATE_HERE_BYTES:
        return inflate(body, inflated)
    return await asyncio.to_thread(inflate, body, inflated)


def inflate(body: bytes, most: int) -> bytes:
    """A gzip body of a few members; it stops as soon as it would exceed `most` bytes."""
    parts: list[bytes] = []
    room = most
    while body:
        if len(parts) == _MOST_MEMBERS:
            raise _malformed(f"has more than {_MOST_MEMBERS} members")
        member = zlib.decompressobj(_GZIP_WINDOW)
        try:
            part = member.decompress(body, room + 1)
        except zlib.error as error:
            raise _malformed() from error
        room -= len(part)
        if room < 0:
            raise _too_large(most, "inflated ")
        if not member.eof:
            raise _malformed()
        parts.append(part)
        body = member.unused_data
    return b"".join(parts)


async def _received(receive: Receive, most: int) -> bytes:
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        return _bounded(message.get("body", b""), most)
    parts = bytearray()
    while True:
        if message["type"] == "http.disconnect":
            raise Cancelled("the client left before its request was complete")
        parts += message.get("body", b"")
        if len(parts) > most:
            raise _too_large(most)
        if not message.get("more_body"):
            return bytes(parts)
        message = await receive()


def _bounded(body: bytes, most: int) -> bytes:
    if len(body) > most:
        raise _too_large(most)
    return body


def _too_large(most: int, what: str = "") -> TooLarge:
    return TooLarge(f"the {what}body is larger than {most} bytes; send it in smaller parts", reason="BODY_TOO_LARGE")


def _malformed(why: str = "is not valid gzip, or ends too early") -> InvalidRequest:
    return InvalidRequest(f"the body {why}", reason="MALFORMED_GZIP")
