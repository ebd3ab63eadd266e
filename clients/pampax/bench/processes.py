"""Processor time and memory of the processes that a system consists of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import psutil

_MB = 1e6


class Processes:
    """The services of one system, each with all its descendants, and the supervisors above them."""

    def __init__(self, pids: Mapping[str, int], data_dir: Path) -> None:
        self._services = {name: psutil.Process(pid) for name, pid in pids.items()}
        self._supervisors = _supervisors(self._services.values(), str(data_dir))

    def cpu_s(self) -> float:
        """Processor seconds since each process began, those of ended children included."""
        mains = [*self._services.values(), *self._supervisors]
        tree = {process.pid: process for main in mains for process in (main, *_descendants(main))}
        return sum(map(_spent, tree.values()))

    def resident_mb(self) -> dict[str, float]:
        """Per service: its memory with what its descendants have for themselves: what they share counts once."""
        return {
            name: (_resident(process) + sum(map(_own, _descendants(process)))) / _MB
            for name, process in self._services.items()
        }

    def peak_mb(self) -> dict[str, float]:
        """Per service: the most that its main process ever had, with what its descendants have now.

        Where the system keeps no such mark (it does on Linux), what it has now.
        """
        return {
            name: (_high_water(process) + sum(map(_own, _descendants(process)))) / _MB
            for name, process in self._services.items()
        }

    def largest_mb(self, service: str) -> float:
        """The most that one process of this service ever had, of those that run now."""
        process = self._services[service]
        return max(map(_high_water, (process, *_descendants(process)))) / _MB


def _supervisors(services: Iterable[psutil.Process], data_dir: str) -> list[psutil.Process]:
    """The parents of the services that were started for this data directory."""
    found: dict[int, psutil.Process] = {}
    for service in services:
        try:
            parent = service.parent()
            if parent is not None and data_dir in parent.cmdline():
                found[parent.pid] = parent
        except psutil.Error:
            continue
    return list(found.values())


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _spent(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0  # its parent has its time by now
    return float(sum(times[:4]))  # user, system, and both of the children that were waited for


def _resident(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0.0


def _own(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().uss)
    except psutil.Error:
        return 0.0


def _high_water(process: psutil.Process) -> float:
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text("ascii", "replace").splitlines()
    except OSError:
        return _resident(process)
    marks = (int(line.split()[1]) * 1_024.0 for line in lines if line.startswith("VmHWM:"))
    return next(marks, 0.0) or _resident(process)
