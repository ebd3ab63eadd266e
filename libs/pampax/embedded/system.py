"""Start, find and stop the system of one data directory: what the command line calls."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pampax.core.errors import ConfigError, Unavailable
from pampax.embedded.account import server_account
from pampax.embedded.awaiting import wait_until_ready
from pampax.embedded.binaries import postgres_bin_dir, valkey_binary
from pampax.embedded.environment import Installation, Secrets
from pampax.embedded.launch import launch_supervisor
from pampax.embedded.layout import DataDir, clear_io_errors
from pampax.embedded.leftovers import end_leftovers
from pampax.embedded.lock import exclusive
from pampax.embedded.ports import choose_ports
from pampax.embedded.postgres import EmbeddedPostgres
from pampax.embedded.process import KILL_TIMEOUT_S, Identity, end, remains, send
from pampax.embedded.services import PORT_NAMES, SUPERVISOR, server_specs, service_specs
from pampax.embedded.spec import Plan, ProcessSpec, write_plan
from pampax.embedded.state import SystemPhase, SystemState, is_led, recorded_state, verified_state, write_state
from pampax.embedded.valkey import EmbeddedValkey

START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 60.0
POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class RunningSystem:
    """A system that answers. `started` is False when it was found running."""

    endpoint: str
    token: str
    data_dir: Path
    state: SystemState
    started: bool
    warnings: tuple[str, ...] = ()  # about its settings, from who started it


def start(
    data_dir: DataDir,
    *,
    port: int | None = None,
    config: str | None = None,
    timeout_s: float = START_TIMEOUT_S,
    on_event: Callable[[str], None] = lambda _line: None,
    services: Callable[[Installation], Sequence[ProcessSpec]] = service_specs,
) -> RunningSystem:
    """Find the system of this data directory or start it, and wait until it answers. It outlives this process.

    `config` names a file with settings other than that of the data directory. Its mistakes are told before anything is
    started. ConfigError, LocalIOError or Unavailable say in words which part failed; nothing is left running then. An
    interrupt ends what was started, too.
    """
    # Here, for the sake of who only looks or stops: reading settings takes as long to import as all the rest.
    from pampax.embedded.configuration import read_configuration, require_same_file

    deadline = time.monotonic() + timeout_s
    with clear_io_errors(data_dir.root):
        loaded = None if is_led(data_dir) else read_configuration(data_dir, config, os.environ)
    data_dir.prepare(server_account())
    with clear_io_errors(data_dir.root), exclusive(data_dir.start_lock_file, deadline):
        _let_stop_finish(data_dir, deadline)
        starts = not is_led(data_dir)
        try:
            if starts:
                loaded = loaded or read_configuration(data_dir, config, os.environ)
                _launch(data_dir, port, loaded.file, on_event, services)
            state = wait_until_ready(data_dir, deadline, on_event)
        except BaseException:
            if starts:
                _end_supervision(data_dir, time.monotonic() + STOP_TIMEOUT_S)
                end_leftovers(data_dir)
            raise
    if not starts and config is not None:
        require_same_file(data_dir, config)
    if port is not None and state.ports.get("gateway") != port:
        raise ConfigError(
            f"the system already runs at {state.endpoint}; `pampax down` first to move it to --port {port}"
        )
    warnings = loaded.warnings if starts and loaded else ()
    return RunningSystem(state.endpoint, state.token, data_dir.root, state, starts, warnings)


def stop(data_dir: DataDir, timeout_s: float = STOP_TIMEOUT_S) -> bool:
    """Leave nothing of this system running; whether anything was."""
    if not data_dir.run.is_dir():
        return False
    deadline = time.monotonic() + timeout_s
    with clear_io_errors(data_dir.root):
        found = _end_supervision(data_dir, deadline)
        with exclusive(data_dir.start_lock_file, time.monotonic() + timeout_s):
            # Somebody may have started it again meanwhile: that system is not the one we were asked to stop.
            return found if is_led(data_dir) else end_leftovers(data_dir) or found


def read_state(data_dir: DataDir) -> SystemState | None:
    """What runs now, each process looked at; None when nothing was ever started here."""
    with clear_io_errors(data_dir.root):
        return verified_state(data_dir)


def _launch(
    data_dir: DataDir,
    port: int | None,
    config: Path | None,
    on_event: Callable[[str], None],
    services: Callable[[Installation], Sequence[ProcessSpec]],
) -> None:
    end_leftovers(data_dir)
    data_dir.require_space()
    installation = _install(data_dir, port, config, on_event)
    specs = (*server_specs(installation), *services(installation))
    plan = Plan(installation.endpoint, installation.secrets.api_key, installation.ports, specs)
    write_plan(data_dir.plan_file, plan)
    write_state(
        data_dir.state_file,
        SystemState(
            state=SystemPhase.STARTING,
            endpoint=plan.endpoint,
            token=plan.token,
            data_dir=str(data_dir.root),
            ports=dict(plan.ports),
        ),
    )
    on_event("starting the services")
    launch_supervisor(data_dir)


def _install(data_dir: DataDir, port: int | None, config: Path | None, on_event: Callable[[str], None]) -> Installation:
    """Everything on disk that the processes need; only the first time is there much to do."""
    previous = recorded_state(data_dir.state_file)
    fixed = {} if port is None else {"gateway": port}
    ports = choose_ports(PORT_NAMES, previous.ports if previous else {}, fixed)
    account = server_account()
    if not (data_dir.postgres / "data").exists():
        on_event(f"preparing a database in {data_dir.root}")
    bin_dir = postgres_bin_dir(data_dir.bin, account)
    postgres = EmbeddedPostgres(data_dir.postgres, bin_dir, ports["postgres"], data_dir.log_of("postgres"), account)
    postgres.prepare()
    binary = valkey_binary(data_dir.bin, account)
    valkey = EmbeddedValkey(data_dir.valkey, binary, ports["valkey"], data_dir.log_of("valkey"), account)
    valkey.prepare()
    return Installation(data_dir, ports, Secrets.of(data_dir), postgres, valkey, config)


def _let_stop_finish(data_dir: DataDir, deadline: float) -> None:
    while is_led(data_dir) and time.monotonic() < deadline:
        state = recorded_state(data_dir.state_file)
        if state is None or state.state not in (SystemPhase.STOPPING, SystemPhase.STOPPED):
            return
        time.sleep(POLL_S)


def _end_supervision(data_dir: DataDir, deadline: float) -> bool:
    """Have the leader stop everything, whoever leads meanwhile; after the deadline end the supervisors themselves."""
    found = False
    told: set[Identity] = set()
    while is_led(data_dir):
        found = True
        if time.monotonic() > deadline:
            end(remains(data_dir, SUPERVISOR))  # perhaps again, when one of them had time to start another
        if time.monotonic() > deadline + KILL_TIMEOUT_S:
            raise Unavailable(f"the supervisors of {data_dir.root} cannot be ended; see {data_dir.log_of(SUPERVISOR)}")
        state = recorded_state(data_dir.state_file)
        if state is not None and state.lead is not None and state.lead not in told:
            told.add(state.lead)
            send(state.lead, signal.SIGTERM)
        time.sleep(POLL_S)
    return found
