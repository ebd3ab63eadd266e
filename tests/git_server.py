"""git over HTTP on loopback: git's own http-backend behind a small server that asks for a token, or not."""

from __future__ import annotations

import base64
import gzip
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

BACKEND_S = 60


@dataclass
class GitServer:
    """Serves the bare repositories of a folder, and only to those who show `token` when there is one.

    `modern` False: it speaks the first version of git's protocol only. `refusal` is what it says to those it refuses.
    """

    root: Path
    url: str = ""
    token: str = ""
    modern: bool = True
    refusal: str = "no"
    users: list[str] = field(default_factory=list)  # who was let in, by name
    asked: list[bytes] = field(default_factory=list)  # the bodies of requests for objects

    def url_of(self, repository: str) -> str:
        return f"{self.url}/{repository}"

    def blob_requests(self) -> list[bytes]:
        """Requests that ask for objects without saying what is there already: those for single blobs."""
        return [body for body in self.asked if b"command=fetch" in body and b"have " not in body]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, server: GitServer, *arguments: Any) -> None:
        self.ours = server
        super().__init__(*arguments)

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        body = self._body()
        plain = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
        self.ours.asked.append(plain)
        self._answer(body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        body = b""
        while size := int(self.rfile.readline().strip(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, body: bytes) -> None:
        if self.ours.token and not self._is_let_in():
            self._send(401, {"WWW-Authenticate": 'Basic realm="git"', "Content-Type": "text/plain"}, self._refusal())
            return
        path, _, query = self.path.partition("?")
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.ours.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            **({"GIT_PROTOCOL": self.headers.get("Git-Protocol", "")} if self.ours.modern else {}),
        }
        found = subprocess.run(
            ["git", "http-backend"], input=body, env=environment, capture_output=True, check=False, timeout=BACKEND_S
        )
        head, _, content = found.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self._send(int(headers.pop("Status", "200")[:3]), headers, content)

    def _is_let_in(self) -> bool:
        shown = self.headers.get("Authorization", "").removeprefix("Basic ")
        user, _, password = base64.b64decode(shown).decode().partition(":")
        if password == self.ours.token:
            self.ours.users.append(user)
        return password == self.ours.token

    def _refusal(self) -> bytes:
        """Some servers say more than they should."""
        shown = self.headers.get("Authorization", "").removeprefix("Basic ")
        _, _, password = base64.b64decode(shown).decode().partition(":")
        return f"{self.ours.refusal} {password} {shown}\n".encode()

    def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def git_server(root: Path) -> Iterator[GitServer]:
    ours = GitServer(root)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, ours)) as http:  # type: ignore[arg-type]  # a handler with one argument more
        http.daemon_threads = True
        ours.url = f"http://127.0.0.1:{http.server_port}"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield ours
        finally:
            http.shutdown()
            thread.join(10)
