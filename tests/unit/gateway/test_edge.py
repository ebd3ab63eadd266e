"""What the edge hands on of a request that it has authenticated."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from starlette.types import Message, Receive, Scope, Send

from pampax.core.identity import Caller, Role
from pampax.gateway.deadline import checking_the_key, within
from pampax.gateway.rest.edge import Edge
from pampax.runtime.context import remaining_s

KEY_TAKES_S = 0.05


class SlowKeys:
    """Finds every key, and takes no less than `KEY_TAKES_S` for it."""

    async def authenticate(self, _authorization: str) -> Caller:
        async with checking_the_key():
            await asyncio.sleep(KEY_TAKES_S)
            return Caller(uuid4(), uuid4(), Role.READER)


async def test_the_time_that_a_key_takes_counts_towards_the_requests() -> None:
    left: list[float] = []

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        async with within(10.0):
            left.append(remaining_s() or 0.0)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def receive() -> Message:
        await asyncio.Event().wait()  # the client stays
        raise AssertionError

    async def send(_message: Message) -> None:
        pass

    edge = Edge(app, SlowKeys(), "00" * 32, metrics=False)  # type: ignore[arg-type]  # all that the edge asks of keys
    await edge({"type": "http", "method": "GET", "path": "/v1/operations", "headers": []}, receive, send)

    assert 0 < left[0] <= 10.0 - KEY_TAKES_S
