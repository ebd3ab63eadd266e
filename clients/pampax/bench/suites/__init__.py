"""What is measured, a module each: every suite begins with a new system and ends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from pampax.bench.figures import Figure
from pampax.bench.suites import bundles, indexing, memory, quality, scale, serving, starting, telemetry
from pampax.bench.suites.job import Job

QUALITY, SCALE, BUNDLES = "quality", "scale", "bundles"
# By name, in the order in which they run.
SUITES: Mapping[str, Callable[[Job], list[Figure]]] = MappingProxyType(
    {
        "start": starting.measure,
        "index": indexing.measure,
        "serve": serving.measure,
        "memory": memory.measure,
        "telemetry": telemetry.measure,
        QUALITY: quality.measure,
        SCALE: scale.measure,
        BUNDLES: bundles.measure,
    }
)
