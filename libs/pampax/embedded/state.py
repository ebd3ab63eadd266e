"""What a running system tells about itself in state.json: written by the leading supervisor, read by everybody."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from pampax.embedded.layout import DataDir
from pampax.embedded.process import Identity, is_alive
from pampax.embedded.secrets import write_private


class SystemPhase(StrEnum):
    STARTING = "starting"
    READY = "ready"
    DEGRADED = "degraded"  # it was ready; now some service is not
    STOPPING = "stopping"
    STOPPED = "stopped"


class ServicePhase(StrEnum):
    WAITING = "waiting"  # for what it depends on
    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"  # it ended and is started again after a pause
    STOPPING = "stopping"
    STOPPED = "stopped"
    DEAD = "dead"  # recorded as running and found gone


RUNNING = (ServicePhase.STARTING, ServicePhase.READY, ServicePhase.STOPPING)


@dataclass(frozen=True, slots=True)
class ServiceState:
    """`restarts` counts since the system started; `exit_code` is that of the last end, negative for a signal."""

    name: str
    address: str = ""
    pid: int | None = None
    create_time: float | None = None
    state: ServicePhase = ServicePhase.WAITING
    restarts: int = 0
    exit_code: int | None = None
    metrics: str = ""

    @property
    def identity(self) -> Identity | None:
        return Identity.recorded(self.pid, self.create_time)


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemState:
    """`completed` names the processes that run once per start and have done so."""

    state: SystemPhase
    endpoint: str
    token: str
    data_dir: str
    lead_pid: int | None = None
    lead_create_time: float | None = None
    standby_pid: int | None = None
    standby_create_time: float | None = None
    ports: dict[str, int] = field(default_factory=dict)
    services: tuple[ServiceState, ...] = ()
    completed: tuple[str, ...] = ()

    @property
    def lead(self) -> Identity | None:
        return Identity.recorded(self.lead_pid, self.lead_create_time)


def write_state(path: Path, state: SystemState) -> None:
    write_private(path, json.dumps(asdict(state), indent=1) + "\n", durable=False)


def recorded_state(path: Path) -> SystemState | None:
    """What the file says, true or not; None when there is no file or a power cut left half of one."""
    try:
        raw: dict[str, Any] = json.loads(path.read_text("utf-8"))
        services = tuple(ServiceState(**{**item, "state": ServicePhase(item["state"])}) for item in raw["services"])
        changes = {"state": SystemPhase(raw["state"]), "services": services, "completed": tuple(raw["completed"])}
        return SystemState(**{**raw, **changes})
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None


def verified_state(data_dir: DataDir) -> SystemState | None:
    """What the file says, corrected by what is alive; None when no system was ever started here."""
    state = recorded_state(data_dir.state_file)
    if state is None:
        return None
    services = tuple(map(_verified, state.services))
    if not is_led(data_dir):
        alive = any(service.state in RUNNING for service in services)
        return replace(state, services=services, state=SystemPhase.DEGRADED if alive else SystemPhase.STOPPED)
    degraded = state.state is SystemPhase.READY and any(item.state is not ServicePhase.READY for item in services)
    return replace(state, services=services, state=SystemPhase.DEGRADED if degraded else state.state)


def is_led(data_dir: DataDir) -> bool:
    """Whether some supervisor leads this data directory now."""
    try:
        descriptor = os.open(data_dir.lock_file, os.O_RDWR)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _verified(service: ServiceState) -> ServiceState:
    if service.state not in RUNNING or (service.identity is not None and is_alive(service.identity)):
        return service
    return replace(service, state=ServicePhase.DEAD)
