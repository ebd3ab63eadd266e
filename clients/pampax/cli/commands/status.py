"""pampax status"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pampax.cli import words
from pampax.cli.group import OptionsCommand
from pampax.cli.repository_table import show_repository
from pampax.cli.screen import style_of
from pampax.cli.session import Session, with_session
from pampax.cli.values import TEXT

if TYPE_CHECKING:
    from pampax.embedded.state import SystemState

EPILOG = """\b
Examples:
  pampax status                 the processes of the system here
  pampax status my-repo         what is indexed of a repository, and how old it is
  pampax status --json
"""


@click.command(
    "status", cls=OptionsCommand, short_help="Show what runs here, or how fresh a repository is", epilog=EPILOG
)
@click.argument("repository", metavar="[REPO]", required=False, type=TEXT)
@with_session
def command(session: Session, repository: str | None) -> None:
    """Show the system that runs on this machine, or how fresh a repository is."""
    if repository is None:
        _show_system(session)
        return
    with session.client() as client:
        found = client.repository(repository)
        operations = [each for each in client.operations() if each.repository == found.name]
    running = next((each for each in operations if not each.done), None)
    failed = operations[0] if operations and operations[0].state == "failed" else None
    if session.json:
        latest = running or failed
        session.screen.document({**found.document(), "operation": latest.document() if latest else None})
        return
    show_repository(session, found)
    if running is not None:
        progress = running.progress
        done = f" {words.number(progress.done)} of {words.number(progress.total)}" if progress.total else ""
        session.screen.line((f"indexing: {running.stage}{done}", "yellow"))
    if failed is not None and failed.error is not None:
        session.screen.line((f"the last indexing failed ({failed.error.reason}): {failed.error.detail}", "red"))


def _show_system(session: Session) -> None:
    from pampax.embedded.state import is_led
    from pampax.embedded.system import read_state

    data_dir = session.data_dir
    state = read_state(data_dir)
    screen = session.screen
    if session.json:
        screen.document(_document(state, str(data_dir.root)))
        return
    if state is None or state.state.value == "stopped":
        screen.line(("stopped", style_of("stopped")))
        session.hint(f"start it with `{session.command('up --detach')}`")
        return
    screen.line((state.state.value, style_of(state.state.value)), "  ", state.endpoint)
    if not is_led(data_dir):
        session.hint(f"no supervisor watches it: `{session.command('up --detach')}` brings one back")
    if session.quiet:
        return
    screen.line(("data  ", "dim"), state.data_dir)
    rows = [
        (service.name, service.state.value, str(service.pid or "-"), service.address or "-", str(service.restarts))
        for service in state.services
    ]
    screen.table(("SERVICE", "STATE", "PID", "ADDRESS", "RESTARTS"), rows)


def _document(state: SystemState | None, data_dir: str) -> dict[str, Any]:
    if state is None:
        return {"state": "stopped", "endpoint": "", "data_dir": data_dir, "services": []}
    services = [
        {
            "name": service.name,
            "pid": service.pid,
            "address": service.address,
            "state": service.state.value,
            "restarts": service.restarts,
            "metrics": service.metrics,
        }
        for service in state.services
    ]
    return {"state": state.state.value, "endpoint": state.endpoint, "data_dir": state.data_dir, "services": services}
