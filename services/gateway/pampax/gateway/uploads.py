"""Use cases that take a tree from a client: a manifest, then the blobs that are missing, one message at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from pampax.core.errors import InvalidRequest, PampaxError, TooLarge
from pampax.gateway import bounds, checks
from pampax.gateway.behind import INDEXING, ask_with_stream
from pampax.gateway.deadline import within
from pampax.v1.indexing_service_pb2 import (
    CreateUploadRequest,
    CreateUploadResponse,
    UploadBlobsRequest,
    UploadBlobsResponse,
    UploadScipRequest,
    UploadScipResponse,
)

if TYPE_CHECKING:  # the generated code has this class for type checkers only
    from pampax.v1.indexing_service_pb2_grpc import IndexingServiceAsyncStub

Sent = TypeVar("Sent")
Answer = TypeVar("Answer")


class Uploads:
    """Checks every message before it goes on."""

    def __init__(self, indexing: IndexingServiceAsyncStub) -> None:
        self._indexing = indexing

    async def create(self, messages: AsyncIterator[CreateUploadRequest]) -> CreateUploadResponse:
        async with within(bounds.UPLOAD_S):
            head = await _first(messages)
            checks.check_upload_head(head)
            checked = _Checked(head, messages, _manifest_check())
            return await checked.sent(
                ask_with_stream(INDEXING, self._indexing.CreateUpload, checked.each(), bounds.UPLOAD_S)
            )

    async def send_blobs(self, messages: AsyncIterator[UploadBlobsRequest]) -> UploadBlobsResponse:
        async with within(bounds.UPLOAD_S):
            head = await _first(messages)
            checks.check_blobs_head(head)
            checked = _Checked(head, messages, lambda message: checks.check_blobs(message.blobs))
            return await checked.sent(
                ask_with_stream(INDEXING, self._indexing.UploadBlobs, checked.each(), bounds.UPLOAD_S)
            )

    async def send_scip(self, messages: AsyncIterator[UploadScipRequest]) -> UploadScipResponse:
        async with within(bounds.UPLOAD_S):
            head = await _first(messages)
            checks.check_scip_head(head)
            checked = _Checked(head, messages, lambda message: checks.check_scip_files(message.files))
            return await checked.sent(
                ask_with_stream(INDEXING, self._indexing.UploadScip, checked.each(), bounds.UPLOAD_S)
            )


async def _first(messages: AsyncIterator[Sent]) -> Sent:
    async for message in messages:
        return message
    raise InvalidRequest("the stream is empty; its first message names what it is for")


def _manifest_check() -> Callable[[CreateUploadRequest], None]:
    seen = 0

    def check(message: CreateUploadRequest) -> None:
        nonlocal seen
        checks.check_entries(message.entries, seen)
        seen += len(message.entries)
        if seen > bounds.MANIFEST_ENTRIES:
            raise TooLarge(
                f"the manifest has more than {bounds.MANIFEST_ENTRIES} files; leave some out with `exclude`",
                reason="MANIFEST_TOO_LARGE",
            )

    return check


class _Checked(Generic[Sent]):
    """A stream that ends with the first message that is refused; grpc would lose what was wrong with it."""

    def __init__(self, head: Sent, rest: AsyncIterator[Sent], check: Callable[[Sent], None]) -> None:
        self._head = head
        self._rest = rest
        self._check = check
        self._refusal: PampaxError | None = None

    async def each(self) -> AsyncIterator[Sent]:
        try:
            self._check(self._head)
            yield self._head
            async for message in self._rest:
                self._check(message)
                yield message
        except PampaxError as error:
            self._refusal = error
            raise

    async def sent(self, answer: Awaitable[Answer]) -> Answer:
        """The answer to the stream, or the refusal that cut it off: grpc turns that into a cancelled call."""
        try:
            return await answer
        except (PampaxError, asyncio.CancelledError):
            if self._refusal is not None:
                raise self._refusal from None
            raise
