"""Spans as OTLP brings them, in the words that we keep and show them in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Received
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from pampax.deployment.span_log import Span

Value = str | bool | int | float | list["Value"] | dict[str, "Value"] | None

_NS_PER_MS = 1e6
_NS_PER_S = 1e9


def spans_of(request: ExportTraceServiceRequest) -> Iterator[Span]:
    """Each span with the service that it comes from."""
    for resource in request.resource_spans:
        service = attributes_of(resource.resource.attributes).get("service.name", "")
        for scope in resource.scope_spans:
            yield from (_span(str(service), span) for span in scope.spans)


def attributes_of(pairs: Sequence[KeyValue]) -> dict[str, Value]:
    return {pair.key: _value(pair.value) for pair in pairs}


def tree(spans: Sequence[Span]) -> Iterator[str]:
    """A line for each span, below its parent, in the order in which they began. Milliseconds since the first one."""
    known = {span["span_id"] for span in spans}
    children: dict[object, list[Span]] = {}
    for span in spans:
        parent = span["parent_id"] if span["parent_id"] in known else ""
        children.setdefault(parent, []).append(span)
    waiting = [(span, 0) for span in reversed(children.get("", []))]
    while waiting:
        span, depth = waiting.pop()
        failed = " FAILED" if span["status"] == "error" else ""
        yield f"{span['duration_ms']:>10} ms  {'  ' * depth}{span['service']} {span['name']}{failed}"
        waiting += [(child, depth + 1) for child in reversed(children.get(span["span_id"], []))]


def _span(service: str, span: Received) -> Span:
    started = datetime.fromtimestamp(span.start_time_unix_nano / _NS_PER_S, UTC)
    return {
        "time": started.isoformat(timespec="microseconds"),
        "service": service,
        "name": span.name,
        "kind": Received.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        "trace_id": span.trace_id.hex(),
        "span_id": span.span_id.hex(),
        "parent_id": span.parent_span_id.hex(),
        "duration_ms": round((span.end_time_unix_nano - span.start_time_unix_nano) / _NS_PER_MS, 3),
        "status": "error" if span.status.code == Status.STATUS_CODE_ERROR else "ok",
        "message": span.status.message,
        "attributes": attributes_of(span.attributes),
        "events": [{"name": event.name, **attributes_of(event.attributes)} for event in span.events],
    }


def _value(value: AnyValue) -> Value:
    match value.WhichOneof("value"):
        case "array_value":
            return [_value(each) for each in value.array_value.values]
        case "kvlist_value":
            return attributes_of(value.kvlist_value.values)
        case "bytes_value":
            return value.bytes_value.hex()
        case None:
            return None
        case kind:
            scalar: str | bool | int | float = getattr(value, kind)
            return scalar
