"""The options of every command, accepted before and after the command's name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click


@dataclass(slots=True)
class Given:
    """What was typed; later mentions win over earlier ones."""

    endpoint: str | None = None
    token: str | None = None
    token_file: str | None = None
    data_dir: str | None = None
    json: bool = False
    quiet: bool = False
    verbose: bool = False


class SharedOption(click.Option):
    """An option of every command; help lists these apart."""


def shared_options() -> list[click.Parameter]:
    """New options each time: click ties them to their command."""
    return [
        _option("--endpoint", metavar="URL", help="The gateway to ask."),
        _option("--token", metavar="KEY", help="The API key; others on this machine may see it, a file is safer."),
        _option("--token-file", metavar="FILE", help="A file that holds the API key."),
        _option("--data-dir", metavar="DIR", help="The folder of the system that runs here [env: PAMPAX_DATA_DIR]."),
        _option("--json", is_flag=True, help="JSON on stdout; errors as one line of JSON on stderr."),
        _option("--quiet", "-q", is_flag=True, help="Results only: no headings, hints or progress."),
        _option("--verbose", "-v", is_flag=True, help="Tell on stderr what is called, and the trace of an error."),
    ]


def _option(name: str, *names: str, **attributes: Any) -> SharedOption:  # noqa: ANN401 - click's own
    return SharedOption([name, *names], expose_value=False, is_eager=True, callback=_keep, **attributes)


def _keep(ctx: click.Context, parameter: click.Parameter, value: object) -> None:
    if value is None or value is False or parameter.name is None:
        return
    if value == "":
        raise click.BadParameter("must not be empty", ctx, parameter)
    given = ctx.find_object(Given)
    assert given is not None
    setattr(given, parameter.name, value)
