"""`python -m pampax.runtime.probe TARGET`: does the server at TARGET work? What health checks of containers run.

TARGET is `http://host:port/path`, which must answer 200, or `grpc://host:port/service`, whose grpc.health.v1 must say
SERVING; without a service that is liveness. The exit code is 0, or 4 with a line that says what is wrong.
"""

from __future__ import annotations

import http.client
import sys
from collections.abc import Sequence
from typing import cast
from urllib.parse import SplitResult, urlsplit

from pampax.core.errors import ConfigError, PampaxError, Unavailable

# Below the time that a health check has for all of it, the start of Python included.
TIMEOUT_S = 2.0


def main(arguments: Sequence[str]) -> int:
    """The exit code."""
    try:
        if len(arguments) != 1:
            raise ConfigError("usage: python -m pampax.runtime.probe http://HOST:PORT/PATH | grpc://HOST:PORT/SERVICE")
        probe(arguments[0])
    except PampaxError as error:
        sys.stderr.write(f"{error.message}\n")
        return error.exit_code
    return 0


def probe(target: str) -> None:
    """Unavailable says why the server does not work; takes at most a little longer than `TIMEOUT_S`."""
    parts = urlsplit(target)
    ask = {"http": _http, "grpc": _grpc}.get(parts.scheme)
    try:
        complete = bool(parts.hostname and parts.port)
    except ValueError:
        complete = False
    if ask is None or not complete:
        raise ConfigError(f"{target!r} is no address to ask; write http://HOST:PORT/PATH or grpc://HOST:PORT/SERVICE")
    ask(parts)


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
        raise Unavailable(f"{target.geturl()} answers {status}")


def _grpc(target: SplitResult) -> None:
    # Here and not above: to ask by HTTP takes a third of the time without it.
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
        raise Unavailable(f"{target.geturl()} runs but is not ready")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
