"""The probe of health checks, against servers that work, that are not ready and that are not there."""

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import HealthServicer

from pampax.core.errors import ConfigError, Unavailable
from pampax.runtime.probe import main, probe


@pytest.fixture(scope="module")
def grpc_address():
    server = grpc.server(ThreadPoolExecutor(2))
    servicer = HealthServicer()
    servicer.set("", health_pb2.HealthCheckResponse.SERVING)
    servicer.set("ready.Service", health_pb2.HealthCheckResponse.SERVING)
    servicer.set("busy.Service", health_pb2.HealthCheckResponse.NOT_SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait(5)


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 503)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def http_address():
    with HTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(5)


@pytest.fixture
def nobody():
    """An address that is taken and at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


@pytest.mark.parametrize("path", ["", "/", "/ready.Service"])
def test_a_serving_grpc_server_passes(grpc_address, path):
    probe(f"grpc://{grpc_address}{path}")


def test_a_service_that_is_not_ready_fails(grpc_address):
    with pytest.raises(Unavailable, match="not ready"):
        probe(f"grpc://{grpc_address}/busy.Service")


def test_a_service_that_nobody_knows_fails(grpc_address):
    with pytest.raises(Unavailable, match="NOT_FOUND"):
        probe(f"grpc://{grpc_address}/other.Service")


def test_an_http_server_passes_by_its_status_alone(http_address):
    probe(f"http://{http_address}/readyz")
    with pytest.raises(Unavailable, match="answers 503"):
        probe(f"http://{http_address}/other")


@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_a_server_that_is_not_there_fails(nobody, scheme):
    with pytest.raises(Unavailable, match="does not answer"):
        probe(f"{scheme}://{nobody}/x")


def test_a_pulse_counts_while_it_is_fresh(tmp_path):
    beat = tmp_path / "worker.beat"
    with pytest.raises(Unavailable, match="nobody there works"):
        probe(f"file://{beat}")
    beat.touch()
    probe(f"file://{beat}")
    os.utime(beat, (0, 0))
    with pytest.raises(Unavailable, match="nobody there works"):
        probe(f"file://{beat}")


@pytest.mark.parametrize(
    "target",
    ["", "localhost:80", "ftp://localhost:80/", "http://localhost/", "grpc://h:port/", "file://host:1/worker.beat"],
)
def test_what_is_no_target_is_refused(target):
    with pytest.raises(ConfigError, match="no address to ask"):
        probe(target)


def test_the_exit_code_tells(http_address, nobody, capfd):
    assert main([f"http://{http_address}/readyz"]) == 0
    assert main([f"http://{nobody}/"]) == 4
    assert main([]) == 2
    assert "does not answer" in capfd.readouterr().err
