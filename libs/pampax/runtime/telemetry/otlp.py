"""The tracing SDK of this process: made, sampled and sent by OTLP. Nothing of it waits for the collector.

Spans wait in a bounded queue and are sent by a thread; what a collector does not take in time is lost and counted. A
collector that goes away, and one that comes back, are a line in the log each, however many batches are lost between.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from pampax.runtime.logging import get_logger
from pampax.runtime.telemetry.metrics import counter
from pampax.runtime.telemetry.tracing import Kind, Value

# About 4 MB at most, and some seconds of a busy gateway.
QUEUE_SPANS = 4_096
# Encoding holds the interpreter's lock, about 20 microseconds a span: a request that comes then waits for one batch.
BATCH_SPANS = 128
PERIOD_MS = 1_000
EXPORT_WITHIN_S = 2.0
FLUSH_WITHIN_S = 2.0
# A transaction has an event per statement; what has more is told by its first.
MOST_EVENTS = 32

# Each says so for every batch; ours say it once.
_REPEATING = ("opentelemetry.exporter.otlp.proto.grpc.exporter", "opentelemetry.sdk._shared_internal")
_KINDS = {
    "internal": trace.SpanKind.INTERNAL,
    "server": trace.SpanKind.SERVER,
    "client": trace.SpanKind.CLIENT,
    "producer": trace.SpanKind.PRODUCER,
    "consumer": trace.SpanKind.CONSUMER,
}
_FAILED = trace.Status(trace.StatusCode.ERROR)

_SPANS = counter("pampax_spans_total")
_log = get_logger()


class Tracing:
    """One for a process. Threads start here: not before a fork."""

    def __init__(self, component: str, endpoint: str, ratio: float) -> None:
        for name in _REPEATING:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._exporter = CalmExporter(OTLPSpanExporter(endpoint, timeout=EXPORT_WITHIN_S), endpoint)
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(ratio)),
            resource=_resource(component),
            span_limits=SpanLimits(max_events=MOST_EVENTS),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(
                self._exporter,
                max_queue_size=QUEUE_SPANS,
                max_export_batch_size=BATCH_SPANS,
                schedule_delay_millis=PERIOD_MS,
            )
        )
        self._tracer = self._provider.get_tracer("pampax")

    def start(self, name: str, kind: Kind, attributes: Mapping[str, Value], parent: trace.Span | None) -> trace.Span:
        within = Context() if parent is None else trace.set_span_in_context(parent, Context())
        return self._tracer.start_span(name, within, _KINDS[kind], dict(attributes))

    def remote(self, traceparent: str) -> trace.Span | None:
        """The span that a well-formed traceparent names; None for an empty one."""
        if not traceparent:
            return None
        _, trace_id, span_id, flags = traceparent.split("-")
        known = trace.SpanContext(int(trace_id, 16), int(span_id, 16), True, trace.TraceFlags(int(flags, 16)))
        return trace.NonRecordingSpan(known)

    def mark_failed(self, span: trace.Span) -> None:
        span.set_status(_FAILED)

    def shutdown(self) -> None:
        """Sends what waits. A collector that does not take it holds the process up for FLUSH_WITHIN_S at most."""
        self._exporter.closing = True
        flushing = threading.Thread(target=self._provider.shutdown, name="flush-spans", daemon=True)
        flushing.start()
        flushing.join(FLUSH_WITHIN_S)


class CalmExporter(SpanExporter):
    """Another exporter, whose failures are told when they begin and when they end."""

    def __init__(self, exporter: SpanExporter, endpoint: str) -> None:
        self._exporter = exporter
        self._endpoint = endpoint
        self._lost = 0  # since the last that was taken
        self.closing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if self.closing and self._lost:
            return SpanExportResult.FAILURE  # it was away a moment ago, and nobody wants to wait
        result = self._exporter.export(spans)
        taken = result is SpanExportResult.SUCCESS
        _SPANS.labels("sent" if taken else "lost").inc(len(spans))
        if taken and self._lost:
            _log.info("collector is back", op="tracing", lost=self._lost)
        elif not taken and not self._lost:
            _log.warning("collector does not take spans", op="tracing", endpoint=self._endpoint)
        self._lost = 0 if taken else self._lost + len(spans)
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


def _resource(component: str) -> Resource:
    """OTEL_RESOURCE_ATTRIBUTES adds to it, as everywhere."""
    return Resource.create(
        {
            "service.name": f"pampax-{component}",
            "service.version": _version(),
            # Neither host nor pid alone tell two runs apart.
            "service.instance.id": f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}",
        }
    )


def _version() -> str:
    try:
        return version("pampax")
    except PackageNotFoundError:
        return "0"
