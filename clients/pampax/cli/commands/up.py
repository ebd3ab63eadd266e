"""pampax up"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from pampax.cli.group import OptionsCommand
from pampax.cli.screen import note
from pampax.cli.session import Session, with_session
from pampax.core.errors import Unavailable

if TYPE_CHECKING:
    from pampax.embedded.system import RunningSystem

EPILOG = """\b
Examples:
  pampax up                            run until Ctrl-C
  pampax up --detach                   run in the background; `pampax down` stops it
  pampax up --detach --json            print endpoint, token and data_dir
  pampax up --data-dir /tmp/trial      another system beside the first
  pampax up --config FILE              with settings of your own; `pampax config init` writes such a file
"""
LOOK_S = 0.5
# Between the death of a supervisor and the next one.
UNLED_S = 15.0


@click.command("up", cls=OptionsCommand, short_help="Start the whole system on this machine", epilog=EPILOG)
@click.option("--detach", "-d", is_flag=True, help="Return when it answers, and leave it running.")
@click.option("--port", type=click.IntRange(1, 65_535), metavar="N", help="The gateway's port; a free one if absent.")
@click.option("--config", metavar="FILE", help="Settings; PAMPAX_CONFIG or pampax.toml in the data folder if absent.")
@with_session
def command(session: Session, detach: bool, port: int | None, config: str | None) -> None:
    """Start the whole system on this machine: database, cache and services, on loopback.

    Everything lies in one folder (--data-dir) and is there again after the next `pampax up`. A system that runs already
    is found, not started twice.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    running = _start(session, port, config)
    for warning in running.warnings:
        session.hint(f"warning: {warning}")
    _tell(session, running, detach or not running.started)
    sys.stdout.flush()  # a pipe must not hold it back for as long as the system runs
    if detach or not running.started:
        return
    with suppress(KeyboardInterrupt):
        _wait(session)
        return
    _stop(session)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _start(session: Session, port: int | None, config: str | None) -> RunningSystem:
    data_dir = session.data_dir
    if not session.screen.decorated:
        on_event = (lambda text: note(f"pampax: {text}")) if session.verbose else (lambda _text: None)
        from pampax.embedded.system import start

        return start(data_dir, port=port, config=config, on_event=on_event)
    with session.screen.console.status("starting") as status:
        from pampax.embedded.system import start

        return start(data_dir, port=port, config=config, on_event=lambda text: status.update(f"starting: {text}"))


def _tell(session: Session, running: RunningSystem, stays: bool) -> None:
    screen = session.screen
    if session.json:
        screen.event({"endpoint": running.endpoint, "token": running.token, "data_dir": str(running.data_dir)})
        return
    if session.quiet:
        screen.line(running.endpoint)
        return
    screen.line(("PAMPAX is running" if running.started else "PAMPAX runs already", "bold green"))
    screen.line(("  endpoint  ", "dim"), running.endpoint)
    screen.line(("  data      ", "dim"), str(running.data_dir))
    screen.line(("  key       ", "dim"), str(session.data_dir.secrets / "api_key"))
    screen.line("Next:")
    for text in ("index .", 'search "how are retries done?"', "status"):
        screen.line(("  " + session.command(text), "cyan"))
    screen.line(f"Stop it with {session.command('down')}" if stays else "Press Ctrl-C to stop it")
    named = os.environ.get("PAMPAX_ENDPOINT")
    if named and named.rstrip("/") != running.endpoint and session.given.data_dir is None:
        session.hint(f"note: PAMPAX_ENDPOINT is {named}; other commands go there until it is unset")


def _wait(session: Session) -> None:
    """Until the system is stopped by somebody else. Unavailable when nobody looks after it any more."""
    from pampax.embedded.state import SystemPhase, is_led, recorded_state

    led_at = time.monotonic()
    while True:
        time.sleep(LOOK_S)
        if is_led(session.data_dir):
            led_at = time.monotonic()
            continue
        state = recorded_state(session.data_dir.state_file)
        if state is None or state.state is SystemPhase.STOPPED:
            session.hint("pampax: the system was stopped")
            return
        if time.monotonic() - led_at > UNLED_S:
            raise Unavailable(f"the system ended by itself; look at the logs in {session.data_dir.log}")


def _stop(session: Session) -> None:
    from pampax.embedded.system import stop

    session.hint("\npampax: stopping" if session.screen.decorated else "pampax: stopping")
    stop(session.data_dir)
