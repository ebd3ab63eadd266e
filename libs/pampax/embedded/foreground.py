"""Run one server for as long as a block lasts: what tests start their Postgres and Valkey with."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pampax.core.errors import Unavailable
from pampax.embedded.account import Account, process_account

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 5.0
POLL_S = 0.05
LOG_TAIL_BYTES = 16 * 1024


@contextmanager
def run_foreground(
    command: Sequence[str], ready: Callable[[], bool], log_file: Path, account: Account | None
) -> Iterator[int]:
    """Start the command, wait until it is ready, give its pid, end it with SIGINT. Unavailable if it does not start."""
    with log_file.open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=log_file.parent, start_new_session=True,
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}, **process_account(account),
        )  # fmt: skip
    try:
        with _ended_with_us(process.pid):
            _wait_ready(process, ready, log_file)
            yield process.pid
    finally:
        _end(process)


def last_lines(log_file: Path, count: int = 10) -> list[str]:
    """The last lines of a log, empty when there is none."""
    try:
        with log_file.open("rb") as log:
            log.seek(0, 2)
            log.seek(max(0, log.tell() - LOG_TAIL_BYTES))
            return log.read().decode("utf-8", "replace").splitlines()[-count:]
    except FileNotFoundError:
        return []


@contextmanager
def _ended_with_us(pid: int) -> Iterator[None]:
    """A test run that is killed takes its server along: the end of a pipe that only we hold tells of our death."""
    watch = ["sh", "-c", 'read -r _; kill -INT "$1"', "sh", str(pid)]
    with subprocess.Popen(watch, stdin=subprocess.PIPE, start_new_session=True) as watcher:
        try:
            yield
        finally:
            watcher.kill()


def _wait_ready(process: subprocess.Popen[bytes], ready: Callable[[], bool], log_file: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        if ready():
            return
        time.sleep(POLL_S)
    said = "\n".join(last_lines(log_file))
    raise Unavailable(f"{process.args!r} did not become ready; the last lines of {log_file}:\n{said}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_TIMEOUT_S)
