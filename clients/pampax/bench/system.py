"""A system to measure, driven as its users drive it: through the command line, and through its REST API."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pampax.bench.processes import Processes
from pampax.core.errors import DeadlineExceeded, Unavailable

COMMAND_S = 180.0
THIS = "this installation"
_SHOWN_CHARS = 400
# -P: a folder called pampax where the command happens to run is not what is measured.
RUN = ("-P", "-c", "from pampax.cli.main import run; run()")


@dataclass(frozen=True, slots=True)
class Installation:
    """An environment that can run PAMPAX. `label` names it in tables; `root` is its checkout, if it is one."""

    label: str
    python: Path
    root: Path | None = None

    def run(self, *arguments: str, env: Mapping[str, str], cwd: Path, timeout_s: float = COMMAND_S) -> str:
        """The command's output; Unavailable with its own words when it fails."""
        command = [str(self.python), *RUN, *arguments]
        try:
            done = subprocess.run(
                command, env=dict(env), cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                timeout=timeout_s, check=False, start_new_session=True,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise DeadlineExceeded(f"{self.label}: pampax {arguments[0]} took more than {timeout_s:.0f} s") from error
        if done.returncode:
            said = _said(done.stderr.strip())
            raise Unavailable(f"{self.label}: pampax {arguments[0]} ended with exit code {done.returncode}: {said}")
        return done.stdout


def _said(stderr: str) -> str:
    """The message of an error in JSON, else the last of what was written."""
    try:
        return str(json.loads(stderr)["error"]["message"])
    except (ValueError, LookupError, TypeError):
        return stderr[-_SHOWN_CHARS:]


def this_installation() -> Installation:
    return Installation(THIS, Path(sys.executable))


@dataclass(slots=True)
class System:
    """An embedded system of one data directory below `folder`; ended by `down` whatever state it is in.

    `settings` are environment variables for its services.
    """

    installation: Installation
    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    endpoint: str = ""
    token: str = ""

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    def up(self) -> float:
        """Starts it and waits until it answers; seconds."""
        started = time.perf_counter()
        told = self._document("up", "--detach", "--json")
        taken = time.perf_counter() - started
        self.endpoint, self.token = told["endpoint"], told["token"]
        return taken

    def down(self) -> float:
        """Seconds. An interrupt meanwhile is told of afterwards: nothing may be left running."""
        started = time.perf_counter()
        with _interrupts_held():
            self._run("down")
        return time.perf_counter() - started

    def processes(self) -> Processes:
        services = self._document("status", "--json")["services"]
        return Processes({each["name"]: each["pid"] for each in services if each["pid"]}, self.data_dir)

    def _document(self, *arguments: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._run(*arguments))
        return found

    def _run(self, *arguments: str) -> str:
        env = environment({"PAMPAX_DATA_DIR": str(self.data_dir), **self.settings})
        return self.installation.run(*arguments, env=env, cwd=self.folder)


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Ours, but of PAMPAX_ variables only the given ones."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PAMPAX_")} | dict(settings)


@contextmanager
def running(installation: Installation, folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[System]:
    """A system that runs inside the block, with a data directory of its own in `folder`."""
    folder.mkdir(mode=0o711, exist_ok=True)
    system = System(installation, folder, settings or {})
    try:
        system.up()
        yield system
    finally:
        system.down()


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Signals that would end us inside the block come after it. In other threads than the main one there are none."""
    held: list[int] = []
    try:
        before = {
            number: signal.signal(number, lambda number, _frame: held.append(number))
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if held:
            signal.raise_signal(held[0])
