"""The command `pampax`, and what becomes of everything that goes wrong in it."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from pampax.cli.failures import INTERRUPTED, report
from pampax.cli.given import Given
from pampax.cli.group import OptionsGroup

# In the order of a first day.
COMMANDS = (
    "up",
    "index",
    "watch",
    "search",
    "assemble",
    "bundle",
    "graph",
    "context",
    "status",
    "repos",
    "builds",
    "health",
    "down",
    "mcp",
    "config",
    "bench",
    "version",
)

EPILOG = """\b
First steps:
  pampax up --detach             start everything on this machine
  pampax index .                 index this folder
  pampax search "how are retries done?"
  pampax down

\b
Exit codes:
  0 success, no results included    2 usage, settings or a refused request
  3 files on this machine           4 network or a busy service
  5 timeout                         6 internal error
  7 a benchmark is worse, or an     8 indexed, but files are missing
    index or a bundle differs       130 interrupted
"""


class Commands(OptionsGroup):
    """Imports a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = import_module(f"pampax.cli.commands.{cmd_name}").command
        return found


def _tell_version(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    """The callback of an option that is not eager: by now it is known whether JSON is wanted."""
    if value:
        from pampax.cli.commands.version import tell_version
        from pampax.cli.session import Session

        tell_version(Session(ctx.ensure_object(Given)))
        ctx.exit()


@click.group(
    "pampax",
    cls=Commands,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--version", is_flag=True, expose_value=False, callback=_tell_version, help="The same as `version`.")
def cli() -> None:
    """Ranked code search with evidence, and bundles of code for a task, for people and agents.

    The endpoint and the key come from the options, then PAMPAX_ENDPOINT and PAMPAX_TOKEN (or PAMPAX_TOKEN_FILE), then
    pampax.toml in the current folder, then the system that `pampax up` runs here. An endpoint of pampax.toml is sent
    the key of the token_file beside it and no other.
    """


def run() -> None:
    """Entry point of the command."""
    _prepare_streams()
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run one command; its exit code."""
    given = Given()
    try:
        code = _invoke(list(arguments), given)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever reads us has seen enough, as `head` does.
        _forget_output()
        return 0
    except KeyboardInterrupt as interrupt:
        sys.stderr.write("\n" if sys.stderr.isatty() else "")
        if interrupt.args:
            sys.stderr.write(f"pampax: {interrupt.args[0]}\n")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last one who can tell the user: no traceback reaches a person
        code = report(error, as_json=given.json or "--json" in arguments, verbose=given.verbose)
        try:
            sys.stdout.flush()
        except OSError:
            _forget_output()
        return code


def _forget_output() -> None:
    """What could not be written would be tried once more at the end, and the failure change the exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _invoke(arguments: list[str], given: Given) -> int:
    """click's own `main` would end a closed pipe with exit code 1."""
    try:
        with cli.make_context("pampax", arguments, obj=given) as context:
            cli.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.Abort as abort:
        raise KeyboardInterrupt from abort
    return 0


def _prepare_streams() -> None:
    """Text that the terminal's encoding lacks is shown escaped instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if sys.stdout is None:  # closed by the caller
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - for as long as the process lives
    if sys.stderr is None:
        sys.stderr = sys.stdout
