"""A file lock with a deadline, freed by the system when its holder dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pampax.core.errors import Unavailable

POLL_S = 0.05


@contextmanager
def exclusive(path: Path, deadline: float) -> Iterator[None]:
    """Hold the lock for the block. Unavailable when another holds it until `deadline` (of `time.monotonic`)."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _acquire(descriptor, path, deadline)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: Path, deadline: float) -> None:
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise Unavailable(f"another command is starting or stopping this system ({path}); try again") from error
        time.sleep(POLL_S)
