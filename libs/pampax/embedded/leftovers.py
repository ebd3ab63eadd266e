"""End what outlived both supervisors, or what one stop could not end: recorded or not, and nobody else's."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from pampax.embedded.layout import DataDir
from pampax.embedded.process import end, is_alive, remains
from pampax.embedded.spec import Plan, read_plan
from pampax.embedded.state import ServicePhase, SystemPhase, SystemState, recorded_state, write_state


def end_leftovers(data_dir: DataDir) -> bool:
    """Leave nothing running and say so in the state; whether there was anything. Only while no supervisor leads."""
    state = recorded_state(data_dir.state_file)
    found = _end_recorded(data_dir, state) if state is not None else False
    homes = (data_dir.postgres / "data", data_dir.valkey / "data")
    strays = remains(data_dir, homes=homes)
    end(strays)
    if state is not None and state.state is not SystemPhase.STOPPED:
        with suppress(OSError):  # a full disk is no reason not to stop: whoever reads the state looks at the processes
            write_state(data_dir.state_file, _stopped(state))
    return found or bool(strays)


def _end_recorded(data_dir: DataDir, state: SystemState) -> bool:
    """Politely and in order, as the leader would have done."""
    recorded = ((service.name, service.identity) for service in state.services)
    alive = {name: identity for name, identity in recorded if identity is not None and is_alive(identity)}
    for spec in sorted(_plan(data_dir).specs, key=lambda spec: spec.stop_stage) if alive else ():
        if spec.name in alive:
            end([alive[spec.name]], spec.stop_signal, spec.stop_timeout_s)
    end(alive.values())
    return bool(alive)


def _plan(data_dir: DataDir) -> Plan:
    with suppress(OSError, ValueError, KeyError, TypeError):
        return read_plan(data_dir.plan_file)
    return Plan("", "", {}, ())


def _stopped(state: SystemState) -> SystemState:
    services = tuple(
        replace(service, state=ServicePhase.STOPPED, pid=None, create_time=None) for service in state.services
    )
    return replace(
        state, state=SystemPhase.STOPPED, services=services,
        lead_pid=None, lead_create_time=None, standby_pid=None, standby_create_time=None,
    )  # fmt: skip
