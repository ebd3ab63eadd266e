"""A collector that takes traces and forgets them, so that exporting costs what it costs with a real one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc

_SERVICES = ("trace.v1.TraceService", "metrics.v1.MetricsService", "logs.v1.LogsService")
_GRACE_S = 1.0


@contextmanager
def collector() -> Iterator[str]:
    """Its endpoint for OTLP over gRPC, on loopback."""
    with ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool)
        for service in _SERVICES:
            # An empty message is the answer of all three when everything was taken.
            taken: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(
                lambda _request, _context: b""
            )
            name = f"opentelemetry.proto.collector.{service}"
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, {"Export": taken}),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.stop(_GRACE_S).wait(_GRACE_S)
