"""Look from outside whether a process does its work, each time within a deadline."""

from __future__ import annotations

import http.client
import socket
import time
from enum import Enum, auto
from pathlib import Path
from urllib.parse import urlsplit

from pampax.embedded import postgres, valkey
from pampax.embedded.spec import ProcessSpec, Ready

TIMEOUT_S = 2.0
BEAT_FRESH_S = 10.0  # a worker beats every 2 s


class Answer(Enum):
    READY = auto()
    NOT_READY = auto()  # it answers, and says that it cannot work now
    SILENT = auto()  # it does not answer


def look(spec: ProcessSpec) -> Answer:
    """Ask the process once. Blocks for at most `TIMEOUT_S` or a little more; raises nothing that a process causes."""
    match spec.ready:
        case Ready.GRPC:
            return _grpc(spec.probe)
        case Ready.HTTP:
            return _http(spec.probe)
        case Ready.POSTGRES:
            return Answer.READY if postgres.answers(spec.probe) else Answer.SILENT
        case Ready.VALKEY:
            return Answer.READY if valkey.answers(spec.probe) else Answer.SILENT
        case Ready.BEAT:
            return Answer.READY if beats(spec.probe) else Answer.SILENT
        case Ready.EXIT:
            return Answer.READY


def beats(path: str, since: float = 0.0) -> bool:
    """Whether the file was touched just now, and not before `since`, in seconds since 1970: by an earlier process."""
    try:
        touched = Path(path).stat().st_mtime
    except OSError:
        return False
    return touched >= since and abs(time.time() - touched) < BEAT_FRESH_S


def _grpc(address: str) -> Answer:
    if not _listens(address):
        return Answer.SILENT  # most looks during a start end here, far cheaper than a channel
    # Here and not above: the waiting supervisor shares this code and should stay small.
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    with grpc.insecure_channel(address) as channel:
        try:
            request = health_pb2.HealthCheckRequest(service="")
            answer = health_pb2_grpc.HealthStub(channel).Check(request, timeout=TIMEOUT_S)
        except grpc.RpcError:
            return Answer.SILENT
    return Answer.READY if answer.status == health_pb2.HealthCheckResponse.SERVING else Answer.NOT_READY


def _http(url: str) -> Answer:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", parts.path)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return Answer.SILENT
    finally:
        connection.close()
    return Answer.READY if status == http.HTTPStatus.OK else Answer.NOT_READY


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=TIMEOUT_S):
            return True
    except OSError:
        return False
