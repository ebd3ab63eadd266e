"""Wait for a system that is being started, telling what becomes ready and, if it fails, which part and why."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from pampax.core.errors import ConfigError, PampaxError, Unavailable
from pampax.embedded.foreground import last_lines
from pampax.embedded.layout import DataDir
from pampax.embedded.services import SUPERVISOR
from pampax.embedded.state import ServicePhase, ServiceState, SystemPhase, SystemState, is_led, recorded_state

POLL_S = 0.05
UNLED_S = 5.0  # between the death of a leader and the start of the next, or before the first holds the lock
DEGRADED_S = 10.0  # a system that was found running is returned as it is after so long
FAILED_STARTS = 3  # a service that ended so often and was never ready will not come up by itself
MOST_WORDS = 3  # lines of a log in an error
MOST_CHARS = 300  # of each
USAGE_EXIT_CODE = 2  # of a process that finds its settings wrong


def wait_until_ready(data_dir: DataDir, deadline: float, on_event: Callable[[str], None]) -> SystemState:
    """The state once every service is ready, or has been and one does not come back within `DEGRADED_S`.

    Unavailable or ConfigError name the part that failed.
    """
    reported: set[str] = set()
    began = led_at = time.monotonic()
    while True:
        now = time.monotonic()
        state = recorded_state(data_dir.state_file)
        led_at = now if is_led(data_dir) else led_at
        if state is not None:
            _report(state, reported, on_event)
            if state.state is SystemPhase.READY or (state.state is SystemPhase.DEGRADED and now - began > DEGRADED_S):
                return state
        trouble = _trouble(data_dir, state, unled_s=now - led_at, late=now > deadline)
        if trouble is not None:
            raise trouble
        time.sleep(POLL_S)


def _report(state: SystemState, reported: set[str], on_event: Callable[[str], None]) -> None:
    ready = [service.name for service in state.services if service.state is ServicePhase.READY]
    for name in [*state.completed, *ready]:
        if name not in reported:
            reported.add(name)
            on_event(f"{name} {'done' if name in state.completed else 'ready'}")


def _trouble(data_dir: DataDir, state: SystemState | None, *, unled_s: float, late: bool) -> PampaxError | None:
    if state is not None and state.state is SystemPhase.STOPPED:
        return Unavailable("the system was stopped while it was starting; run `pampax up` again")
    if unled_s > UNLED_S:
        return Unavailable(f"the supervisor ended; {_last_words(data_dir, SUPERVISOR)}")
    services = state.services if state is not None else ()
    if state is not None and state.state is SystemPhase.STARTING:
        failed = (item for item in services if item.restarts >= FAILED_STARTS)
        never_up = next((item for item in failed if item.state is not ServicePhase.READY), None)
        if never_up is not None:
            return _failed(data_dir, never_up)
    return _too_late(data_dir, services) if late else None


def _failed(data_dir: DataDir, service: ServiceState) -> PampaxError:
    kind = ConfigError if service.exit_code == USAGE_EXIT_CODE else Unavailable
    how = "" if service.exit_code is None else f" (exit code {service.exit_code})"
    return kind(f"{service.name} does not start{how}; {_last_words(data_dir, service.name)}")


def _too_late(data_dir: DataDir, services: tuple[ServiceState, ...]) -> PampaxError:
    pending = [service for service in services if service.state is not ServicePhase.READY]
    # What only waits for another is not to blame.
    culprit = next((service for service in pending if service.state is not ServicePhase.WAITING), None)
    if culprit is None:
        return Unavailable(f"the system was not ready in time; {_last_words(data_dir, SUPERVISOR)}")
    names = ", ".join(service.name for service in pending)
    return Unavailable(f"not ready in time: {names}; {_last_words(data_dir, culprit.name)}")


def _last_words(data_dir: DataDir, name: str) -> str:
    """What a person needs of the end of a log: the last few different things said in it, without their tracebacks."""
    log_file = data_dir.log_of(name)
    said = list(dict.fromkeys(_said(line) for line in last_lines(log_file)))[-MOST_WORDS:]
    return f"its log {log_file} is empty" if not said else "\n  ".join([f"the last words of {log_file}:", *said])


def _said(line: str) -> str:
    """A line of plain text as it is; of a JSON line its message and what the exception came to."""
    try:
        entry = json.loads(line)
        exception = str(entry.get("exception", "")).strip().rpartition("\n")[2]
        said = ": ".join(part for part in (str(entry["msg"]), exception) if part)
    except (ValueError, KeyError, AttributeError):
        said = line
    return said if len(said) <= MOST_CHARS else said[: MOST_CHARS - 1] + "…"
