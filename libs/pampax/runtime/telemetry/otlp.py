"""Sending spans by OTLP over gRPC. Nothing of it waits for the collector.

Spans wait in a bounded queue and are sent by a thread; what a collector does not take in time is lost and counted. A
collector that goes away, and one that comes back, are a line in the log each, however many batches are lost between.

Address, TLS, headers (OTEL_EXPORTER_OTLP_*) and the resource (OTEL_RESOURCE_ATTRIBUTES) are OpenTelemetry's own.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1 import trace_pb2
from opentelemetry.sdk import resources
from opentelemetry.sdk.trace.export import SpanExportResult

from pampax.core.version import own_version
from pampax.runtime.logging import get_logger
from pampax.runtime.telemetry.metrics import counter
from pampax.runtime.telemetry.tracing import RecordedSpan, Value

# About 8 MB at most, and seconds of a busy gateway.
QUEUE_SPANS = 8_192
# Encoding holds the interpreter's lock, 10 microseconds a span: a request that comes then waits for one batch.
BATCH_SPANS = 256
PERIOD_S = 1.0
EXPORT_WITHIN_S = 2.0
FLUSH_WITHIN_S = 2.0

_TRACE_IDS = 1 << 64
# Says so for every batch; ours say it once.
_REPEATING = "opentelemetry.exporter.otlp.proto.grpc.exporter"
_KINDS = {
    "internal": trace_pb2.Span.SPAN_KIND_INTERNAL,
    "server": trace_pb2.Span.SPAN_KIND_SERVER,
    "client": trace_pb2.Span.SPAN_KIND_CLIENT,
    "producer": trace_pb2.Span.SPAN_KIND_PRODUCER,
    "consumer": trace_pb2.Span.SPAN_KIND_CONSUMER,
}
_FAILED = trace_pb2.Status(code=trace_pb2.Status.STATUS_CODE_ERROR)

_SPANS = counter("pampax_spans_total")
_log = get_logger()


class Sender:
    """One for a process; its thread starts here, so not before a fork."""

    def __init__(self, component: str, endpoint: str, ratio: float) -> None:
        logging.getLogger(_REPEATING).setLevel(logging.CRITICAL)
        self._endpoint = endpoint
        self._sampled_below = int(ratio * _TRACE_IDS)
        self._exporter = Exporter(component, endpoint)
        self._queue: deque[RecordedSpan] = deque()
        self._lost = 0  # since the last that was taken
        self._unsendable_told = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="spans", daemon=True)
        self._thread.start()

    def keep(self, span: RecordedSpan) -> None:
        if len(self._queue) < QUEUE_SPANS:
            self._queue.append(span)
        else:
            _SPANS.labels("lost").inc()

    def samples(self, trace_id: str) -> bool:
        """By the lower half of the id, as OpenTelemetry's sampler for a ratio does."""
        return int(trace_id[16:], 16) < self._sampled_below

    def flush(self) -> None:
        """Sends what waits now."""
        for _ in range(QUEUE_SPANS // BATCH_SPANS):
            batch = [self._queue.popleft() for _ in range(min(BATCH_SPANS, len(self._queue)))]
            if not batch:
                return
            self._send(batch)

    def close(self) -> None:
        """Sends what waits. A collector that does not take it holds the process up for FLUSH_WITHIN_S at most."""
        self._closing.set()
        self._thread.join(FLUSH_WITHIN_S)
        self._exporter.shutdown()

    def _run(self) -> None:
        while not self._closing.wait(PERIOD_S):
            self.flush()
        self.flush()

    def _send(self, batch: Sequence[RecordedSpan]) -> None:
        if self._closing.is_set() and self._lost:
            return  # the collector was away a moment ago, and nobody wants to wait
        try:
            taken = self._exporter.send(batch)
        except Exception as error:  # noqa: BLE001 - a value that the format cannot hold must not end the thread
            self._unsendable(batch, error)
            return
        _SPANS.labels("sent" if taken else "lost").inc(len(batch))
        if taken and self._lost:
            _log.info("collector is back", op="tracing", lost=self._lost)
        elif not taken and not self._lost:
            _log.warning("collector does not take spans", op="tracing", endpoint=self._endpoint)
        self._lost = 0 if taken else self._lost + len(batch)

    def _unsendable(self, batch: Sequence[RecordedSpan], error: Exception) -> None:
        _SPANS.labels("lost").inc(len(batch))
        if not self._unsendable_told:
            _log.error("spans cannot be sent", op="tracing", exc_info=error)
        self._unsendable_told = True


class Exporter(OTLPSpanExporter):
    """OpenTelemetry's, but for what a span is made from: its own way takes three times as long."""

    def __init__(self, component: str, endpoint: str) -> None:
        super().__init__(endpoint, timeout=EXPORT_WITHIN_S)
        self._resource = Resource(attributes=_attributes(_resource(component)))
        self._scope = InstrumentationScope(name="pampax", version=own_version())

    def send(self, spans: Sequence[RecordedSpan]) -> bool:
        """Whether the collector took them."""
        result = self.export(spans)  # type: ignore[arg-type]  # they go through to _translate_data as they are
        return result is SpanExportResult.SUCCESS

    def _translate_data(self, data: Sequence[Any]) -> ExportTraceServiceRequest:
        spans = trace_pb2.ScopeSpans(scope=self._scope, spans=map(_message, data))
        return ExportTraceServiceRequest(
            resource_spans=[trace_pb2.ResourceSpans(resource=self._resource, scope_spans=[spans])]
        )


def _message(span: RecordedSpan) -> trace_pb2.Span:
    return trace_pb2.Span(
        trace_id=bytes.fromhex(span.trace_id),
        span_id=bytes.fromhex(span.span_id),
        parent_span_id=bytes.fromhex(span.parent_id),
        flags=1,
        name=span.name,
        kind=_KINDS[span.kind],
        start_time_unix_nano=span.start_ns,
        end_time_unix_nano=span.end_ns,
        attributes=_attributes(span.attributes),
        events=[trace_pb2.Span.Event(time_unix_nano=moment, name=name) for moment, name in span.events],
        status=_FAILED if span.failed else None,
    )


def _attributes(values: Mapping[str, Value]) -> list[KeyValue]:
    return [KeyValue(key=key, value=_any(value)) for key, value in values.items()]


def _any(value: Value) -> AnyValue:
    match value:
        case str():
            return AnyValue(string_value=value)
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
    return AnyValue(double_value=value)


def _resource(component: str) -> dict[str, Value]:
    own: dict[str, Value] = {
        "service.name": f"pampax-{component}",
        "service.version": own_version(),
        # Neither host nor pid alone tell two runs apart.
        "service.instance.id": f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}",
    }
    found = resources.Resource.create(own).attributes
    return {key: value for key, value in found.items() if isinstance(value, (str, bool, int, float))}
