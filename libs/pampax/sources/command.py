"""Run the git command: no shell, no prompts, no hooks, no helpers, a deadline, and nothing left running afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pampax.core.errors import DeadlineExceeded, LocalIOError

# Git tidies its lock files up on SIGTERM; after this many seconds it is killed.
_GRACE_S = 5.0
_CHECK_S = 0.2  # whether the caller still wants the answer
# A server may send messages without end: only the last of them are kept.
_STDERR_BYTES = 64 * 1024
# The operator's certificates and keys; every other GIT_ variable could point git elsewhere.
_KEPT_VARIABLES = frozenset(
    {
        "GIT_CONFIG_GLOBAL",
        "GIT_EXEC_PATH",
        "GIT_PROXY_SSL_CAINFO",
        "GIT_SSH_COMMAND",
        "GIT_SSL_CAINFO",
        "GIT_SSL_CAPATH",
    }
)
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "safe.directory=*",
    "protocol.allow=never",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "gc.autoDetach=false",
    "maintenance.autoDetach=false",
    # Larger blobs, which are never indexed, go to the disk as they come instead of through memory.
    "core.bigFileThreshold=4m",
    # A redirect could lead from an allowed address to an internal one.
    "http.followRedirects=false",
)


@dataclass(frozen=True, slots=True)
class Finished:
    """A git call that ended by itself; `stderr` holds its last lines."""

    code: int
    stdout: bytes
    stderr: str


class GitMissing(LocalIOError):
    """The git command is not installed here."""


def run_git(
    arguments: Sequence[str],
    *,
    directory: Path | None = None,
    timeout_s: float,
    protocol: str = "",
    extra_environment: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    check: Callable[[], None] = lambda: None,
) -> Finished:
    """Run git and wait. `protocol` is the one transport it may use (none by default), `stdin` what it reads.

    Raises GitMissing, DeadlineExceeded after `timeout_s`, and what `check` raises, which is called every 0.2 s; git and
    everything it started has been ended then.
    """
    reading, writing = os.pipe()
    try:
        process = start_git(
            arguments,
            directory=directory,
            protocol=protocol,
            extra_environment=extra_environment,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stderr=writing,
        )
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    errors = _Tail(reading)
    errors.start()
    try:
        stdout = _output(process, stdin or None, timeout_s, check)
    except subprocess.TimeoutExpired as error:
        message = f"git {arguments[0]} did not finish within {timeout_s:.0f} s; try again or allow more time"
        raise DeadlineExceeded(message) from error
    finally:
        stop_git(process)
        errors.join(_GRACE_S)
    return Finished(process.returncode, stdout, errors.text())


def _output(
    process: subprocess.Popen[bytes], given: bytes | None, timeout_s: float, check: Callable[[], None]
) -> bytes:
    """What the process writes until it ends; TimeoutExpired when it does not."""
    deadline = time.monotonic() + timeout_s
    while True:
        left = deadline - time.monotonic()
        try:
            return process.communicate(given, timeout=max(0.0, min(left, _CHECK_S)))[0]
        except subprocess.TimeoutExpired:
            given = None  # it goes on with what it has been given
            if left <= _CHECK_S:
                raise
            check()


def start_git(
    arguments: Sequence[str],
    *,
    directory: Path | None = None,
    protocol: str = "",
    extra_environment: Mapping[str, str] | None = None,
    stdin: int = subprocess.DEVNULL,
    stderr: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start git in a session of its own, stdout on an unbuffered pipe; end it with stop_git. Raises GitMissing."""
    settings = [*_SETTINGS, *([f"protocol.{protocol}.allow=always"] if protocol else [])]
    options = [part for setting in settings for part in ("-c", setting)]
    place = [] if directory is None else ["-C", os.fspath(directory)]
    environment = _environment(extra_environment or {}, networked=bool(protocol))
    try:
        return subprocess.Popen(
            ["git", "--no-pager", *options, *place, *arguments],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            bufsize=0,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        raise GitMissing(f"cannot run the git command ({error.strerror}): install git") from error


def stop_git(process: subprocess.Popen[bytes]) -> None:
    """End the process and its children if any still runs, and close its pipes."""
    if process.poll() is None:
        _signal(process, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_S)
        _signal(process, signal.SIGKILL)  # whatever ignored the first one, children included
        process.wait(_GRACE_S)
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # it ended meanwhile
        os.killpg(process.pid, number)


def _environment(extra: Mapping[str, str], *, networked: bool) -> dict[str, str]:
    """That of a git call, with `extra`. The system's git configuration may hold certificates: the network needs it.

    Our own settings are no business of git and its helpers: they hold passwords and keys.
    """
    dropped = ("GIT_", "PAMPAX_")
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(dropped) or name in _KEPT_VARIABLES
    }
    kept |= extra
    ssh = kept.get("GIT_SSH_COMMAND", "ssh")
    return kept | {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "SSH_ASKPASS": "true",
        "SSH_ASKPASS_REQUIRE": "never",
        "GCM_INTERACTIVE": "never",
        "GIT_SSH_COMMAND": f"{ssh} -oBatchMode=yes -oConnectTimeout=15",
        "GIT_CONFIG_NOSYSTEM": "0" if networked else "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
    }


class _Tail(threading.Thread):
    """Reads a pipe to its end and remembers the last bytes."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(daemon=True)
        self._descriptor = descriptor
        self._kept = b""

    def run(self) -> None:
        try:
            while chunk := os.read(self._descriptor, 4096):
                self._kept = (self._kept + chunk)[-_STDERR_BYTES:]
        finally:
            os.close(self._descriptor)

    def text(self) -> str:
        return self._kept.decode("utf-8", "replace")
