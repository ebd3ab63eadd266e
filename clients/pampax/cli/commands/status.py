"""pampax status"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pampax.cli import words
from pampax.cli.group import OptionsCommand
from pampax.cli.indexing.progress import pace
from pampax.cli.repository_table import show_repository
from pampax.cli.screen import style_of
from pampax.cli.session import Session, with_session
from pampax.cli.values import TEXT
from pampax.core.errors import DeadlineExceeded, NotFound, Unavailable

if TYPE_CHECKING:
    from pampax.client.client import Client
    from pampax.client.repository import Quarantine, Repository
    from pampax.embedded.state import SystemState

SHOWN_FILES = 10
EPILOG = """\b
Examples:
  pampax status                 the processes of the system here
  pampax status my-repo         what is indexed of a repository, and whether its source has moved on
  pampax status --json
"""


@click.command(
    "status", cls=OptionsCommand, short_help="Show what runs here, or how fresh a repository is", epilog=EPILOG
)
@click.argument("repository", metavar="[REPO]", required=False, type=TEXT)
@with_session
def command(session: Session, repository: str | None) -> None:
    """Show the system that runs on this machine, or how fresh a repository is.

    A repository is held against its source, which is asked for that: current, behind by so many commits, diverged (its
    commit is gone from the source's history) or unknown, with the reason.
    """
    if repository is None:
        _show_system(session)
        return
    with session.client() as client:
        found = client.repository(repository)
        operations = [each for each in client.operations() if each.repository == found.name]
        freshness = _freshness(client, found)
        quarantine = _quarantine(client, found)
    running = next((each for each in operations if not each.done), None)
    last = operations[0] if operations and operations[0].state in ("failed", "partial") else None
    if session.json:
        latest = running or last
        operation = latest.document() if latest else None
        document = {**found.document(), "freshness": freshness, "operation": operation}
        session.screen.document({**document, "quarantine": quarantine.document()})
        return
    show_repository(session, found)
    if found.refs:
        _show_freshness(session, freshness)
    _show_quarantine(session, quarantine)
    if running is not None:
        progress = running.progress
        done = f" {words.number(progress.done)} of {words.number(progress.total)}" if progress.total else ""
        speed = pace(running.stage, progress.rate, progress.remaining_s)
        session.screen.line((f"indexing: {running.stage}{done}" + (f", {speed}" if speed else ""), "yellow"))
    if last is not None and last.error is not None:
        session.screen.line((f"the last indexing failed ({last.error.reason}): {last.error.detail}", "red"))
    if last is not None and last.result is not None and last.result.missing_count:
        left_out = words.counted(last.result.missing_count, "file")
        session.screen.line((f"the last indexing left {left_out} out because something failed", "red"))


def _quarantine(client: Client, found: Repository) -> Quarantine:
    """Nothing where that is not known, as with a gateway that is older than this command."""
    from pampax.client.repository import Quarantine

    if found.refs:
        try:
            return client.quarantine(found.name)
        except (DeadlineExceeded, NotFound, Unavailable):
            pass  # told by the freshness
    return Quarantine(files=[], total=0)


def _show_quarantine(session: Session, quarantine: Quarantine) -> None:
    if not quarantine.total:
        return
    broke = f"{words.counted(quarantine.total, 'file')} broke a parser and will not be tried again"
    session.screen.line((f"{broke}: index with --retry-quarantined to do so", "yellow"))
    for each in quarantine.files[:SHOWN_FILES]:
        what = "as plain lines" if each.by_lines else "left out"
        session.screen.line((f"  {what} ({each.reason}): ", "yellow"), each.path)
    if quarantine.total > SHOWN_FILES:
        session.screen.line((f"  and {quarantine.total - SHOWN_FILES} more", "yellow"))


def _freshness(client: Client, found: Repository) -> dict[str, Any]:
    """A source that cannot be asked is a state as well; everything else here is known without it."""
    detail = "nothing is published yet"
    if found.refs:
        try:
            return client.freshness(found.name).document()
        except (DeadlineExceeded, NotFound, Unavailable) as error:
            detail = error.message
    return {"state": "unknown", "behind": 0, "source_commit": "", "checked_at": "", "detail": detail}


def _show_freshness(session: Session, freshness: dict[str, Any]) -> None:
    state, behind = freshness["state"], freshness["behind"]
    ahead = f" by {words.counted(behind, 'commit')}" if behind else ""
    detail = f": {freshness['detail']}" if freshness["detail"] else ""
    commit = f" (the source is at {words.commit(freshness['source_commit'])})" if ahead else ""
    session.screen.line((f"{state}{ahead}", style_of(state)), f"{detail}{commit}")


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
