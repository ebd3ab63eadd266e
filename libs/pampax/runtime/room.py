"""How many calls a server holds at a time. More than it can work on would only wait in it, each with its memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pampax.core.errors import ResourceExhausted

if TYPE_CHECKING:  # it is one of those steps
    from pampax.runtime.steps import Proceed, Rpc

MAX_CONCURRENT_RPCS = 1_000
RETRY_AFTER_S = 1.0
# Whoever asks how the server is must be answered however busy it is. (The health service passes by all steps.)
_ALWAYS_ANSWERED = "/pampax.v1.DiagnosticsService/"


class Room:
    """A step that refuses what is too much, before it costs anything."""

    def __init__(self, most: int = MAX_CONCURRENT_RPCS) -> None:
        self._most = most
        self._inside = 0

    async def __call__(self, rpc: Rpc, proceed: Proceed) -> object:
        if rpc.method.startswith(_ALWAYS_ANSWERED):
            return await proceed()
        if self._inside >= self._most:
            raise ResourceExhausted(
                f"this server works on {self._most} calls already; try again in a second, or run more replicas",
                reason="SERVER_BUSY",
                retry_after_s=RETRY_AFTER_S,
            )
        self._inside += 1
        try:
            return await proceed()
        finally:
            self._inside -= 1
