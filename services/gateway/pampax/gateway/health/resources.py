"""Memory, disk and configuration, judged over all processes that have told of theirs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pampax.gateway.health import parts
from pampax.gateway.health.parts import Part, part
from pampax.storage.heartbeats import Heartbeat
from pampax.v1.diagnostics_service_pb2 import Diagnostics

# Of the limit; above it the kernel begins to take away what makes things fast, and soon ends a process.
MEMORY_SHARE = 0.9
# A large repository's clone and one segment of everything that is written beside it.
LEAST_DISK_BYTES = 512 * 1024 * 1024

_MB = 1024 * 1024


def memory(told: Mapping[str, Diagnostics], workers: Sequence[Heartbeat]) -> Part | None:
    """None when nobody has told."""
    used = [(name, each.memory.used_bytes, each.memory.limit_bytes) for name, each in told.items()]
    used += [(_worker(each), each.memory_used_bytes, each.memory_limit_bytes) for each in workers]
    shares = [(amount / limit, name, limit) for name, amount, limit in used if limit]
    if not shares:
        return None
    share, name, limit = max(shares)
    held = [each.memory.resident_bytes for each in told.values()] + [each.resident_bytes for each in workers]
    detail = f"{_processes(len(held))} {megabytes(sum(held))}; {share:.0%} of {megabytes(limit)} in use"
    advice = ""
    if share >= MEMORY_SHARE:
        advice = (
            f"{share:.0%} of the {megabytes(limit)} that {name} may use are in use: give it more memory, or run fewer "
            "processes beside it"
        )
    return part(parts.MEMORY, advice, detail)


def disk(told: Mapping[str, Diagnostics], workers: Sequence[Heartbeat]) -> Part | None:
    """None when nobody writes to one."""
    spaces = [
        (each.disk.free_bytes, each.disk.total_bytes, name) for name, each in told.items() if each.HasField("disk")
    ]
    spaces += [
        (each.disk_free_bytes, each.disk_total_bytes, _worker(each)) for each in workers if each.disk_total_bytes
    ]
    if not spaces:
        return None
    free, total, name = min(spaces)
    advice = ""
    if free < LEAST_DISK_BYTES:
        advice = f"{megabytes(free)} are left where {name} keeps clones, and indexing soon fails: free some space"
    return part(parts.DISK, advice, f"{megabytes(free)} of {megabytes(total)} free")


def configuration(told: Mapping[str, Diagnostics]) -> Part | None:
    """None when nobody has told. The same finding of several services is one."""
    if not told:
        return None
    findings: dict[tuple[str, str], list[str]] = {}
    for name, each in told.items():
        for finding in each.configuration_findings:
            findings.setdefault((finding.setting, finding.advice), []).append(name)
    lines = [f"{setting} {advice} ({_of_services(names, told)})" for (setting, advice), names in findings.items()]
    return part(parts.CONFIGURATION, "; ".join(lines), f"nothing dangerous in {_counted(told)}" if not lines else "")


def megabytes(size: int) -> str:
    """`512 MB`, `3.4 GB`."""
    return f"{size / _MB:.0f} MB" if size < 1024 * _MB else f"{size / _MB / 1024:.1f} GB"


def _processes(count: int) -> str:
    return "1 process holds" if count == 1 else f"{count} processes hold"


def _worker(beat: Heartbeat) -> str:
    return f"worker {beat.pid} on {beat.host}"


def _of_services(names: Sequence[str], told: Iterable[str]) -> str:
    everybody = set(names) == set(told) and len(names) > 1
    return "every service" if everybody else ", ".join(names)


def _counted(told: Mapping[str, Diagnostics]) -> str:
    return "1 service" if len(told) == 1 else f"{len(told)} services"
