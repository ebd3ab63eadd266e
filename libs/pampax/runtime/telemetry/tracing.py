"""Spans: which piece of work belongs to which request, through services, the queue, Postgres and Redis.

    with entry_span(method, "server", {...}, parent=traceparent):     # a request, call or run comes in
        with span("search.rank", candidates=120) as rank:             # a piece of its work, declared in names.SPANS
            rank.set(results=10)

Off, which is the default, a span is one shared object that does nothing and nothing of OpenTelemetry is loaded; the W3C
trace context of `pampax.runtime.context` passes through all the same. On, a span costs about 20 microseconds of
processor time, sending included. They are few: calls, stages, transactions; and only work on a request has any.

The spans are our own, sent by OpenTelemetry's exporter; docs/adr/0007 tells what was tried and measured.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Protocol, Self, TypeAlias

from pampax.core.errors import PampaxError
from pampax.runtime import context

if TYPE_CHECKING:
    from pampax.runtime.settings import TelemetrySettings

Value: TypeAlias = str | bool | int | float
Kind: TypeAlias = Literal["internal", "server", "client", "producer", "consumer"]
# Before the names of our own attributes; the others are those of the OpenTelemetry conventions.
OWN = "pampax."
# A transaction has an event per statement; what has more is told by its first.
MOST_EVENTS = 32

_OUR_FAULT = 500


class Sink(Protocol):
    """Where spans that have ended go."""

    def keep(self, span: RecordedSpan) -> None: ...

    def samples(self, trace_id: str) -> bool:
        """Whether a trace that begins here is recorded; the same answer for the same id everywhere."""
        ...


_sink: Sink | None = None
_current: ContextVar[RecordedSpan | None] = ContextVar("span", default=None)


def configure_tracing(component: str, settings: TelemetrySettings) -> Callable[[], None]:
    """Once per process, in a worker's child after the fork. What it returns sends what is left, in 2 s at most."""
    global _sink
    if not settings.otlp_endpoint:
        return _nothing
    from pampax.runtime.telemetry.otlp import Sender

    _sink = sender = Sender(component, settings.otlp_endpoint, settings.trace_ratio)

    def stop() -> None:
        global _sink
        _sink = None
        sender.close()

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
        """A moment in the span; the first MOST_EVENTS are kept."""

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
    """The span of what came in from outside, below `parent`, a traceparent; "" where the request's trace begins here.

    Whether it is recorded is decided where the trace begins, and whoever is called from here learns of that.
    """
    if _sink is None:
        return _OFF
    trace = parent or context.traceparent.get() or context.new_traceparent()
    trace_id = trace[3:35]
    if not (int(parent[-1], 16) & 1 if parent else _sink.samples(trace_id)):
        context.traceparent.set(f"{trace[:-2]}00")
        return _OFF
    return RecordedSpan(_sink, name, kind, attributes, trace_id, parent[36:52])


def span(name: str, /, **attributes: Value) -> Span:
    """A piece of this process's own work on a request. The name is declared in `names.SPANS`."""
    parent = _current.get()
    if _sink is None or parent is None:
        return _OFF
    own = {OWN + key: value for key, value in attributes.items()}
    return RecordedSpan(_sink, name, "internal", own, parent.trace_id, parent.span_id)


def call_span(name: str, attributes: Mapping[str, Value], kind: Literal["client", "producer"] = "client") -> Span:
    """Something asked of another process. Inside, `request_metadata` names this span as the parent."""
    parent = _current.get()
    if _sink is None or parent is None:
        return _OFF
    return RecordedSpan(_sink, name, kind, attributes, parent.trace_id, parent.span_id)


def leaf_span(name: str, attributes: Mapping[str, Value]) -> Span:
    """Something asked of a store. Nothing is below it: work that goes on meanwhile is beside it."""
    parent = _current.get()
    if _sink is None or parent is None:
        return _OFF
    return _Leaf(_sink, name, "client", attributes, parent.trace_id, parent.span_id)


def leave_trace() -> None:
    """What this thread or task does from here on is no part of what it was begun for, though it keeps the ids."""
    _current.set(None)


class RecordedSpan(Span):
    """Ids are lower-case hex, `parent_id` "" at the beginning of a trace; times in nanoseconds since 1970."""

    __slots__ = (
        "_before", "_sink", "attributes", "end_ns", "events", "failed", "kind", "name", "parent_id", "reason",
        "span_id", "start_ns", "trace_id",
    )  # fmt: skip
    recording = True
    _before: tuple[RecordedSpan | None, str]

    def __init__(
        self, sink: Sink, name: str, kind: Kind, attributes: Mapping[str, Value], trace_id: str, parent_id: str
    ) -> None:
        self._sink = sink
        self.name = name
        self.kind: Kind = kind
        self.attributes = dict(attributes)
        self.events: list[tuple[int, str]] = []
        self.trace_id = trace_id
        self.span_id = f"{random.getrandbits(64) or 1:016x}"
        self.parent_id = parent_id
        self.failed = False
        self.reason = ""
        self.start_ns = self.end_ns = 0

    def set(self, **attributes: Value) -> None:
        for key, value in attributes.items():
            self.attributes[OWN + key] = value

    def describe(self, attributes: Mapping[str, Value]) -> None:
        self.attributes.update(attributes)

    def event(self, name: str) -> None:
        if len(self.events) < MOST_EVENTS:
            self.events.append((time.time_ns(), name))

    def fail(self, reason: str, *, ours: bool = True) -> None:
        self.reason, self.failed = reason, ours
        self.attributes["error.type"] = reason

    def rename(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> Self:
        self._before = _current.get(), context.traceparent.get()
        _current.set(self)
        context.traceparent.set(f"00-{self.trace_id}-{self.span_id}-01")
        self.start_ns = time.time_ns()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        # Set back instead of reset: a generator may be closed in another context than it was begun in.
        before, traceparent = self._before
        _current.set(before)
        context.traceparent.set(traceparent)
        self._end(error)

    def _end(self, error: BaseException | None) -> None:
        self.end_ns = time.time_ns()
        if error is not None and not self.reason:
            self._fail_by(error)
        self._sink.keep(self)

    def _fail_by(self, error: BaseException) -> None:
        if isinstance(error, PampaxError):
            self.fail(error.reason, ours=error.http_status >= _OUR_FAULT)
        elif isinstance(error, asyncio.CancelledError):
            self.fail("CANCELLED", ours=False)
        else:
            self.fail(type(error).__name__)


class _Leaf(RecordedSpan):
    __slots__ = ()

    def __enter__(self) -> Self:
        self.start_ns = time.time_ns()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end(error)


def _nothing() -> None:
    pass
