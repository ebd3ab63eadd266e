"""The collector as a process, fed by the exporter that our services use."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from pampax.core.errors import Unavailable
from pampax.deployment.span_log import find
from pampax.runtime.probe import probe

START_S = 60.0


@pytest.fixture
def collector(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    settings = {"PAMPAX_COLLECTOR__ADDRESS": address, "PAMPAX_COLLECTOR__FOLDER": str(tmp_path / "spans")}
    env = {**os.environ, **settings, "PAMPAX_MODE": "embedded", "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([sys.executable, "-m", "pampax.deployment.collector"], env=env, cwd=tmp_path)
    try:
        _wait_for(address)
        yield address
        process.send_signal(signal.SIGTERM)
        assert process.wait(START_S) == 0
    finally:
        process.kill()
        process.wait()


def _wait_for(address):
    deadline = time.monotonic() + START_S
    while True:
        try:
            return probe(f"grpc://{address}/opentelemetry.proto.collector.trace.v1.TraceService")
        except Unavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_what_a_service_exports_is_found_by_its_trace(collector, tmp_path):
    exporter = OTLPSpanExporter(endpoint=f"http://{collector}", insecure=True)
    provider = TracerProvider(resource=Resource({"service.name": "pampax-search"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    try:
        with provider.get_tracer("test").start_as_current_span("search.rank", attributes={"candidates": 7}) as span:
            trace_id = format(span.get_span_context().trace_id, "032x")
    finally:
        provider.shutdown()
    (kept,) = find(tmp_path / "spans", trace_id)
    assert (kept["service"], kept["name"], kept["attributes"]) == ("pampax-search", "search.rank", {"candidates": 7})
