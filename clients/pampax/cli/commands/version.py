"""pampax version"""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import click

from pampax.cli.group import OptionsCommand
from pampax.cli.session import Session, with_session


@click.command("version", cls=OptionsCommand, epilog="\b\nExample:\n  pampax version --json")
@with_session
def command(session: Session) -> None:
    """Tell which version this is."""
    tell_version(session)


def tell_version(session: Session) -> None:
    try:
        found = version("pampax")
    except PackageNotFoundError:
        found = "0"
    if session.json:
        session.screen.document({"version": found, "python": platform.python_version()})
    else:
        session.screen.line(f"pampax {found}")
