"""An OTLP collector inside the test: takes spans over gRPC as a real one does, and keeps them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.trace.v1 import trace_pb2

WITHIN_S = 60.0


@dataclass(frozen=True)
class Taken:
    """A span as it arrived; ids in hex, "" for no parent."""

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, Any]
    events: tuple[str, ...]
    failed: bool
    duration_ns: int

    @property
    def store(self) -> str:
        return self.attributes.get("db.system.name", "")


class Trace(tuple[Taken, ...]):
    """The spans of one trace."""

    __slots__ = ()

    @property
    def edges(self) -> set[tuple[str, str]]:
        """(who asks, who answers) between services, and to the stores."""
        by_id = {span.span_id: span for span in self}
        found = {(span.service, span.store) for span in self if span.store}
        for span in self:
            parent = by_id.get(span.parent_id)
            if parent is not None and parent.service != span.service:
                found.add((parent.service, span.service))
        return {(asks.removeprefix("pampax-"), answers.removeprefix("pampax-")) for asks, answers in found}

    @property
    def names(self) -> set[str]:
        return {span.name for span in self}

    @property
    def orphans(self) -> list[Taken]:
        """Spans whose parent was not sent."""
        ids = {span.span_id for span in self}
        return [span for span in self if span.parent_id and span.parent_id not in ids]

    @property
    def root(self) -> Taken:
        (root,) = (span for span in self if not span.parent_id)
        return root

    def one(self, name: str, kind: str = "") -> Taken:
        (found,) = (span for span in self if span.name == name and kind in ("", span.kind))
        return found

    def below(self, span: Taken) -> "Trace":
        return Trace(each for each in self if each.parent_id == span.span_id)


@dataclass
class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    spans: list[Taken] = field(default_factory=list)
    port: int = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def Export(self, request: Any, context: Any) -> Any:  # noqa: N802 - the name is the contract's
        for resource in request.resource_spans:
            service = _values(resource.resource.attributes)["service.name"]
            self.spans += [_taken(service, span) for scope in resource.scope_spans for span in scope.spans]
        return trace_service_pb2.ExportTraceServiceResponse()

    def trace(self, trace_id: str) -> Trace:
        return Trace(span for span in self.spans if span.trace_id == trace_id)

    async def until(self, trace_id: str, holds: Callable[[Trace], bool]) -> Trace:
        """The trace as soon as the condition holds; processes send their parts of it by themselves."""
        give_up = time.monotonic() + WITHIN_S
        while not holds(found := self.trace(trace_id)):
            told = sorted((span.service, span.name) for span in found)
            assert time.monotonic() < give_up, f"not in time: {told}"
            await asyncio.sleep(0.05)
        return found


@asynccontextmanager
async def running_collector(port: int = 0) -> AsyncIterator[Collector]:
    server, collector = grpc.aio.server(), Collector()
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(collector, server)
    collector.port = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    try:
        yield collector
    finally:
        await server.stop(1)


def _taken(service: str, span: trace_pb2.Span) -> Taken:
    return Taken(
        service=service,
        name=span.name,
        kind=trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        attributes=_values(span.attributes),
        events=tuple(event.name for event in span.events),
        failed=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
        duration_ns=span.end_time_unix_nano - span.start_time_unix_nano,
    )


def _values(attributes: Sequence[Any]) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}
