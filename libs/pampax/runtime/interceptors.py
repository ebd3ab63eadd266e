"""Puts the steps around every servicer's method: one interceptor for all four kinds of call.

Health and reflection belong to the transport: they need no caller, live as long as they like and pass by.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any, TypeAlias

import grpc
from google.protobuf.message import DecodeError
from grpc import aio

from pampax.core.errors import Cancelled, InvalidRequest
from pampax.runtime.steps import Context, Proceed, Rpc, Step

Deserializer: TypeAlias = Callable[[bytes], object]

# How long a client may take nothing of a stream.
SEND_S = 30.0
_PASS_BY = ("/grpc.health.", "/grpc.reflection.")


class Chain(aio.ServerInterceptor):
    """The one interceptor that a server has: runs the steps around each servicer's method."""

    def __init__(self, chain: Sequence[Step]) -> None:
        self._steps = tuple(reversed(chain))

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or method.startswith(_PASS_BY):
            return handler
        return self._around(handler, method)

    def _around(self, handler: grpc.RpcMethodHandler[Any, Any], method: str) -> grpc.RpcMethodHandler[Any, Any]:
        kind = f"{_count(handler.request_streaming)}_{_count(handler.response_streaming)}"
        streaming = handler.request_streaming or handler.response_streaming
        body = partial(_send_all if handler.response_streaming else _answer, getattr(handler, kind))
        decode = partial(_decoded_each if handler.request_streaming else _decoded, handler.request_deserializer)

        async def run(request: Any, servicer_context: Context) -> object:  # noqa: ANN401 - bytes, or a stream of them
            rpc = Rpc(method, streaming, servicer_context)

            async def answer() -> object:
                return await body(decode(request), servicer_context)

            proceed: Proceed = answer
            for step in self._steps:
                proceed = partial(step, rpc, proceed)
            return await proceed()

        build: Callable[..., grpc.RpcMethodHandler[Any, Any]] = getattr(grpc, f"{kind}_rpc_method_handler")
        # Decoded inside the steps: left to grpc, bytes that are no message are answered with an unknown error.
        return build(run, request_deserializer=None, response_serializer=handler.response_serializer)


def _decoded(deserializer: Deserializer | None, message: bytes) -> object:
    if deserializer is None:
        return message
    try:
        return deserializer(message)
    except DecodeError as error:
        raise InvalidRequest(
            "the message cannot be decoded; check that it is of the method's request type, and that both sides run the "
            "same version",
            reason="MALFORMED_MESSAGE",
        ) from error


async def _decoded_each(deserializer: Deserializer | None, messages: AsyncIterator[bytes]) -> AsyncIterator[object]:
    async for message in messages:
        yield _decoded(deserializer, message)


async def _answer(behaviour: Callable[..., object], request: object, servicer_context: Context) -> object:
    result = behaviour(request, servicer_context)
    return await result if inspect.isawaitable(result) else result


async def _send_all(behaviour: Callable[..., object], request: object, servicer_context: Context) -> None:
    """Writes here instead of yielding to grpc, so that a deadline that passes while sending is answered as one."""
    result = behaviour(request, servicer_context)
    if isinstance(result, AsyncGenerator):
        async with aclosing(result):
            async for message in result:
                await _write(message, servicer_context)
    elif inspect.isawaitable(result):
        await result


async def _write(message: object, servicer_context: Context) -> None:
    """Cancelled for a client that takes nothing: what is held for it must not be held for as long as it likes."""
    try:
        async with asyncio.timeout(SEND_S) as limit:
            await servicer_context.write(message)
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise Cancelled(f"the client took nothing of its answer for {SEND_S:g} s") from error


def _count(streaming: bool) -> str:
    return "stream" if streaming else "unary"
