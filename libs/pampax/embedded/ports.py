"""TCP ports on loopback."""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Collection, Iterable, Mapping

from pampax.core.errors import ConfigError

LOOPBACK = "127.0.0.1"
# Below the range from which systems take ports for outgoing connections (32768 on Linux): one of those could
# otherwise sit on a server's port in the moment in which the server is restarted.
PORTS = range(17000, 31000)
MAX_TRIES = 1000
# Between the choice of a port and the server that listens there lie seconds, in which another system could choose it
# too. Whoever chooses holds the UDP port of that number, which nothing here uses, until it has chosen so many others.
CLAIMS_HELD = 64

_claims: dict[int, int] = {}  # port -> descriptor, the oldest first
_claims_lock = threading.Lock()


def choose_ports(names: Iterable[str], previous: Mapping[str, int], fixed: Mapping[str, int]) -> dict[str, int]:
    """A port for each name: the fixed one, else that of the previous run if it is still free, else a new one."""
    for port in fixed.values():
        require_free(port)
    chosen = dict(fixed)
    for name in names:
        if name not in chosen:
            earlier = previous.get(name)
            keep = earlier is not None and earlier not in chosen.values() and is_free(earlier) and _ours(earlier)
            chosen[name] = earlier if keep and earlier is not None else free_port(chosen.values())
    return chosen


def require_free(port: int) -> None:
    """ConfigError, in words for the person who asked for this very port."""
    if not 0 < port < 1 << 16:
        raise ConfigError(f"--port {port} is no TCP port; choose one between 1 and 65535")
    try:
        _bind(port)
    except PermissionError as error:
        raise ConfigError(f"--port {port} is reserved for root; choose one above 1023") from error
    except OSError as error:
        raise ConfigError(
            f"--port {port} is in use by another program; stop that program or choose another --port"
        ) from error


def is_free(port: int) -> bool:
    """Whether a server could listen there now; a connection that lingers after its server ended does not count."""
    try:
        _bind(port)
    except OSError:
        return False
    return True


def free_port(taken: Collection[int] = ()) -> int:
    """A free port that is not among `taken`, chosen at random so that systems started together rarely meet."""
    for _ in range(MAX_TRIES):
        port = secrets.choice(PORTS)
        if port not in taken and is_free(port) and _claim(port):
            return port
    raise OSError(f"no free TCP port between {PORTS.start} and {PORTS.stop - 1}")


def _bind(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((LOOPBACK, port))


def _ours(port: int) -> bool:
    return port in _claims or _claim(port)


def _claim(port: int) -> bool:
    """Whether nobody else has chosen it just now; then it is ours."""
    with _claims_lock, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as claim:
        try:
            claim.bind((LOOPBACK, port))
        except OSError:
            return False
        _claims[port] = claim.detach()
        if len(_claims) > CLAIMS_HELD:
            os.close(_claims.pop(next(iter(_claims))))
    return True
