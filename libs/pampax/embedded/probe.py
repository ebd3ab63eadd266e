"""Look from outside whether a process does its work, each time within a deadline."""

from __future__ import annotations

import socket
from enum import Enum, auto

from pampax.core.errors import Unavailable
from pampax.embedded import postgres, valkey
from pampax.embedded.spec import ProcessSpec, Ready
from pampax.runtime.probe import NOT_READY, TIMEOUT_S, beats, probe


class Answer(Enum):
    READY = auto()
    NOT_READY = auto()  # it answers, and says that it cannot work now
    SILENT = auto()  # it does not answer


def look(spec: ProcessSpec) -> Answer:
    """Ask the process once. Blocks for at most `TIMEOUT_S` or a little more; raises nothing that a process causes."""
    match spec.ready:
        case Ready.GRPC:
            # Most looks during a start end with nobody listening, which is far cheaper to find out than a channel.
            return _asked(f"grpc://{spec.probe}") if _listens(spec.probe) else Answer.SILENT
        case Ready.HTTP:
            return _asked(spec.probe)
        case Ready.POSTGRES:
            return Answer.READY if postgres.answers(spec.probe) else Answer.SILENT
        case Ready.VALKEY:
            return Answer.READY if valkey.answers(spec.probe) else Answer.SILENT
        case Ready.BEAT:
            return Answer.READY if beats(spec.probe) else Answer.SILENT
        case Ready.EXIT:
            return Answer.READY


def _asked(target: str) -> Answer:
    try:
        probe(target)
    except Unavailable as error:
        return Answer.NOT_READY if error.reason == NOT_READY else Answer.SILENT
    return Answer.READY


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=TIMEOUT_S):
            return True
    except OSError:
        return False
