"""pampax version"""

from __future__ import annotations

import platform

import click

from pampax.cli.group import OptionsCommand
from pampax.cli.session import Session, with_session
from pampax.core.version import own_version


@click.command("version", cls=OptionsCommand, epilog="\b\nExample:\n  pampax version --json")
@with_session
def command(session: Session) -> None:
    """Tell which version this is."""
    tell_version(session)


def tell_version(session: Session) -> None:
    found = own_version()
    if session.json:
        session.screen.document({"version": found, "python": platform.python_version()})
    else:
        session.screen.line(f"pampax {found}")
