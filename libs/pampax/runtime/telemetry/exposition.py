"""Metrics as others read them: text in the format of Prometheus or of OpenMetrics, whichever the reader accepts.

The server is a thread, not a part of the event loop: it answers while the loop is held up, which is when one wants to
know, and it is the same for workers, which have no loop.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from threading import Thread
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import choose_encoder

from pampax.core.errors import ConfigError
from pampax.runtime.addresses import check_free, split_address
from pampax.runtime.logging import get_logger
from pampax.runtime.settings import Settings
from pampax.runtime.telemetry.metrics import REGISTRY, refresh

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

PATH = "/metrics"

# A reader that sends nothing or takes nothing for so long is hung up on.
_SILENCE_S = 5.0
# How long `close` may take.
_POLL_S = 0.25

_log = get_logger()

Source = Callable[[], CollectorRegistry]
Housekeeping = Callable[[], None]


def own_metrics() -> CollectorRegistry:
    """Those of this process, as they are now."""
    refresh()
    return REGISTRY


def render(accept: str, source: Source = own_metrics) -> tuple[bytes, str]:
    """The text and its content type, for a reader with this Accept header. Milliseconds of computing."""
    encode, content_type = choose_encoder(accept)
    return encode(source()), content_type


def show_metrics(
    settings: Settings,
    address: str,
    source: Source = own_metrics,
    housekeeping: Housekeeping = lambda: None,
) -> Exposition | None:
    """Serves GET /metrics there until it is closed; None where metrics are off or the address is empty.

    ConfigError when the address cannot be had.
    """
    if not address or not settings.telemetry.metrics:
        return None
    check_free(address)
    return Exposition(address, source, housekeeping)


class Exposition:
    """Listens from the start on. `housekeeping` is called by its thread, several times a second."""

    def __init__(self, address: str, source: Source, housekeeping: Housekeeping = lambda: None) -> None:
        host, port = split_address(address)

        def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            if environ["PATH_INFO"] != PATH:
                start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
                return [f"only {PATH} is here\n".encode()]
            try:
                told: Iterable[bytes] = make_wsgi_app(source())(environ, start_response)
            except Exception as error:  # noqa: BLE001 - one scrape that fails must not end in a text of another form
                _log.error("metrics not shown", op="metrics", exc_info=error)
                start_response("500 Internal Server Error", [("Content-Type", "text/plain; charset=utf-8")])
                return [b"see the log\n"]
            return told

        class Server(_Server):
            address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

            def service_actions(self) -> None:
                super().service_actions()
                try:
                    housekeeping()
                except Exception as error:  # noqa: BLE001 - the thread must not end: nobody would see metrics again
                    _log.error("metrics not shown", op="metrics", exc_info=error)

        try:
            self._server = make_server(host, port, answer, Server, _Handler)
        except OSError as error:
            raise ConfigError(f"cannot listen on {address}: {error.strerror}", reason="ADDRESS_NOT_FREE") from error
        self.port: int = self._server.server_port
        self._thread = Thread(target=self._server.serve_forever, args=(_POLL_S,), name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Returns when nothing listens any more, after a fraction of a second."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def let_go(self) -> None:
        """In a forked child, which has the socket too, and no thread that serves it."""
        self._server.socket.close()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Without the name of this host, which may take seconds to find out."""
        self.server_name, self.server_port = "", 0
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_port = self.server_address[1]
        self.setup_environ()

    def handle_error(self, request: object, client_address: object) -> None:
        """A reader that goes away before it has its answer is no event."""


class _Handler(WSGIRequestHandler):
    timeout = _SILENCE_S

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        """Scrapes come every few seconds and are no events."""
