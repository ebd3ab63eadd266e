"""A real HTTP server on loopback that answers what a test tells it to, and remembers what it was asked."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from pampax.client.client import Client


@dataclass(frozen=True)
class Asked:
    """One request as it arrived, its body inflated and decoded."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Told:
    """One answer. `hang_up` closes the connection instead."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False


class Gateway:
    """Gives the answers in order, the last one again and again."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.asked: list[Asked] = []
        self.answers: list[Told] = []

    def will(self, *answers: Told) -> None:
        self.answers = list(answers)

    def next_answer(self) -> Told:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def _handler(gateway: Gateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("content-length", "0")))
            if self.headers.get("content-encoding") == "gzip":
                content = gzip.decompress(content)
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = json.loads(content) if content else None
            gateway.asked.append(Asked(self.command, self.path, headers, body))
            told = gateway.next_answer()
            if told.hang_up:
                self.close_connection = True
                return
            text = told.body if isinstance(told.body, bytes) else json.dumps(told.body).encode()
            self.send_response(told.status)
            for name, value in {"content-length": str(len(text)), **told.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - the library's names

        def log_message(self, *arguments: object) -> None:
            """Tests are quiet."""

    return Handler


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    found = Gateway("")
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(found)) as server:
        found.endpoint = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        server.shutdown()
        thread.join()


@pytest.fixture
def client(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setattr("pampax.client.transport.FIRST_PAUSE_S", 0.001)
    with Client(gateway.endpoint, "pampax_key") as made:
        yield made


@pytest.fixture
def problem() -> Callable[..., Told]:
    def make(status: int, reason: str, detail: str = "no; do something else", **headers: str) -> Told:
        body = {
            "type": "about:blank",
            "title": "",
            "status": status,
            "detail": detail,
            "reason": reason,
            "corr_id": "c1",
        }
        return Told(body, status, headers)

    return make
