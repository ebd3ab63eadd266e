"""What a run was taken on, as far as it may explain a figure."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import psutil

from pampax.bench.record import Machine


def this_machine() -> Machine:
    """Its load average is that of now: ask before measuring."""
    return Machine(
        cores=len(psutil.Process().cpu_affinity() or ()) if hasattr(psutil.Process, "cpu_affinity") else _count(),
        processor=_processor(),
        memory_mb=psutil.virtual_memory().total // 1_000_000,
        system=f"{platform.system()} {platform.release()}",
        load_before=os.getloadavg(),
    )


def _count() -> int:
    return os.cpu_count() or 1


def _processor() -> str:
    """Linux tells the model in a file only; elsewhere the platform module knows."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())
