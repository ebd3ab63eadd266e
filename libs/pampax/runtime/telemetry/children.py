"""Metrics of a worker whose jobs run in forked children: each process writes its own files, one reader adds them up.

    folder = share_metrics()             # first of all: before prometheus_client is imported anywhere
    show_metrics(settings, address, *reader(folder))

What a child has counted stays counted when it dies, however it dies: its files are folded into one that has no process.
"""

from __future__ import annotations

import atexit
import inspect
import os
import shutil
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Metric

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_PREFIX = "pampax-metrics-"
# Memory: a file that is mapped on a disk that is full would kill the process that writes to it.
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of a name that nobody can guess, for us alone, is made in it
_HOUSEKEEPING_S = 10.0
# A file is empty for a moment after it was made.
_TRIES = 3
_MOMENT_S = 0.01


def share_metrics() -> Path:
    """A private folder for the files of this process and of its children; it goes when this process ends.

    What killed processes have left behind goes now. RuntimeError when it is too late: the library decides at its
    import how values are kept.
    """
    if "prometheus_client" in sys.modules:
        raise RuntimeError("prometheus_client was imported before its values could be shared")
    home = _MEMORY if os.access(_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    _remove_leftovers(home)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=home))
    os.environ[VARIABLE] = str(folder)
    owner = os.getpid()

    def remove() -> None:
        if os.getpid() == owner:
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return folder


def reader(folder: Path) -> tuple[Callable[[], CollectorRegistry], Callable[[], None]]:
    """What `show_metrics` takes: where the values come from, and what is to be done between scrapes."""
    _hold_lock_while_forking()
    files = _Files(folder)
    return files.registry, files.fold_now_and_then


class _Files:
    """`counter_<pid>.db`, `histogram_<pid>.db`, `gauge_<mode>_<pid>.db`; the format is prometheus_client's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._due = 0.0

    def registry(self) -> CollectorRegistry:
        """All values added up, and what this process itself uses."""
        from prometheus_client import CollectorRegistry, ProcessCollector

        summed = CollectorRegistry()
        with self._lock:
            self._fold()
            summed.register(_Collected(self._collect()))
        ProcessCollector(registry=summed)
        return summed

    def fold_now_and_then(self) -> None:
        """For a worker that nobody scrapes: the files of children that were replaced must not pile up."""
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + _HOUSEKEEPING_S
            with self._lock:
                self._fold()

    def _collect(self) -> list[Metric]:
        from prometheus_client.multiprocess import MultiProcessCollector

        collector = MultiProcessCollector(None, str(self._folder))
        for _ in range(_TRIES - 1):
            with suppress(struct.error):
                return list(collector.collect())
            time.sleep(_MOMENT_S)
        return list(collector.collect())

    def _fold(self) -> None:
        from prometheus_client.multiprocess import mark_process_dead

        for path in self._folder.glob("*_*.db"):
            kind, _, pid = path.stem.rpartition("_")
            if not pid.isdigit() or _is_alive(int(pid)):
                continue
            if kind.startswith("gauge"):
                mark_process_dead(int(pid), str(self._folder))
            else:
                _add(path, self._folder / f"{kind}_gone.db")
                path.unlink()


class _Collected:
    """A collector of what was collected already."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> list[Metric]:
        return self._metrics


def _add(source: Path, target: Path) -> None:
    from prometheus_client.mmap_dict import MmapedDict

    total = MmapedDict(str(target))
    with suppress(struct.error):  # a file that its process did not come to write to
        for key, value, _, _ in MmapedDict.read_all_values_from_file(str(source)):
            so_far, _ = total.read_value(key)
            total.write_value(key, so_far + value, 0.0)
    total.close()


def _is_alive(pid: int) -> bool:
    """Whether it is one of our group, as our children are: a number may have gone to another program meanwhile."""
    try:
        return os.getpgid(pid) == os.getpgrp()
    except ProcessLookupError:
        return False


def _hold_lock_while_forking() -> None:
    """A child that is forked while a thread of ours writes would inherit the library's lock as taken, for ever."""
    from prometheus_client.values import ValueClass

    lock = inspect.getclosurevars(ValueClass.inc).nonlocals.get("lock")
    if lock is not None:
        os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)


def _remove_leftovers(home: Path) -> None:
    for folder in home.glob(f"{_PREFIX}*-*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdigit() and not _exists(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)  # another user's stays


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
