"""`python -m pampax.runtime.probe TARGET`: does the process behind TARGET work? What health checks of containers run.

TARGET is `http://host:port/path`, which must answer 200; or `grpc://host:port/service`, whose grpc.health.v1 must say
SERVING (without a service that is liveness); or `file:///path`, which must have been touched just now (a pulse).
The exit code is 0, or 4 with a line that says what is wrong.
"""

from __future__ import annotations

import http.client
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import cast
from urllib.parse import SplitResult, urlsplit

from pampax.core.errors import ConfigError, PampaxError, Unavailable

# Below the time that a health check has for all of it, the start of Python included.
TIMEOUT_S = 2.0
FRESH_S = 10.0  # a worker touches its file every 2 s
NOT_READY = "NOT_READY"  # the reason when it answers, and says that it cannot work now
USAGE = "write http://HOST:PORT/PATH, grpc://HOST:PORT/SERVICE or file:///PATH"


def main(arguments: Sequence[str]) -> int:
    """The exit code."""
    try:
        if len(arguments) != 1:
            raise ConfigError(f"one address to ask is needed; {USAGE}")
        probe(arguments[0])
    except PampaxError as error:
        sys.stderr.write(f"{error.message}\n")
        return error.exit_code
    return 0


def probe(target: str) -> None:
    """Unavailable says why it does not work, with the reason NOT_READY when it said so itself.

    Takes at most a little longer than `TIMEOUT_S`.
    """
    parts = urlsplit(target)
    ask = {"http": _http, "grpc": _grpc, "file": _file}.get(parts.scheme)
    try:
        complete = bool(parts.hostname and parts.port) != (parts.scheme == "file")
    except ValueError:
        complete = False
    if ask is None or not complete:
        raise ConfigError(f"{target!r} is no address to ask; {USAGE}")
    ask(parts)


def beats(path: str, since: float = 0.0) -> bool:
    """Whether the file was touched just now, and not before `since`, in seconds since 1970: by an earlier process."""
    try:
        touched = Path(path).stat().st_mtime
    except OSError:
        return False
    return touched >= since and abs(time.time() - touched) < FRESH_S


def _http(target: SplitResult) -> None:
    connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", target.path or "/")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable(f"{target.geturl()} does not answer: {str(error) or type(error).__name__}") from error
    finally:
        connection.close()
    if status != http.HTTPStatus.OK:
        raise Unavailable(f"{target.geturl()} answers {status}", reason=NOT_READY)


def _grpc(target: SplitResult) -> None:
    # Here and not above: to ask by HTTP takes a third of the time without it, and supervisors stay small.
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    request = health_pb2.HealthCheckRequest(service=target.path.removeprefix("/"))
    with grpc.insecure_channel(target.netloc) as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(request, timeout=TIMEOUT_S)
        except grpc.RpcError as error:
            call = cast("grpc.Call", error)  # it is both, which its type does not say
            said = f"{call.code().name} {call.details()}"
            raise Unavailable(f"{target.geturl()} does not answer: {said}") from error
    if answer.status != health_pb2.HealthCheckResponse.SERVING:
        raise Unavailable(f"{target.geturl()} runs but is not ready", reason=NOT_READY)


def _file(target: SplitResult) -> None:
    if not beats(target.path):
        raise Unavailable(f"{target.path} was not touched in the last {FRESH_S:.0f} s: nobody there works")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
