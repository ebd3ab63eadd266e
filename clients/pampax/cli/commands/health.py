"""pampax health"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pampax.cli import words
from pampax.cli.group import OptionsCommand
from pampax.cli.screen import style_of
from pampax.cli.session import Session, with_session
from pampax.cli.values import NearestChoice
from pampax.core.choices import HEALTH_SERVICES

if TYPE_CHECKING:
    from pampax.client.health import Health

EPILOG = """\b
Examples:
  pampax health
  pampax health --service search    search and all that it needs
  pampax health --json              with what each service tells of itself
  pampax health --quiet && echo fine
"""
FAILED = 4


@click.command("health", cls=OptionsCommand, short_help="Check every part of the system", epilog=EPILOG)
@click.option(
    "--service",
    type=NearestChoice(HEALTH_SERVICES),
    default="all",
    help="Only the parts that this one needs: " + ", ".join(HEALTH_SERVICES) + ".",
)
@click.pass_context
@with_session
def command(session: Session, ctx: click.Context, service: str) -> None:
    """Check every part of the system. Exit code 0 when it is ok or degraded, 4 when it failed or does not answer."""
    with session.client() as client:
        health = client.health("" if service == "all" else service)
    if session.json:
        session.screen.document(health.document())
    elif not session.quiet:
        _show(session, health)
    if health.status == "degraded":
        session.hint("degraded: it answers, but not with everything")
    if health.status == "failed":
        ctx.exit(FAILED)


def _show(session: Session, health: Health) -> None:
    screen = session.screen
    screen.line((health.status, style_of(health.status)), "  ", session.target.endpoint)
    rows = [
        (part.name, part.status, words.duration(part.took_ms), part.advice or part.detail) for part in health.components
    ]
    screen.table(("PART", "STATE", "TOOK", "WHAT"), rows)
