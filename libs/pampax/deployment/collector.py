"""`python -m pampax.deployment.collector`: a collector of traces for one machine, where nothing larger runs.

It takes spans by OTLP over gRPC and keeps the latest in files; `python -m pampax.deployment trace ID` finds them. A
team with a collector of its own names that in PAMPAX_TELEMETRY__OTLP_ENDPOINT and needs none of this.
"""

from __future__ import annotations

import asyncio

from grpc import aio
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from pampax.deployment.span_log import SpanLog
from pampax.deployment.spans import spans_of
from pampax.runtime.process import main
from pampax.runtime.server import serve
from pampax.runtime.settings import Settings

SERVICE = "opentelemetry.proto.collector.trace.v1.TraceService"
COMPONENT = "collector"


class TraceServicer(trace_service_pb2_grpc.TraceServiceServicer):
    """Writes on a thread, one batch at a time."""

    def __init__(self, log: SpanLog) -> None:
        self._log = log
        self._writing = asyncio.Lock()

    async def Export(  # noqa: N802 - the name is the protocol's
        self, request: ExportTraceServiceRequest, _context: aio.ServicerContext[object, object]
    ) -> ExportTraceServiceResponse:
        async with self._writing:
            await asyncio.to_thread(lambda: self._log.append(spans_of(request)))
        return ExportTraceServiceResponse()


async def run(settings: Settings) -> None:
    """Serves until it is told to stop. LocalIOError when the folder cannot be written."""
    log = SpanLog(settings.collector.folder)

    def register(server: aio.Server) -> list[str]:
        add = trace_service_pb2_grpc.add_TraceServiceServicer_to_server
        add(TraceServicer(log), server)  # type: ignore[no-untyped-call]  # generated without types
        return [SERVICE]

    async def close() -> None:
        log.close()

    await serve(COMPONENT, settings.collector.address, register, settings, close=[close], authenticate=False)


if __name__ == "__main__":
    main(COMPONENT, run)
