"""The protocol on standard input and output, until the input ends."""

from __future__ import annotations

import asyncio
import signal

from mcp.server.stdio import stdio_server

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


async def _serve(client: Client) -> None:
    server = build_server(RestServices(client))
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())
