"""TCP ports on loopback."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Collection

LOOPBACK = "127.0.0.1"
# Below the range from which systems take ports for outgoing connections (32768 on Linux): one of those could
# otherwise sit on a server's port in the moment in which the server is restarted.
PORTS = range(17000, 31000)
MAX_TRIES = 1000


def is_free(port: int) -> bool:
    """Whether a server could listen there now; a connection that lingers after its server ended does not count."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port(taken: Collection[int] = ()) -> int:
    """A free port that is not among `taken`, chosen at random so that systems started together rarely meet."""
    for _ in range(MAX_TRIES):
        port = secrets.choice(PORTS)
        if port not in taken and is_free(port):
            return port
    raise OSError(f"no free TCP port between {PORTS.start} and {PORTS.stop - 1}")
