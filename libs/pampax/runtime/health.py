"""grpc.health.v1 with two meanings: "" is liveness, the name of each service is its readiness."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from pampax.core.errors import PampaxError
from pampax.runtime.logging import get_logger

Ready = Callable[[], Awaitable[bool]]

HEALTH_SERVICE: str = health.SERVICE_NAME

_PERIOD_S = 1.0
# A part that needs longer to say that it is well is not.
_ANSWER_WITHIN_S = 2.0
_TELL_WITHIN_S = 1.0

_log = get_logger()


class Health:
    """The health service of one server. Services are not ready until `refresh` has asked for the first time."""

    def __init__(self, services: Sequence[str], ready: Ready | None) -> None:
        self._services = tuple(services)
        self._ready = ready
        self._servicer = _Servicer()
        self._said: str | None = None

    @property
    def why_not(self) -> str:
        """Why the services are not ready, as last found out; empty when they are."""
        return "it has just started" if self._said is None else self._said

    def add_to(self, server: aio.Server) -> None:
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)

    async def refresh(self) -> bool:
        """Asks once whether the services can work, publishes the answer and logs it when it is another than before."""
        why_not = await self._ask()
        state = health_pb2.HealthCheckResponse.NOT_SERVING if why_not else health_pb2.HealthCheckResponse.SERVING
        for service in self._services:
            await self._servicer.set(service, state)
        if why_not != self._said:
            _log.warning("not ready", op="health", why=why_not) if why_not else _log.info("ready", op="health")
        self._said = why_not
        return not why_not

    async def watch(self) -> None:
        """Refreshes every second until cancelled."""
        while True:
            await asyncio.sleep(_PERIOD_S)
            await self.refresh()

    async def leave(self) -> None:
        """Everything is NOT_SERVING from here on, and those who watch are told."""
        with suppress(TimeoutError):  # someone who watches and does not read must not hold up the end
            async with asyncio.timeout(_TELL_WITHIN_S):
                await self._servicer.enter_graceful_shutdown()

    def hang_up(self) -> None:
        """Ends the streams of those who watch; they would hold the server up as long as they live."""
        self._servicer.closing.set()

    async def _ask(self) -> str:
        """Why the services are not ready; empty when they are."""
        if self._ready is None:
            return ""
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                return "" if await self._ready() else "the service says so"
        except PampaxError as error:
            return error.message
        except TimeoutError:
            return f"no answer within {_ANSWER_WITHIN_S:g} s to whether it can work"
        except Exception as error:  # noqa: BLE001 - whatever it is, the service is not ready, and the next second may differ
            return f"{type(error).__name__}: {error}"


class _Servicer(health.aio.HealthServicer):  # type: ignore[misc]  # the package has no type stubs
    def __init__(self) -> None:
        super().__init__()
        self.closing = asyncio.Event()

    async def Watch(  # noqa: N802 - the name is the protocol's
        self, request: health_pb2.HealthCheckRequest, context: aio.ServicerContext[object, object]
    ) -> None:
        watching = asyncio.ensure_future(super().Watch(request, context))
        closing = asyncio.ensure_future(self.closing.wait())
        try:
            await asyncio.wait({watching, closing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            watching.cancel()
            closing.cancel()
            await asyncio.gather(watching, closing, return_exceptions=True)
