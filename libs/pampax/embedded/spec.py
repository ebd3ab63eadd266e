"""What the supervisors run: process specs, as plain data that two processes read from one file."""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from pampax.embedded.account import Account
from pampax.embedded.secrets import write_private


class Ready(StrEnum):
    """How one sees that a process can do its work; each names what `ProcessSpec.probe` holds."""

    GRPC = "grpc"  # host:port whose grpc.health.v1 answers SERVING for ""
    HTTP = "http"  # URL that answers 200
    POSTGRES = "postgres"  # address that can be queried
    VALKEY = "valkey"  # address that answers PING
    BEAT = "beat"  # a file that the process touches while it lives
    EXIT = "exit"  # nothing: it runs once, and is done when it ends with 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """One process. It starts when all of `depends_on` were ready once, and is stopped in the order of `stop_stage`."""

    name: str
    command: tuple[str, ...]
    ready: Ready
    probe: str = ""
    address: str = ""  # host:port shown to people
    metrics: str = ""  # URL of what it counts
    env: Mapping[str, str] = field(default_factory=dict)
    inherit_env: bool = True
    depends_on: tuple[str, ...] = ()
    account: Account | None = None  # to run under, when we are root
    home: str | None = None  # the folder that this server, and nobody else, works in
    stop_signal: int = signal.SIGTERM
    abort_signal: int | None = None  # in place of it for a server that does not answer just then
    stop_stage: int = 0
    stop_timeout_s: float = 10.0

    @property
    def runs_once(self) -> bool:
        return self.ready is Ready.EXIT


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a supervisor needs to know to lead one system."""

    endpoint: str
    token: str
    ports: Mapping[str, int]
    specs: tuple[ProcessSpec, ...]


def write_plan(path: Path, plan: Plan) -> None:
    write_private(path, json.dumps(asdict(plan), indent=1))


def read_plan(path: Path) -> Plan:
    raw: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return Plan(raw["endpoint"], raw["token"], raw["ports"], tuple(_spec(item) for item in raw["specs"]))


def _spec(raw: dict[str, Any]) -> ProcessSpec:
    account = raw["account"]
    return ProcessSpec(
        **{
            **raw,
            "command": tuple(raw["command"]),
            "depends_on": tuple(raw["depends_on"]),
            "ready": Ready(raw["ready"]),
            "account": Account(**account) if account else None,
        }
    )
