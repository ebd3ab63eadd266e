"""A system of stand-in services over the real PostgreSQL and Valkey, in a folder that every account can enter."""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest

from pampax.embedded.environment import Installation
from pampax.embedded.layout import DataDir
from pampax.embedded.process import remains
from pampax.embedded.services import service_specs
from pampax.embedded.spec import ProcessSpec
from pampax.embedded.state import ServiceState, SystemPhase, SystemState
from pampax.embedded.system import RunningSystem, read_state, start, stop

STANDIN = str(Path(__file__).with_name("standin.py"))
PATIENCE_S = 60.0


def standins(installation: Installation) -> list[ProcessSpec]:
    """The specs of the real services with their commands replaced."""
    arguments = {
        "migrate": ("done",),
        "worker": ("worker",),
        "gateway": ("http", installation.address("gateway")),
        "search": ("grpc", installation.address("search")),
    }
    return [
        replace(spec, command=(sys.executable, STANDIN, *arguments[spec.name]))
        for spec in service_specs(installation)
        if spec.name in arguments
    ]


@dataclass(frozen=True)
class Trial:
    """One data directory and what a test does to it."""

    data_dir: DataDir

    def start(
        self,
        services: Callable[[Installation], list[ProcessSpec]] = standins,
        port: int | None = None,
        timeout_s: float = PATIENCE_S,
    ) -> RunningSystem:
        return start(self.data_dir, services=services, port=port, timeout_s=timeout_s)

    def stop(self) -> bool:
        return stop(self.data_dir)

    def state(self) -> SystemState:
        state = read_state(self.data_dir)
        assert state is not None
        return state

    def service(self, name: str) -> ServiceState:
        return next(service for service in self.state().services if service.name == name)

    def until(self, holds: Callable[[SystemState], bool]) -> SystemState:
        deadline = time.monotonic() + PATIENCE_S
        while not holds(state := self.state()):
            assert time.monotonic() < deadline, f"not in time: {state}"
            time.sleep(0.05)
        return state

    def until_ready(self) -> SystemState:
        return self.until(lambda state: state.state is SystemPhase.READY and state.standby_pid is not None)

    def processes(self) -> list[psutil.Process]:
        """All that belongs to this system, recorded or not."""
        homes = (self.data_dir.postgres / "data", self.data_dir.valkey / "data")
        return [psutil.Process(identity.pid) for identity in remains(self.data_dir, homes=homes)]


@pytest.fixture
def folder() -> Iterator[Path]:
    """pytest's own folder is closed to the account that the servers run under when root tests."""
    with TemporaryDirectory(prefix="pampax-test-", ignore_cleanup_errors=True) as made:
        yield Path(made)


@pytest.fixture
def trial(folder: Path) -> Iterator[Trial]:
    trial = Trial(DataDir(folder / "data"))
    folder.chmod(0o755)
    try:
        yield trial
    finally:
        trial.stop()
