"""Processes by identity: started in a session of their own, watched, and ended with all they left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from pampax.embedded.account import process_account
from pampax.embedded.layout import DataDir
from pampax.embedded.spec import ProcessSpec

# Every process of a system and all that it starts carry this variable, so that what a killed supervisor left
# unrecorded is found as well. Outside the prefix of the settings, where an unknown name would be refused.
MARK = "SUPERVISED_BY_PAMPAX"
SERVERS = ("postgres", "valkey-server")  # they write over their environment; known by the folder they work in
CREATE_TIME_TOLERANCE_S = 1.0  # the system derives it from the clock, which may be corrected meanwhile
TICK_S = 0.01  # what the start of a process is counted in, from the moment of the boot
KILL_TIMEOUT_S = 5.0
MAX_LOG_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Identity:
    """A process that cannot be mistaken for a later one with the same number."""

    pid: int
    create_time: float

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        try:
            return cls(pid, psutil.Process(pid).create_time())
        except psutil.Error:
            return None

    @classmethod
    def recorded(cls, pid: int | None, create_time: float | None) -> Identity | None:
        return None if pid is None or create_time is None else cls(pid, create_time)


@dataclass(slots=True)
class RunningProcess:
    """A process that we watch: our own child, or one adopted from a supervisor that died."""

    identity: Identity
    child: subprocess.Popen[bytes] | None = None

    @classmethod
    def child_of_ours(cls, child: subprocess.Popen[bytes]) -> RunningProcess:
        return cls(Identity.of(child.pid) or Identity(child.pid, time.time()), child)

    def alive(self) -> bool:
        return self.child.poll() is None if self.child is not None else is_alive(self.identity)

    @property
    def exit_code(self) -> int | None:
        """Negative for a signal; None while it runs, and always for an adopted process."""
        return self.child.poll() if self.child is not None else None


def is_alive(identity: Identity) -> bool:
    """A zombie is dead: nobody may be there to reap it."""
    return _find(identity) is not None


def start_process(spec: ProcessSpec, data_dir: DataDir) -> RunningProcess:
    """Start it in a session of its own, its output appended to its log. OSError when the system refuses."""
    env = {**(os.environ if spec.inherit_env else {}), **spec.env, MARK: mark(data_dir, spec.name)}
    log_file = data_dir.log_of(spec.name)
    _limit(log_file)
    with log_file.open("ab", buffering=0) as log:
        try:
            child = subprocess.Popen(
                spec.command,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=spec.home or data_dir.run, env=env,
                start_new_session=True, **process_account(spec.account),
            )  # fmt: skip
        except OSError as error:
            log.write(f"cannot be started: {error}\n".encode())
            raise
    return RunningProcess.child_of_ours(child)


def mark(data_dir: DataDir, name: str) -> str:
    return f"{data_dir.root}|{name}"


def send(identity: Identity, number: int) -> bool:
    """Signal this very process; False when it is gone."""
    process = _find(identity)
    if process is None:
        return False
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)
    return True


def remains(
    data_dir: DataDir, name: str | None = None, *, homes: Collection[str | Path] = (), leader: Identity | None = None
) -> list[Identity]:
    """The live processes that belong to the named one, or to the whole system when there is no name.

    Those that carry its mark, servers at work in one of its homes, and all that its leader started in its session.
    Never ourselves and never those who started us.
    """
    return _select(_belongs(mark(data_dir, name or ""), {Path(home).resolve() for home in homes}, leader, name is None))


def session(leader: Identity) -> list[Identity]:
    """The live processes of the session that this process opened, itself included."""
    return _select(lambda process: _in_session(process, leader))


def end(identities: Iterable[Identity], number: int = signal.SIGTERM, timeout_s: float = 0.0) -> None:
    """Signal the processes, wait, and kill those that are still there after the time. Blocks."""
    processes = [process for identity in identities if (process := _find(identity)) is not None]
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number if timeout_s > 0 else signal.SIGKILL)
    wait_gone(processes, timeout_s if timeout_s > 0 else KILL_TIMEOUT_S)
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    wait_gone(processes, KILL_TIMEOUT_S)


def wait_gone(processes: Sequence[psutil.Process], timeout_s: float, poll_s: float = 0.02) -> bool:
    """Whether all of them ended, or became zombies, in time."""
    deadline = time.monotonic() + timeout_s
    while any(map(_runs, processes)):
        if time.monotonic() > deadline:
            return False
        time.sleep(poll_s)
    return True


def _select(belongs: Callable[[psutil.Process], bool]) -> list[Identity]:
    spared = _ourselves()
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid not in spared and process.status() != psutil.STATUS_ZOMBIE and belongs(process):
                found.append(Identity(process.pid, process.create_time()))
    return found


def _find(identity: Identity) -> psutil.Process | None:
    try:
        process = psutil.Process(identity.pid)
        same = _same_start(process.create_time(), identity.create_time)
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None


def _same_start(one: float, other: float) -> bool:
    """The moment of the boot is told in whole seconds: a correction of the clock moves a start by such or not at all.

    So two processes that start within the tolerance are told apart as well.
    """
    apart = abs(one - other)
    return round(apart) <= CREATE_TIME_TOLERANCE_S and abs(apart - round(apart)) < TICK_S / 2


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _ourselves() -> set[int]:
    ours = {os.getpid()}
    with suppress(psutil.Error):
        ours |= {process.pid for process in psutil.Process().parents()}
    return ours


def _belongs(
    marked: str, homes: Collection[Path], leader: Identity | None, whole: bool
) -> Callable[[psutil.Process], bool]:
    def check(process: psutil.Process) -> bool:
        if leader is not None and _in_session(process, leader):
            return True
        if homes and process.name() in SERVERS:
            return Path(process.cwd()) in homes
        value = process.environ().get(MARK, "")
        return value.startswith(marked) if whole else value == marked

    return check


def _in_session(process: psutil.Process, leader: Identity) -> bool:
    """The number of a session stays taken while anything in it lives, even after its leader is gone."""
    started_since = process.create_time() >= leader.create_time - CREATE_TIME_TOLERANCE_S
    return started_since and os.getsid(process.pid) == leader.pid


def _limit(log_file: Path) -> None:
    """Put a grown log aside; one old log is kept."""
    with suppress(FileNotFoundError):
        if log_file.stat().st_size > MAX_LOG_BYTES:
            log_file.replace(log_file.with_name(f"{log_file.name}.1"))
