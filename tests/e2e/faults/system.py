"""The system of `pampax up` in a data directory of its own, with a proxy on every link between two of its processes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from pampax.embedded import system as embedded
from pampax.embedded.environment import Installation
from pampax.embedded.layout import DataDir
from pampax.embedded.postgres import DATABASE, SUPERUSER
from pampax.embedded.process import remains
from pampax.embedded.services import service_specs
from pampax.embedded.spec import ProcessSpec
from pampax.embedded.state import ServicePhase, SystemPhase, SystemState

from ...conftest import COUNTING  # noqa: TID252 - tests are no package
from ...tcp_proxy import LOOPBACK, TcpProxies, TcpProxy  # noqa: TID252 - tests are no package
from ..conftest import Cli  # noqa: TID252

# Who talks to whom: (process, what it reaches).
LINKS = (
    *((process, "postgres") for process in ("gateway", "search", "assembly", "indexing", "worker")),
    *((process, "valkey") for process in ("gateway", "indexing", "worker")),
    *(("gateway", service) for service in ("search", "assembly", "indexing")),
    ("assembly", "search"),
)
# A frozen or killed run must find somebody else who takes it up.
WORKER_CHILDREN = 2
POLL_S = 0.05
FILL_BYTES = 1 << 20


@dataclass
class System:
    """What the faults act on and the checks look at."""

    data_dir: DataDir
    proxies: TcpProxies
    links: dict[tuple[str, str], TcpProxy] = field(default_factory=dict)
    endpoint: str = ""
    token: str = ""
    _installation: Installation | None = None

    def start(self) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv(COUNTING, raising=False)
            running = embedded.start(self.data_dir, services=self._services)
        self.endpoint, self.token = running.endpoint, running.token

    def stop(self) -> None:
        embedded.stop(self.data_dir)
        left = remains(self.data_dir)
        assert not left, f"the system left processes behind: {left}"

    @property
    def installation(self) -> Installation:
        assert self._installation is not None
        return self._installation

    @property
    def disk(self) -> Path:
        """What the data directory lies in, and nothing else."""
        return self.data_dir.root.parent

    @property
    def cli(self) -> Cli:
        return Cli(self.data_dir.root, self.disk.parent)

    def state(self) -> SystemState:
        state = embedded.read_state(self.data_dir)
        assert state is not None
        return state

    def whole(self) -> bool:
        """Whether the supervisors see every process ready, and there are two of them."""
        state = self.state()
        led = state.state is SystemPhase.READY and bool(state.standby_pid) and psutil.pid_exists(state.standby_pid or 0)
        return led and all(service.state is ServicePhase.READY for service in state.services)

    def restarts(self) -> dict[str, int]:
        return {service.name: service.restarts for service in self.state().services}

    def process(self, name: str) -> psutil.Process:
        """The main process of a service; `supervisor` is the one that leads."""
        state = self.state()
        pids = {service.name: service.pid for service in state.services} | {"supervisor": state.lead_pid}
        pid = pids[name]
        assert pid is not None, f"{name} does not run"
        return psutil.Process(pid)

    def family(self, name: str) -> list[psutil.Process]:
        """The process and all that it started."""
        process = self.process(name)
        return [process, *process.children(recursive=True)]

    @contextmanager
    def superuser(self, database: str = DATABASE) -> Iterator[psycopg.Connection]:
        """Straight to Postgres, by no proxy."""
        address = self.installation.postgres.dsn(SUPERUSER, database)
        with psycopg.connect(address, autocommit=True, connect_timeout=3) as connection:
            yield connection

    @contextmanager
    def redis(self) -> Iterator[redis.Redis]:
        with redis.Redis.from_url(self.installation.valkey.url(), socket_timeout=3) as client:
            yield client

    def _services(self, installation: Installation) -> Sequence[ProcessSpec]:
        self._installation = installation
        for process, target in LINKS:
            self.links[process, target] = self.proxies.to(installation.ports[target])
        return [self._behind_proxies(spec) for spec in service_specs(installation)]

    def _behind_proxies(self, spec: ProcessSpec) -> ProcessSpec:
        """Own addresses stay, those of others lead through the proxies."""
        if spec.runs_once:
            return spec
        env = dict(spec.env)
        for (process, target), proxy in self.links.items():
            if process == spec.name:
                direct = f"{LOOPBACK}:{self.installation.ports[target]}"
                env = {name: value.replace(direct, proxy.address) for name, value in env.items()}
        if spec.name == "worker":
            env["PAMPAX_INDEXING__CONCURRENCY"] = str(WORKER_CHILDREN)
        return replace(spec, env=env)


def until(holds: Callable[[], bool], timeout_s: float, poll_s: float = POLL_S) -> bool:
    """Whether it came to hold in time."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(poll_s)
    return True


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[bool]:
    """A disk of its own under the folder; False, and no disk, where we may not mount one."""
    options = f"size={megabytes}m,mode=0711"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "pampax-faults", folder], capture_output=True)
    mounted = done.returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", folder], check=True, timeout=30)


def fill(path: Path) -> None:
    """A file that takes every byte its disk has left."""
    piece = bytes(FILL_BYTES)
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(piece)
