"""The proxy that the fault tests put between services does what its verbs say, to old and new connections alike."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from ..tcp_proxy import LOOPBACK, TcpProxies, TcpProxy  # noqa: TID252 - tests are no package

PATIENCE_S = 60.0
SHORT_S = 0.3


@pytest.fixture
def proxy() -> Iterator[TcpProxy]:
    """In front of a server that sends back what it gets."""
    with socket.create_server((LOOPBACK, 0)) as server, TcpProxies() as proxies:
        threading.Thread(target=_echo_all, args=(server,), daemon=True).start()
        yield proxies.to(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)


def _echo_all(server: socket.socket) -> None:
    with suppress(OSError):
        while True:
            threading.Thread(target=_echo, args=(server.accept()[0],), daemon=True).start()


def _echo(connection: socket.socket) -> None:
    with connection, suppress(OSError):
        while piece := connection.recv(1024):
            connection.sendall(piece)


def _open(proxy: TcpProxy) -> socket.socket:
    return socket.create_connection((LOOPBACK, proxy.port), timeout=PATIENCE_S)


def _open_and_read(proxy: TcpProxy) -> bytes:
    with _open(proxy) as connection:
        return connection.recv(1024)


def _says_back(connection: socket.socket, text: bytes = b"hello") -> bool:
    connection.sendall(text)
    return connection.recv(1024) == text


def test_everything_passes_and_the_end_is_passed_on(proxy: TcpProxy) -> None:
    with _open(proxy) as connection:
        assert _says_back(connection)
        connection.sendall(b"last words")
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1024) == b"last words"
        assert connection.recv(1024) == b""


def test_a_delayed_answer_is_late(proxy: TcpProxy) -> None:
    with _open(proxy) as connection:
        proxy.delay(SHORT_S)
        started = time.monotonic()
        assert _says_back(connection)
        assert time.monotonic() - started >= SHORT_S


def test_a_stalled_connection_is_silent_and_goes_on_when_healed(proxy: TcpProxy) -> None:
    with _open(proxy) as old:
        assert _says_back(old)
        proxy.stall()
        with _open(proxy) as new:
            for connection in (old, new):
                connection.sendall(b"held")
                connection.settimeout(SHORT_S)
                with pytest.raises(TimeoutError):
                    connection.recv(1024)
                connection.settimeout(PATIENCE_S)
            proxy.heal()
            assert [old.recv(1024), new.recv(1024)] == [b"held", b"held"]


def test_open_and_new_connections_are_reset(proxy: TcpProxy) -> None:
    with _open(proxy) as old:
        assert _says_back(old)
        proxy.reset()
        with pytest.raises(ConnectionResetError):
            old.recv(1024)
        with pytest.raises(ConnectionResetError):
            _open_and_read(proxy)
    proxy.heal()
    with _open(proxy) as later:
        assert _says_back(later)


def test_refused_means_that_nobody_listens_until_healed_on_the_same_port(proxy: TcpProxy) -> None:
    port = proxy.port
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        _open(proxy)
    proxy.heal()
    assert proxy.port == port
    with _open(proxy) as connection:
        assert _says_back(connection)
