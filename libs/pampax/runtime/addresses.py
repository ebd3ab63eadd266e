"""Network addresses as people write them: `host:port`, `[v6]:port`."""

from __future__ import annotations

import errno
import socket

from pampax.core.errors import ConfigError

_MAX_PORT = 65_535
_WHY = {
    errno.EADDRINUSE: "another process has this port; stop it or choose another port",
    errno.EADDRNOTAVAIL: "this machine has no such address; use one of its own, 127.0.0.1 or 0.0.0.0",
    errno.EACCES: "the port needs more rights; choose one above 1023",
}


def split_address(address: str) -> tuple[str, int]:
    """Host (without brackets) and port; ValueError when it is not one. Port 0 asks the system for a free one."""
    host, colon, port = address.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not host or (":" in host and not bracketed) or any(c.isspace() or c == "/" for c in host):
        raise ValueError("an address is host:port")
    if not (port.isascii() and port.isdigit()) or int(port) > _MAX_PORT:
        raise ValueError("a port is a number of 0..65535")
    return (host[1:-1] if bracketed else host), int(port)


def check_free(address: str) -> None:
    """ConfigError when nothing can listen there. It binds and lets go, so the answer holds for that moment only."""
    host, port = split_address(address)
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            # As the server itself does: an address that only waits out old connections counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
    except OSError as error:
        why = _WHY.get(error.errno or 0, f"{error.strerror}; check the host name")
        raise ConfigError(f"cannot listen on {address}: {why}", reason="ADDRESS_NOT_FREE") from error
