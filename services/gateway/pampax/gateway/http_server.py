"""The HTTP server: uvicorn inside the process's own loop, without signal handlers of its own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from pampax.core.errors import ConfigError
from pampax.gateway.http_protocol import HttpProtocol
from pampax.runtime.addresses import check_free, split_address

_BACKLOG = 1024
_KEEP_ALIVE_S = 75
# What is still running then is cut off; gRPC has as long.
_GRACE_S = 20


class HttpServer:
    """Binds when it is made, so that an address that is taken is found before anything else starts."""

    def __init__(self, app: ASGIApp, address: str) -> None:
        check_free(address)
        self._socket = _bound(address)
        self.port: int = self._socket.getsockname()[1]
        self._server = _Server(
            uvicorn.Config(
                app,
                http=HttpProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                # A pipelined request would start with the deadline and the caller of the one before it.
                reset_contextvars=True,
                backlog=_BACKLOG,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns when it listens; raises what kept it from doing so."""
        self._serving = asyncio.create_task(self._server.serve([self._socket]))
        listening = asyncio.create_task(self._server.listening.wait())
        await asyncio.wait((self._serving, listening), return_when=asyncio.FIRST_COMPLETED)
        if self._serving.done():
            listening.cancel()
            await self._serving

    async def drain(self) -> None:
        """No new connections, then the end of requests that run, at the latest after the grace period."""
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving
        self._socket.close()


class _Server(uvicorn.Server):
    """uvicorn's, except that signals stay with the process and that it tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _bound(address: str) -> socket.socket:
    host, port = split_address(address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigError(f"cannot listen on {address}: {error.strerror}", reason="ADDRESS_NOT_FREE") from error
    return listener
