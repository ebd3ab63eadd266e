"""A process from its first line to its exit code."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from pampax.core.errors import Internal, PampaxError
from pampax.runtime.configuration.flags import read_flags
from pampax.runtime.configuration.load import Loaded, load
from pampax.runtime.logging import configure_logging, get_logger, take_stray_output
from pampax.runtime.settings import Settings
from pampax.runtime.telemetry.tracing import configure_tracing

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def main(component: str, run: Callable[[Settings], Coroutine[Any, Any, None]]) -> NoReturn:
    """Loads settings, sets logging up, runs and exits: 0, or the exit code of the error, which is said on stderr.

    The flags of the command line are settings (`pampax.runtime.configuration.flags`). A user's mistake gets its message
    and nothing else; what nobody foresaw is logged with its traceback (exit 6).
    """
    sys.exit(_run(component, run))


def stop_signal() -> asyncio.Future[str]:
    """Done at the first SIGTERM or SIGINT, with its name; the second has its usual effect and ends the process."""
    loop = asyncio.get_running_loop()
    received: asyncio.Future[str] = loop.create_future()

    def receive(number: signal.Signals) -> None:
        for each in _STOP_SIGNALS:
            loop.remove_signal_handler(each)
        if not received.done():
            received.set_result(number.name)

    for number in _STOP_SIGNALS:
        loop.add_signal_handler(number, receive, number)
    return received


async def wait_for_signal() -> str:
    """The same as awaiting `stop_signal()`, for a process that need not listen while it starts."""
    return await stop_signal()


def begin_logging(component: str, loaded: Loaded) -> None:
    """Sets logging up as the settings say, and tells what is doubtful about their file."""
    configure_logging(component, loaded.settings.log.level, loaded.settings.log.format)
    take_stray_output()
    for warning in loaded.warnings:
        get_logger().warning("doubtful setting", op="settings", detail=warning)


def _run(component: str, run: Callable[[Settings], Coroutine[Any, Any, None]]) -> int:
    try:
        loaded = load(read_flags(sys.argv[1:], f"python -m pampax.{component}"))
        settings = loaded.settings
        begin_logging(component, loaded)
        stop_tracing = configure_tracing(component, settings.telemetry)
        try:
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(run(settings))
        finally:
            stop_tracing()
    except PampaxError as error:
        for line in error.message.splitlines():
            sys.stderr.write(f"pampax {component}: {line}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Exception as error:  # noqa: BLE001 - the process ends here; exit code 1 is never used
        get_logger().error("the process failed", op="main", exc_info=error)
        return Internal.exit_code
    return 0


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop answers about a seventh more calls a second; it does not exist on every platform."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
