"""Child processes that run a module of this code for a worker, on pipes."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress

_EXIT_WAIT_S = 1.0
_INHERITED = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "SYSTEMROOT")


def start_child(module: str, *arguments: str, bufsize: int = -1) -> subprocess.Popen[bytes]:
    """`bufsize` as `subprocess.Popen` takes it."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a traceback could hold source text
        env=_environment(),
        bufsize=bufsize,
        start_new_session=True,  # Ctrl-C on a terminal is for the owner, who then closes the pipe
    )


def end_child(child: subprocess.Popen[bytes]) -> None:
    """By closing its pipes, and by force when it does not go by itself."""
    shut_pipes(child)
    try:
        child.wait(_EXIT_WAIT_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def shut_pipes(child: subprocess.Popen[bytes]) -> None:
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()


def _environment() -> dict[str, str]:
    """Where programs and modules are, and none of the owner's settings and secrets."""
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    return environment
