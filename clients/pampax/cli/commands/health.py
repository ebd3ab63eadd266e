"""pampax health"""

from __future__ import annotations

import click

from pampax.cli import words
from pampax.cli.group import OptionsCommand
from pampax.cli.screen import style_of
from pampax.cli.session import Session, with_session

EPILOG = """\b
Examples:
  pampax health
  pampax health --json
  pampax health --quiet && echo fine
"""
FAILED = 4


@click.command("health", cls=OptionsCommand, short_help="Check every part of the system", epilog=EPILOG)
@click.pass_context
@with_session
def command(session: Session, ctx: click.Context) -> None:
    """Check every part of the system. Exit code 0 when it is ok or degraded, 4 when it failed or does not answer."""
    with session.client() as client:
        health = client.health()
    screen = session.screen
    if session.json:
        screen.document(health.document())
    elif not session.quiet:
        screen.line((health.status, style_of(health.status)), "  ", session.target.endpoint)
        rows = [(part.name, part.status, words.duration(part.took_ms), part.advice) for part in health.components]
        screen.table(("PART", "STATE", "TOOK", "ADVICE"), rows)
    if health.status == "degraded":
        session.hint("degraded: it answers, but not with everything")
    if health.status == "failed":
        ctx.exit(FAILED)
