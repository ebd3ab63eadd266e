"""Memory and disk as the kernel tells them: of this process, and of what it shares its limits with."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/")

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_UNIFIED = Path("sys/fs/cgroup")
_LEGACY = Path("sys/fs/cgroup/memory")


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes. `used` is what cannot be had back at once by all processes under `limit`; 0 for what is not known."""

    resident: int = 0
    used: int = 0
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes; `free` is what an ordinary user may still write."""

    free: int
    total: int


def memory(root: Path = ROOT) -> Memory:
    """Of this process, under the tightest control group that holds it, or the machine. A few small files are read."""
    machine = _machine(root)
    groups = [group for folder in _groups(root) if (group := _group(folder)) is not None]
    tightest = min((group for group in groups if group.limit <= machine.limit), key=_limit, default=machine)
    return Memory(_resident(root), tightest.used, tightest.limit)


def disk(path: Path) -> Disk | None:
    """The file system that holds the path, or would hold it; None when that cannot be told."""
    existing = next((folder for folder in (path, *path.parents) if folder.exists()), None)
    try:
        usage = shutil.disk_usage(existing) if existing is not None else None
    except OSError:
        return None
    return Disk(usage.free, usage.total) if usage else None


def _limit(group: Memory) -> int:
    return group.limit


def _resident(root: Path) -> int:
    fields = _read(root / "proc/self/statm").split()
    return int(fields[1]) * _PAGE_BYTES if len(fields) > 1 else 0


def _machine(root: Path) -> Memory:
    fields = dict(line.split(":", 1) for line in _read(root / "proc/meminfo").splitlines() if ":" in line)
    total, available = (int(fields.get(name, "0").split()[0]) * 1024 for name in ("MemTotal", "MemAvailable"))
    return Memory(used=total - available, limit=total)


def _groups(root: Path) -> list[Path]:
    """The folders of the control groups that hold this process, its own first; inside a container that is the root."""
    found = []
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        base = {"": _UNIFIED, "memory": _LEGACY}.get(controllers)
        if base is not None:
            own = root / base / path.lstrip("/")
            found += [folder for folder in (own, *own.parents) if folder.is_relative_to(root / base)]
    return found


def _group(folder: Path) -> Memory | None:
    """None for a group without a limit."""
    names = ("memory.max", "memory.current", "inactive_file")
    if not (folder / names[0]).exists():
        names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
    limit, usage = _read(folder / names[0]).strip(), _read(folder / names[1]).strip()
    if not (limit.isdecimal() and usage.isdecimal()):
        return None
    stat = dict(line.split(" ", 1) for line in _read(folder / "memory.stat").splitlines() if " " in line)
    return Memory(used=max(0, int(usage) - int(stat.get(names[2], "0"))), limit=int(limit))


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace")
    except OSError:
        return ""
