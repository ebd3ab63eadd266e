"""/mcp: one POST, one message, answered by any replica. The edge around it has read the body and knows the caller."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from pampax.core.errors import Cancelled, DeadlineExceeded
from pampax.gateway import bounds
from pampax.gateway.mcp.own_services import OwnServices
from pampax.gateway.use_cases import UseCases
from pampax.mcp.server import build_server

PATH = "/mcp"


class McpEndpoint:
    """An ASGI application, which works inside `running`.

    Requests are not looked at for where a page that sent them comes from: nobody gets here without a key, which no page
    of somebody else has.
    """

    def __init__(self, use_cases: UseCases, leaving: Callable[[], bool]) -> None:
        self._manager = StreamableHTTPSessionManager(
            build_server(OwnServices(use_cases, leaving)), stateless=True, max_request_body_size=bounds.BODY_BYTES
        )
        # POST alone: a stream that a client opened by GET would never have anything to tell.
        self.route = Route(PATH, self, methods=["POST"], name="mcp")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """To be entered once. The library's part runs in a task of its own: it would wrap what fails beside it."""
        begun, over = asyncio.Event(), asyncio.Event()

        async def run() -> None:
            async with self._manager.run():
                begun.set()
                await over.wait()

        running = asyncio.create_task(run())
        await begun.wait()
        try:
            yield
        finally:
            over.set()
            await running

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What is not answered in `MCP_S` in all ends; so does a client that takes nothing of its answer for
        `SEND_S`."""
        scope["route"] = self.route  # by its name the edge counts and logs; the framework tells of its own routes only
        stalled = False

        async def send_in_time(message: Message) -> None:
            nonlocal stalled
            try:
                async with asyncio.timeout(bounds.SEND_S):
                    await send(message)
            except TimeoutError:
                stalled = True
                raise

        try:
            async with asyncio.timeout(bounds.MCP_S) as limit:
                await self._manager.handle_request(scope, receive, send_in_time)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise DeadlineExceeded(f"no answer within {bounds.MCP_S:g} s; ask without waiting") from error
        finally:
            # The library may have told its log alone.
            if stalled:
                raise Cancelled(f"the client took nothing of its answer for {bounds.SEND_S:g} s")
