"""Stands in for a service: `standin.py grpc|http ADDRESS`, `standin.py worker`, `standin.py fail CODE`."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

LIFETIME_S = 300  # no stand-in outlives a broken test for long


def serve_grpc(address: str) -> None:
    import grpc
    from grpc_health.v1 import health, health_pb2, health_pb2_grpc

    server = grpc.server(ThreadPoolExecutor(2))
    servicer = health.HealthServicer()
    servicer.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    server.add_insecure_port(address)
    server.start()
    server.wait_for_termination(LIFETIME_S)


class Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()


def serve_http(address: str) -> None:
    host, _, port = address.rpartition(":")
    HTTPServer((host, int(port)), Ready).serve_forever()


def work() -> None:
    """With a child process, as a pool of workers has, and a heartbeat."""
    beat = Path(os.environ["PAMPAX_INDEXING__HEARTBEAT_FILE"])
    with subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({LIFETIME_S})"]) as child:
        while child.poll() is None:
            beat.touch()
            time.sleep(0.5)


def main(kind: str, argument: str = "") -> int:
    match kind:
        case "grpc":
            serve_grpc(argument)
        case "http":
            serve_http(argument)
        case "worker":
            work()
        case "fail":
            print("the colour of the sky is not configured", file=sys.stderr)
            return int(argument)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
