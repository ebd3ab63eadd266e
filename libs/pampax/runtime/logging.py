"""Logs: one line of JSON per event on stderr, the same form for our own events and those of libraries.

    {"time": ..., "level": ..., "component": ..., "op": ..., "corr_id": ..., "trace_id": ..., "tenant": ..., "msg": ...,
     and what belongs to the event: duration_ms, status, err_code, err_kind and others}

`msg` of our own events is declared in `pampax.runtime.telemetry.names`. Lines carry no source text and no secrets:
fields that would are never passed, and a name or address that gives one away is masked here as well.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from contextlib import suppress
from typing import TextIO, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from pampax.runtime.context import corr_id, tenant, trace_id

MASK = "[redacted]"

_FIRST = ("time", "level", "component", "op", "corr_id", "trace_id", "tenant", "msg")
_SECRET_FIELDS = frozenset({
    "api_key", "authorization", "caller_secret", "content", "dsn", "key_pepper", "pampax-caller", "password", "query",
    "secret", "text", "token",
})  # fmt: skip
_URL_PASSWORD = re.compile(r"(://[^\s:/@]*):[^\s/@]+@")
# Libraries that tell of every request at info.
_CHATTY = ("httpx", "httpcore", "hpack", "asyncio", "mcp")
# It warns of each of its attempts to connect; we tell once that the database is away, and once that it is back.
_REPEATED = ("psycopg.pool",)


def configure_logging(component: str, level: str = "info", fmt: str = "json") -> None:
    """Sets up structlog and stdlib logging for this process; the last call holds. `fmt` is json or console."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.stdlib.add_log_level,
        structlog.processors.format_exc_info if fmt == "json" else _keep,
        structlog.processors.EventRenamer("msg"),
        _Common(component),
        _mask,
    ]
    console = structlog.dev.ConsoleRenderer(event_key="msg", timestamp_key="time")
    renderer: Processor = _render_json if fmt == "json" else console
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=_write_to_stderr,
        cache_logger_on_first_use=False,
    )
    _configure_libraries(number, shared, renderer)


def take_stray_output() -> None:
    """Warnings and what ends a thread become lines too. For a whole process: both are kept in one place in it."""
    logging.captureWarnings(capture=True)
    threading.excepthook = _tell_of_thread


def get_logger() -> FilteringBoundLogger:
    """A logger that looks the configuration up when it speaks, so that modules may hold one from import on."""
    return cast("FilteringBoundLogger", structlog.get_logger())


def _tell_of_thread(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_type is not SystemExit:
        name = failed.thread.name if failed.thread else ""
        get_logger().error("a thread failed", op="main", thread=name, exc_info=failed.exc_value)


def _configure_libraries(level: int, shared: list[Processor], renderer: Processor) -> None:
    remove_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler = _StderrHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[remove_meta, renderer])
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    for name in _REPEATED:
        logging.getLogger(name).setLevel(logging.ERROR)


def _write_to_stderr(*_: object) -> structlog.WriteLogger:
    return structlog.WriteLogger(cast("TextIO", _STDERR))


class _Stderr:
    """Whatever sys.stderr is when something is said; it may have been redirected since.

    A line that cannot be written is lost: what was going to say it must go on, a full disk or not.
    """

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.flush()


_STDERR = _Stderr()


class _StderrHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        _write_to_stderr().msg(self.format(record))


class _Common:
    """Adds what every line has and puts it first."""

    def __init__(self, component: str) -> None:
        self._component = component

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["component"] = self._component
        event.setdefault("corr_id", corr_id.get())
        event.setdefault("trace_id", trace_id())
        event.setdefault("tenant", tenant.get())
        record = event.get("_record")  # present when a library spoke through stdlib logging
        event.setdefault("op", record.name if record else "")
        return {**{name: event.pop(name) for name in _FIRST if name in event}, **event}


def _mask(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name, value in event.items():
        if name in _SECRET_FIELDS:
            event[name] = MASK
        elif isinstance(value, str) and "://" in value:
            event[name] = _URL_PASSWORD.sub(rf"\1:{MASK}@", value)
    return event


def _render_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return json.dumps(event, default=str, ensure_ascii=False)


def _keep(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return event
