"""Spans: which piece of work belongs to which request, through services, the queue, Postgres and Redis.

    with entry_span(method, "server", {...}, parent=traceparent):     # a request, call or run comes in
        with span("search.rank", candidates=120) as rank:             # a piece of its work, declared in names.SPANS
            rank.set(results=10)

Off, which is the default, a span is one shared object that does nothing and no SDK is loaded; the W3C trace context of
`pampax.runtime.context` passes through all the same. On, a span costs about 50 microseconds of processor time, sending
included, so they are few: calls, stages, transactions; and only work inside a request has any.

The spans are our own instead of the instrumentation packages'; docs/adr/0007 says what was tried and why not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

from pampax.core.errors import PampaxError
from pampax.runtime import context

if TYPE_CHECKING:  # loaded when tracing is on, and only then
    from opentelemetry import trace

    from pampax.runtime.settings import TelemetrySettings
    from pampax.runtime.telemetry.otlp import Tracing

Value: TypeAlias = str | bool | int | float
Kind: TypeAlias = Literal["internal", "server", "client", "producer", "consumer"]
# Before the names of our own attributes; the others are those of the OpenTelemetry conventions.
OWN = "pampax."

_tracing: Tracing | None = None
_current: ContextVar[trace.Span | None] = ContextVar("span", default=None)


def configure_tracing(component: str, settings: TelemetrySettings) -> Callable[[], None]:
    """Once per process, in a worker's child after the fork. What it returns sends what is left, in 2 s at most."""
    global _tracing
    if not settings.otlp_endpoint:
        return _nothing
    from pampax.runtime.telemetry.otlp import Tracing

    _tracing = started = Tracing(component, settings.otlp_endpoint, settings.trace_ratio)

    def stop() -> None:
        global _tracing
        _tracing = None
        started.shutdown()

    return stop


class Span:
    """What a piece of work tells of itself, a context manager. This one stands for work that nobody traces."""

    __slots__ = ()
    recording = False

    def set(self, **attributes: Value) -> None:
        """Attributes of our own, under `pampax.`: numbers, kinds and ids; no text of a query, no source, no secret."""

    def describe(self, attributes: Mapping[str, Value]) -> None:
        """Attributes under the names of the OpenTelemetry conventions."""

    def event(self, name: str) -> None:
        """A moment in the span; costs a tenth of a span."""

    def fail(self, reason: str, *, ours: bool = True) -> None:
        """Why it did not come to its end. `ours` is False for what the one who asked did wrong."""

    def rename(self, name: str) -> None:
        """For a name that is known only when the work is done, as a route is."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """What is raised ends the span as failed: by its reason, never its message, which may quote the request."""


_OFF = Span()


def entry_span(name: str, kind: Kind, attributes: Mapping[str, Value], *, parent: str) -> Span:
    """The span of what came in from outside, below `parent`, a traceparent; without one a trace begins here."""
    return _OFF if _tracing is None else _Recorded(_tracing, name, kind, attributes, _tracing.remote(parent))


def span(name: str, /, **attributes: Value) -> Span:
    """A piece of this process's own work on a request. The name is declared in `names.SPANS`."""
    parent = _current.get()
    if _tracing is None or parent is None:
        return _OFF
    return _Recorded(_tracing, name, "internal", {OWN + key: value for key, value in attributes.items()}, parent)


def call_span(name: str, attributes: Mapping[str, Value], kind: Literal["client", "producer"] = "client") -> Span:
    """Something asked of another process. Inside, `request_metadata` names this span as the parent."""
    parent = _current.get()
    return _OFF if _tracing is None or parent is None else _Recorded(_tracing, name, kind, attributes, parent)


def leaf_span(name: str, attributes: Mapping[str, Value]) -> Span:
    """Something asked of a store. Nothing is below it: work that goes on meanwhile is beside it."""
    parent = _current.get()
    return _OFF if _tracing is None or parent is None else _Leaf(_tracing, name, "client", attributes, parent)


def leave_trace() -> None:
    """What this thread or task does from here on is no part of what it was begun for, though it keeps the ids."""
    _current.set(None)


class _Recorded(Span):
    __slots__ = ("_attributes", "_before", "_failed", "_kind", "_name", "_parent", "_span", "_tracing")
    recording = True
    _span: trace.Span
    _before: tuple[trace.Span | None, str]

    def __init__(
        self, tracing: Tracing, name: str, kind: Kind, attributes: Mapping[str, Value], parent: trace.Span | None
    ) -> None:
        self._tracing = tracing
        self._name = name
        self._kind = kind
        self._attributes = attributes
        self._parent = parent
        self._failed = False

    def set(self, **attributes: Value) -> None:
        for key, value in attributes.items():
            self._span.set_attribute(OWN + key, value)

    def describe(self, attributes: Mapping[str, Value]) -> None:
        self._span.set_attributes(dict(attributes))

    def event(self, name: str) -> None:
        self._span.add_event(name)

    def fail(self, reason: str, *, ours: bool = True) -> None:
        self._failed = True
        self._span.set_attribute("error.type", reason)
        if ours:
            self._tracing.mark_failed(self._span)

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def __enter__(self) -> Self:
        self._span = self._tracing.start(self._name, self._kind, self._attributes, self._parent)
        self._before = _current.get(), context.traceparent.get()
        # What is not sampled has no parts either; but whoever is called learns of the decision.
        _current.set(self._span if self._span.is_recording() else None)
        context.traceparent.set(_traceparent(self._span.get_span_context()))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None and not self._failed:
            self._fail_by(error)
        self._leave()
        self._span.end()

    def _leave(self) -> None:
        # Set back instead of reset: a generator may be closed in another context than it was begun in.
        before, traceparent = self._before
        _current.set(before)
        context.traceparent.set(traceparent)

    def _fail_by(self, error: BaseException) -> None:
        if isinstance(error, PampaxError):
            self.fail(error.reason, ours=error.http_status >= _OUR_FAULT)
        elif isinstance(error, asyncio.CancelledError):
            self.fail("CANCELLED", ours=False)
        else:
            self.fail(type(error).__name__)


class _Leaf(_Recorded):
    __slots__ = ()

    def __enter__(self) -> Self:
        self._span = self._tracing.start(self._name, self._kind, self._attributes, self._parent)
        return self

    def _leave(self) -> None:
        pass


_OUR_FAULT = 500


def _traceparent(of: trace.SpanContext) -> str:
    return f"00-{of.trace_id:032x}-{of.span_id:016x}-{of.trace_flags:02x}"


def _nothing() -> None:
    pass
