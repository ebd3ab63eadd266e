"""Who works, judged by heartbeats, and whether work waits too long."""

from __future__ import annotations

from collections.abc import Sequence

from pampax.gateway.health import parts
from pampax.gateway.health.answers import QueueState
from pampax.gateway.health.parts import Part, part
from pampax.storage.heartbeats import Heartbeat

# An operation that nobody has taken up for so long waits for a worker that is not there or not enough.
PATIENCE_S = 60.0

_START = "start one with `python -m pampax.indexing worker`"


def workers(heartbeats: Sequence[Heartbeat]) -> Part:
    """A process that is frozen or gone, or that nobody hands work to, is seen within 15 s or 20."""
    alive = [each for each in heartbeats if each.alive]
    silent = [each for each in heartbeats if not each.alive]
    orphans = [each for each in alive if not each.led]
    busy = sum(each.busy for each in alive)
    return part(parts.WORKERS, _advice(alive, silent, orphans), f"{len(alive)} alive, {busy} at work")


def queue(state: QueueState) -> Part:
    """How many wait is told by metrics alone: other tenants' work is among them."""
    detail = f"the oldest waits {_seconds(state.oldest_waiting_s)}" if state.waiting else "nothing waits"
    advice = ""
    if state.oldest_waiting_s > PATIENCE_S:
        advice = (
            f"an operation waits for {_seconds(state.oldest_waiting_s)}: start more workers, or see why those that "
            "there are do not take it up"
        )
    return part(parts.QUEUE, advice, detail)


def _advice(alive: Sequence[Heartbeat], silent: Sequence[Heartbeat], orphans: Sequence[Heartbeat]) -> str:
    if not alive and not silent:
        return f"no worker was heard of: {_START}"
    if not alive:
        last = min(silent, key=_silence)
        return (
            f"no worker is alive, {last.pid} on {last.host} was heard of {_seconds(last.silent_s)} ago: see its log, "
            f"restart it or {_START}"
        )
    if silent:
        last = min(silent, key=_silence)
        return (
            f"{len(silent)} of {len(alive) + len(silent)} processes silent, {last.pid} on {last.host} for "
            f"{_seconds(last.silent_s)}: frozen or gone; if it is not replaced within minutes, restart its worker"
        )
    if orphans:
        first = orphans[0]
        return (
            f"process {first.parent_pid} on {first.host}, which hands out the work, is silent for "
            f"{_seconds(first.parent_silent_s)}: restart that worker"
        )
    return ""


def _silence(heartbeat: Heartbeat) -> float:
    return heartbeat.silent_s


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
