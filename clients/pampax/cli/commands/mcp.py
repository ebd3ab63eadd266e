"""pampax mcp"""

from __future__ import annotations

import click

from pampax.cli.group import OptionsCommand
from pampax.cli.session import Session, with_session
from pampax.core.errors import ConfigError

EPILOG = """\b
Examples:
  claude mcp add pampax -- pampax mcp
  pampax mcp --endpoint https://pampax.example.com --token-file ~/.pampax-key
"""


@click.command("mcp", cls=OptionsCommand, short_help="Serve agents over stdio (Model Context Protocol)", epilog=EPILOG)
@with_session
def command(session: Session) -> None:
    """Serve an agent over standard input and output, by the Model Context Protocol; agents start this themselves.

    The same tools are served over HTTP at /mcp of every endpoint, with the API key as bearer token.
    """
    with session.client() as client:
        client.operations(1)  # an endpoint that is away or a key that is wrong is told of now, on standard error
        try:
            from pampax.cli.mcp.stdio import serve
        except ModuleNotFoundError as error:
            raise ConfigError(
                f"this installation cannot serve agents ({error.name} is missing): pip install 'pampax[mcp]'"
            ) from error
        serve(client)
