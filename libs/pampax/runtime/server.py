"""The gRPC server that every service runs in: built, bound, watched and drained in one place."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack

from grpc import aio
from grpc_reflection.v1alpha import reflection

from pampax.core.errors import ConfigError
from pampax.runtime.addresses import check_free
from pampax.runtime.background import Background
from pampax.runtime.diagnosis.facts import Facts, Tell
from pampax.runtime.diagnosis.service import SERVICE as DIAGNOSTICS
from pampax.runtime.diagnosis.service import Diagnosis, DiagnosticsServicer
from pampax.runtime.health import HEALTH_SERVICE, Health, Ready
from pampax.runtime.interceptors import Chain
from pampax.runtime.logging import get_logger
from pampax.runtime.process import stop_signal
from pampax.runtime.settings import Settings
from pampax.runtime.steps import Authenticator, Step, caller_token_authenticator, steps
from pampax.runtime.telemetry.exposition import Exposition, show_metrics
from pampax.runtime.telemetry.loop_lag import watch_loop_lag
from pampax.runtime.transport import SERVER_OPTIONS
from pampax.v1.diagnostics_service_pb2_grpc import add_DiagnosticsServiceServicer_to_server

# Clients need a moment to learn that they should call others; until then new calls are still answered.
LEAVE_S = {"server": 2.0, "embedded": 0.2}
# What is still running then is cut off. Kubernetes kills after 30 s: this and what comes before stays below.
GRACE_S = 20.0
CLOSE_S = 2.0

Register = Callable[[aio.Server], Sequence[str]]
Close = Callable[[], Awaitable[None]]

_log = get_logger()


async def serve(
    component: str,
    address: str,
    register: Register,
    settings: Settings,
    *,
    close: Sequence[Close] = (),
    authenticate: bool | Authenticator = True,
    ready: Ready | None = None,
    tell: Tell = Facts,
) -> None:
    """Serves until SIGTERM or SIGINT, then drains. `register` adds servicers and returns their full names.

    `close` is given in the order of building and called in reverse, at most 2 s each, also when the start fails.
    `authenticate` is True for the signed token of another service, False for none, or the service's own way.
    `tell` says what the parts of the service know of themselves, for DiagnosticsService.
    ConfigError when the address cannot be had.
    """
    stopping = stop_signal()
    async with AsyncExitStack() as parts:
        for closer in close:
            parts.push_async_callback(_close, closer)
        running = await start(component, address, register, settings, authenticate=authenticate, ready=ready, tell=tell)
        parts.push_async_callback(running.drain)
        _log.info("stopping", op="serve", signal=await stopping)
    _log.info("stopped", op="serve")


async def start(
    component: str,
    address: str,
    register: Register,
    settings: Settings,
    *,
    authenticate: bool | Authenticator = True,
    ready: Ready | None = None,
    tell: Tell = Facts,
) -> RunningServer:
    """The same without signals, for a process that has more than this server to run; the caller drains."""
    check_free(address)
    server = aio.server(interceptors=[Chain(_steps(authenticate, settings))], options=SERVER_OPTIONS)
    services = register(server)
    health = Health(services, ready)
    health.add_to(server)
    diagnosis = Diagnosis(component, settings, lambda: health.why_not, tell)
    add_DiagnosticsServiceServicer_to_server(DiagnosticsServicer(diagnosis), server)
    names = (*services, DIAGNOSTICS, HEALTH_SERVICE, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(names, server)
    port = _bind(server, address)
    metrics = show_metrics(settings, _metrics_address(component, settings))
    await health.refresh()
    await server.start()
    _log.info("serving", op="serve", service=component, address=address, port=port)
    return RunningServer(server, health, diagnosis, port, LEAVE_S[settings.mode], metrics)


class RunningServer:
    """A server that answers. The ports are those it got, which tell more than an address that says 0."""

    def __init__(
        self,
        server: aio.Server,
        health: Health,
        diagnosis: Diagnosis,
        port: int,
        leave_s: float,
        metrics: Exposition | None = None,
    ) -> None:
        self.port = port
        self.metrics_port = metrics.port if metrics else None
        self.diagnosis = diagnosis
        self._server = server
        self._health = health
        self._leave_s = leave_s
        self._metrics = metrics
        self._watching = [Background(health.watch)]
        if metrics is not None:
            self._watching.append(Background(watch_loop_lag))
        for each in self._watching:
            each.start()

    async def drain(self) -> None:
        """NOT_SERVING first, then no new calls, then the end of those that run, at the latest after GRACE_S.

        Metrics are shown until the last call has ended.
        """
        await asyncio.gather(*(each.close() for each in self._watching))
        await self._health.leave()
        await asyncio.sleep(self._leave_s)
        self._health.hang_up()
        await self._server.stop(GRACE_S)
        if self._metrics is not None:
            await asyncio.to_thread(self._metrics.close)


async def _close(closer: Close) -> None:
    try:
        async with asyncio.timeout(CLOSE_S):
            await closer()
    except TimeoutError:
        _log.warning("closing took too long and was left", op="serve", part=repr(closer))


def _steps(authenticate: bool | Authenticator, settings: Settings) -> Sequence[Step]:
    metrics = settings.telemetry.metrics
    if authenticate is False:
        return steps(None, "", metrics=metrics)
    settings.require("auth.caller_secret")
    secret = settings.auth.caller_secret
    return steps(caller_token_authenticator(secret) if authenticate is True else authenticate, secret, metrics=metrics)


def _metrics_address(component: str, settings: Settings) -> str:
    """That of the component's own section; none for a server that has no section."""
    addresses = {
        "gateway": settings.gateway.metrics_address,
        "search": settings.search.metrics_address,
        "assembly": settings.assembly.metrics_address,
        "indexing": settings.indexing.metrics_address,
    }
    return addresses.get(component, "")


def _bind(server: aio.Server, address: str) -> int:
    try:
        return server.add_insecure_port(address)
    except RuntimeError as error:
        raise ConfigError(f"cannot listen on {address}: {error}", reason="ADDRESS_NOT_FREE") from error
