"""The protocol on standard input and output, until the input ends."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterable
from typing import Protocol

import anyio
from anyio.abc import ObjectSendStream
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage
from mcp_types import INVALID_REQUEST, PARSE_ERROR, ErrorData, JSONRPCError
from pydantic import ValidationError

from pampax.cli.mcp.rest_services import RestServices
from pampax.client.client import Client
from pampax.mcp.server import build_server
from pampax.runtime.logging import configure_logging


def serve(client: Client) -> None:
    """Nothing but messages goes to standard output; what anything else writes there goes to standard error."""
    configure_logging("mcp", "warning")
    # A thread waits for the next line and cannot be told to stop: an interrupt ends the process, which holds nothing.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    asyncio.run(_serve(client))


class Answers(Protocol):
    """Where the other side reads."""

    async def send(self, item: SessionMessage, /) -> None: ...


async def _serve(client: Client) -> None:
    server = build_server(RestServices(client))
    passed, messages = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    async with stdio_server() as (read, write), anyio.create_task_group() as tasks:
        tasks.start_soon(relay, read, passed, write)
        await server.run(messages, write, server.create_initialization_options())
        tasks.cancel_scope.cancel()


async def relay(
    lines: AsyncIterable[SessionMessage | Exception],
    messages: ObjectSendStream[SessionMessage | Exception],
    answers: Answers,
) -> None:
    """Passes messages on until the lines end. A line that is none gets an answer here: the server below passes over it,
    and an agent would wait for ever."""
    async with messages:
        async for line in lines:
            if not isinstance(line, ValidationError):
                await messages.send(line)
            elif not _blank(line):
                await answers.send(SessionMessage(refusal(line)))


def refusal(error: ValidationError) -> JSONRPCError:
    """For the request with its id where one was read, and never with its text."""
    mistakes = error.errors(include_url=False)
    if any(each["type"] == "json_invalid" for each in mistakes):
        return _error(None, PARSE_ERROR, "the line is no JSON; send each message as one line of JSON in UTF-8")
    ids = (each["input"].get("id") for each in mistakes if isinstance(each["input"], dict))
    known = next((each for each in ids if isinstance(each, int | str) and not isinstance(each, bool)), None)
    told = 'the line is no message: send one JSON object with jsonrpc "2.0", an id, a method and an object of params'
    return _error(known, INVALID_REQUEST, told)


def _blank(error: ValidationError) -> bool:
    return all(isinstance(each["input"], str) and not each["input"].strip() for each in error.errors())


def _error(request: int | str | None, code: int, told: str) -> JSONRPCError:
    return JSONRPCError(jsonrpc="2.0", id=request, error=ErrorData(code=code, message=told))
