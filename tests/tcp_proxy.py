"""TCP proxies on loopback that fail on command: slow, silent, reset or refused connections between two processes."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

LOOPBACK = "127.0.0.1"
CHUNK_BYTES = 64 * 1024
# For a command to the thread that runs the proxies; it does nothing else.
COMMAND_TIMEOUT_S = 10.0
# Closing a socket with this option sends RST: what was in flight is lost and the peer sees a reset.
NO_LINGER = struct.pack("ii", 1, 0)

T = TypeVar("T")


class TcpProxy:
    """Passes everything on from `port` to the target. The verbs say what happens from now on, until `heal`.

    They hold for connections that are open already as for new ones. Each may be called from any thread.
    """

    def __init__(self, proxies: TcpProxies, target_port: int, target_host: str) -> None:
        self._proxies = proxies
        self._target_port = target_port
        self._target_host = target_host
        self._server: asyncio.Server | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._delay_s = 0.0
        self._resets = False
        self._connections: set[asyncio.Task[None]] = set()
        self._origins: dict[int, int] = {}
        self.port = 0

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    def origin_of(self, port: int) -> int:
        """The port from which somebody came to us whom the target sees come from this port."""
        return self._origins[port]

    def heal(self) -> None:
        """Passes on again, with what was held back meanwhile first."""
        self._proxies.command(self._change())

    def delay(self, seconds: float) -> None:
        """Every piece of an answer comes so much later."""
        self._proxies.command(self._change(delay_s=seconds))

    def stall(self) -> None:
        """Accepts and keeps connections, and lets nothing through in either direction: a half-open peer."""
        self._proxies.command(self._change(stalls=True))

    def reset(self) -> None:
        """Open connections are reset, new ones right after they were accepted."""
        self._proxies.command(self._change(resets=True))

    def refuse(self) -> None:
        """Open connections are reset, and nobody listens."""
        self._proxies.command(self._change(listens=False))

    async def _change(
        self, *, delay_s: float = 0.0, stalls: bool = False, resets: bool = False, listens: bool = True
    ) -> None:
        self._delay_s, self._resets = delay_s, resets
        if resets or not listens:
            await self._close(listening=listens)
        if listens and self._server is None:
            await self.listen()
        if stalls:
            self._flowing.clear()
        else:
            self._flowing.set()

    async def listen(self) -> None:
        """On the same port as before, when there was one."""
        self._server = await asyncio.start_server(self._serve, LOOPBACK, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        await self._close(listening=False)

    async def _close(self, *, listening: bool) -> None:
        if not listening and self._server is not None:
            self._server.close()
            self._server = None
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        ends = [writer]
        self._connections.add(task)
        leave = _reset
        try:
            if not self._resets:
                await self._join(reader, writer, ends)
                leave = asyncio.StreamWriter.close
        except (OSError, asyncio.CancelledError):
            pass  # one end went away, or we were told to reset: both ends hear of it
        finally:
            self._connections.remove(task)
            for end in ends:
                leave(end)

    async def _join(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ends: list[asyncio.StreamWriter]
    ) -> None:
        await self._flowing.wait()
        target_reader, target_writer = await asyncio.open_connection(self._target_host, self._target_port)
        ends.append(target_writer)
        self._origins[target_writer.get_extra_info("sockname")[1]] = writer.get_extra_info("peername")[1]
        async with asyncio.TaskGroup() as both:
            both.create_task(self._pump(reader, target_writer, delayed=False))
            both.create_task(self._pump(target_reader, writer, delayed=True))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, delayed: bool) -> None:
        """Until the end, which is passed on: an exception here would end the other direction as well."""
        with suppress(OSError):
            while piece := await reader.read(CHUNK_BYTES):
                if delayed and self._delay_s:
                    await asyncio.sleep(self._delay_s)
                await self._flowing.wait()
                writer.write(piece)
                await writer.drain()
        await self._flowing.wait()
        with suppress(OSError):
            if writer.can_write_eof() and not writer.is_closing():
                writer.write_eof()


class TcpProxies:
    """A thread that runs any number of proxies. A context manager; closing it resets what is open."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxies", daemon=True)
        self._proxies: list[TcpProxy] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.command(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(COMMAND_TIMEOUT_S)
        self._loop.close()

    async def _close(self) -> None:
        """Also those who came in just now and have not been noted yet."""
        for proxy in self._proxies:
            await proxy.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def to(self, target_port: int, target_host: str = LOOPBACK) -> TcpProxy:
        """A proxy that passes on to this port, of loopback or of where a container listens."""
        proxy = TcpProxy(self, target_port, target_host)
        self.command(proxy.listen())
        self._proxies.append(proxy)
        return proxy

    def before(self, url: str) -> tuple[TcpProxy, str]:
        """A proxy to the server that the url names, and the url through it."""
        where = urlsplit(url)
        proxy = self.to(where.port or 0, where.hostname or LOOPBACK)
        userinfo, at, _ = where.netloc.rpartition("@")
        return proxy, where._replace(netloc=userinfo + at + proxy.address).geturl()

    def command(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(COMMAND_TIMEOUT_S)


def _reset(end: asyncio.StreamWriter) -> None:
    held: socket.socket | None = end.get_extra_info("socket")
    if held is not None and held.fileno() >= 0:
        with suppress(OSError):
            held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    end.transport.abort()
