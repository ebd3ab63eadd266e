"""The pulse of a worker: its processes see each other live, and a file shows it to whoever watches the whole.

Each process has a place in memory that all share and writes the time into it, from a thread, so that neither a long
step nor a database that is away silences it: only a process that is frozen or gone falls silent. The parent kills a
child that does, and Celery puts another in its place. The file is touched while the parent lives, from when its first
child was ready; `pampax.embedded` and probes of containers look at its age.
"""

from __future__ import annotations

import mmap
import os
import signal
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from pampax.runtime.logging import get_logger

PERIOD_S = 2.0
# Looks without a sign of life after which a child is killed: a minute, counted in looks, so that a parent that was
# frozen together with its children gives them time when both wake up.
PATIENCE = 30

_PLACE = struct.Struct("=dq")  # time.monotonic(), pid

_log = get_logger()


class Pulse:
    """Made by the parent before it forks. `place` 0 is the parent's, the children have 1 to `children`."""

    def __init__(self, children: int) -> None:
        self._children = children
        self._shared = mmap.mmap(-1, _PLACE.size * (1 + children))

    def beat(self, place: int) -> None:
        """Microseconds, and nothing that could wait."""
        if place <= self._children:
            _PLACE.pack_into(self._shared, _PLACE.size * place, time.monotonic(), os.getpid())

    def silent_s(self, place: int) -> float:
        """Since the last beat; endless when there was none."""
        beaten, pid = self._read(place)
        return time.monotonic() - beaten if pid else float("inf")

    def beats(self) -> dict[int, tuple[float, int]]:
        """The last beat and process of each child's place that was ever taken."""
        found = {place: self._read(place) for place in range(1, 1 + self._children)}
        return {place: last for place, last in found.items() if last[1]}

    def _read(self, place: int) -> tuple[float, int]:
        beaten, pid = _PLACE.unpack_from(self._shared, _PLACE.size * place)
        return float(beaten), int(pid)


class ChildPulse:
    """In a child: beats until closed."""

    def __init__(self, pulse: Pulse, place: int, *, period_s: float = PERIOD_S) -> None:
        self._beat: Callable[[], None] = lambda: pulse.beat(place)
        self._thread = _Repeated("pulse", self._beat, period_s)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._thread.close()


class ParentPulse:
    """In the parent: beats, touches `file` and looks after the children, until closed."""

    def __init__(self, pulse: Pulse, file: Path, *, period_s: float = PERIOD_S, patience: int = PATIENCE) -> None:
        self._pulse = pulse
        self._file = file
        self._patience = patience
        self._unchanged: dict[tuple[float, int], int] = {}  # looks at which a beat was the last one
        self._writable = True
        self._thread = _Repeated("pulse", self._look, period_s)

    def start(self) -> None:
        self._remove()  # what an earlier life has left
        self._thread.start()

    def close(self) -> None:
        self._thread.close()
        self._remove()

    def _remove(self) -> None:
        with suppress(OSError):  # a folder that is not there, or not ours: `_touch` tells
            self._file.unlink(missing_ok=True)

    def _look(self) -> None:
        self._pulse.beat(0)
        beats = self._pulse.beats()
        if beats:
            self._touch()
        self._unchanged = {last: self._unchanged.get(last, -1) + 1 for last in beats.values()}
        for (_, pid), looks in self._unchanged.items():
            if looks >= self._patience and _is_child(pid):
                _log.error("child killed", op="pulse", child=pid, looks=looks)
                with suppress(ProcessLookupError):  # the pool may have seen its end in between
                    os.kill(pid, signal.SIGKILL)

    def _touch(self) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.touch()
        except OSError as error:
            if self._writable:
                _log.error("pulse not written", op="pulse", detail=str(error))
            self._writable = False
        else:
            self._writable = True


class _Repeated:
    """A thread that does something at once and then again after each period, whatever comes of it."""

    def __init__(self, name: str, work: Callable[[], None], period_s: float) -> None:
        self._work = work
        self._period_s = period_s
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        self._thread.join(self._period_s)

    def _run(self) -> None:
        while not self._closing.is_set():
            self._work()
            self._closing.wait(self._period_s)


def _is_child(pid: int) -> bool:
    """A number may be somebody else's by now; where the system does not tell whose child it is, nobody is killed."""
    try:
        return bool(psutil.Process(pid).ppid() == os.getpid())
    except psutil.Error:
        return False
