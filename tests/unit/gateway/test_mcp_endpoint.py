"""The endpoint of agents as an ASGI application: what becomes of an answer that nobody takes."""

import asyncio
import json
from dataclasses import fields

import pytest

from pampax.core.errors import Cancelled, DeadlineExceeded
from pampax.gateway import bounds
from pampax.gateway.mcp.endpoint import McpEndpoint
from pampax.gateway.use_cases import UseCases

# No tool is called here.
NO_USE_CASES = UseCases(*(None for _ in fields(UseCases)))  # type: ignore[arg-type]
SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/mcp",
    "query_string": b"",
    "headers": [(b"content-type", b"application/json"), (b"accept", b"application/json, text/event-stream")],
}


def messages():
    """A request for the list of tools, and then a client that stays."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).encode()
    asked = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive():
        message = next(asked, None)
        return message or await asyncio.Event().wait()

    return receive


async def never(_message):
    await asyncio.Event().wait()


async def test_a_client_that_takes_nothing_is_left(monkeypatch):
    monkeypatch.setattr(bounds, "SEND_S", 0.05)
    endpoint = McpEndpoint(NO_USE_CASES, lambda: False)
    async with endpoint.running():
        with pytest.raises(Cancelled, match="took nothing of its answer"):
            await endpoint(dict(SCOPE), messages(), never)


async def test_an_exchange_ends_at_its_deadline(monkeypatch):
    monkeypatch.setattr(bounds, "MCP_S", 0.05)
    endpoint = McpEndpoint(NO_USE_CASES, lambda: False)
    async with endpoint.running():
        with pytest.raises(DeadlineExceeded, match="ask without waiting"):
            await endpoint(dict(SCOPE), messages(), never)


async def test_one_after_another_is_answered():
    endpoint = McpEndpoint(NO_USE_CASES, lambda: False)
    async with endpoint.running():
        for _ in range(3):
            sent = []

            async def send(message, sent=sent):
                sent.append(message)

            await endpoint(dict(SCOPE), messages(), send)
            assert b"search_code" in b"".join(message.get("body", b"") for message in sent)
