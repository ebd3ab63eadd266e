"""The system of docker-compose.yml, built and started once, beside any other that runs here, and removed with its data.

`make compose-test` runs these; elsewhere they are left out, because building the images takes minutes.
"""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAMPAX = str(Path(sys.executable).with_name("pampax"))
BUILD_WITHIN_S = 900
START_WITHIN_S = 180
COMMAND_WITHIN_S = 120
# Below the ports that the system hands out by itself.
PORTS = range(20_000, 32_000)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    here = [item for item in items if item.path.is_relative_to(Path(__file__).parent)]
    for item in here:
        item.add_marker(pytest.mark.timeout(BUILD_WITHIN_S + START_WITHIN_S))
        if os.environ.get("TEST_COMPOSE") != "1":
            item.add_marker(pytest.mark.skip(reason="images are built by `make compose-test` only"))


@dataclass(frozen=True)
class Compose:
    """A system from images. `start_s` is how long it took to be ready, once the images were built."""

    project: str
    env: dict[str, str]
    start_s: float = 0.0

    def __call__(self, *arguments: str, within_s: float = COMMAND_WITHIN_S) -> str:
        """The standard output of `docker compose`; an error shows what it said."""
        return _run(["docker", "compose", "--project-name", self.project, *arguments], self.env, within_s)

    def up(self) -> float:
        """Seconds until everything is healthy."""
        begun = time.monotonic()
        self("up", "--detach", "--wait", "--wait-timeout", str(START_WITHIN_S), within_s=START_WITHIN_S + 60)
        return time.monotonic() - begun

    def states(self) -> dict[str, str]:
        """By service: healthy, running, or exited with a code."""
        lines = self("ps", "--all", "--format", "json").splitlines()
        found = [json.loads(line) for line in lines]
        return {each["Service"]: each["Health"] or f"{each['State']} {each['ExitCode']}" for each in found}


@dataclass(frozen=True)
class Cli:
    """The command line tool of this checkout, speaking to that system from outside."""

    env: dict[str, str]
    folder: Path

    def __call__(self, *arguments: str) -> str:
        return _run([PAMPAX, *arguments], self.env, COMMAND_WITHIN_S, self.folder)

    @contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """The command while it runs; it ends with the block."""
        with subprocess.Popen(
            [PAMPAX, *arguments], env=self.env, cwd=self.folder, stdout=subprocess.DEVNULL
        ) as process:
            try:
                yield process
            finally:
                process.kill()


@pytest.fixture(scope="session")
def compose() -> Iterator[Compose]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PAMPAX_", "COMPOSE_"))}
    made = Compose(f"pampax-test-{secrets.token_hex(3)}", {**env, "GATEWAY_PORT": str(_free_port())})
    begun = time.monotonic()
    made("--profile", "observability", "--profile", "load", "build", "--quiet", within_s=BUILD_WITHIN_S)
    built_s = time.monotonic() - begun
    try:
        started = Compose(made.project, made.env, made.up())
        print(f"\nimages built in {built_s:.0f} s, ready {started.start_s:.1f} s later")
        yield started
    finally:
        made("down", "--volumes", "--remove-orphans", "--timeout", "10", within_s=START_WITHIN_S)


@pytest.fixture(scope="session")
def cli(compose: Compose, tmp_path_factory: pytest.TempPathFactory) -> Cli:
    key = compose("run", "--rm", "-T", "secrets", "pampax.deployment", "key").strip()
    endpoint = f"http://127.0.0.1:{compose.env['GATEWAY_PORT']}"
    env = {**compose.env, "PAMPAX_ENDPOINT": endpoint, "PAMPAX_TOKEN": key}
    return Cli(env, tmp_path_factory.mktemp("elsewhere"))


def _run(command: Sequence[str], env: dict[str, str], within_s: float, folder: Path = ROOT) -> str:
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, timeout=within_s, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _free_port() -> int:
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
