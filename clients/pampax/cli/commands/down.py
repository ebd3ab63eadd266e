"""pampax down"""

from __future__ import annotations

import click

from pampax.cli.group import OptionsCommand
from pampax.cli.session import Session, with_session

EPILOG = """\b
Examples:
  pampax down
  pampax down --data-dir /tmp/trial
"""


@click.command("down", cls=OptionsCommand, short_help="Stop the system on this machine", epilog=EPILOG)
@with_session
def command(session: Session) -> None:
    """Stop the system on this machine. Its data stays; stopping twice does no harm."""
    from pampax.embedded.system import stop

    data_dir = session.data_dir
    stopped = stop(data_dir)
    if session.json:
        session.screen.document({"stopped": stopped, "data_dir": str(data_dir.root)})
    elif not session.quiet:
        session.screen.line(f"stopped; the data stays in {data_dir.root}" if stopped else "nothing was running")
