"""Commands and groups that know the options of every command."""

from __future__ import annotations

import difflib
import re
from typing import Any

import click

from pampax.cli.given import SharedOption, shared_options
from pampax.core.errors import InvalidRequest

_FIELD = re.compile(r"\w+")


def _write_options(command: click.Command, ctx: click.Context, formatter: click.HelpFormatter) -> None:
    own: list[tuple[str, str]] = []
    shared: list[tuple[str, str]] = []
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record is not None and isinstance(parameter, click.Option):
            (shared if isinstance(parameter, SharedOption) else own).append(record)
    for title, records in (("Options", own), ("Options of every command", shared)):
        if records:
            with formatter.section(title):
                formatter.write_dl(records)


def _tell_as_typed(error: InvalidRequest, command: click.Command) -> None:
    """A refusal that only lists fields names the options that filled them; parameters are called like their fields."""
    if error.message != "; ".join(f"{field} {mistake}" for field, mistake in error.fields.items()):
        return
    options = {each.name: each.opts for each in command.params if isinstance(each, click.Option)}

    def typed(field: str) -> str:
        found = _FIELD.match(field)
        return "/".join(options.get(found[0] if found else field, [field]))

    error.message = "; ".join(f"{typed(field)} {mistake}" for field, mistake in error.fields.items())


class OptionsCommand(click.Command):
    """A command."""

    def __init__(self, *arguments: Any, **attributes: Any) -> None:  # noqa: ANN401 - click's own
        super().__init__(*arguments, **attributes)
        self.params += shared_options()

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _write_options(self, ctx, formatter)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own
        try:
            return super().invoke(ctx)
        except InvalidRequest as error:
            _tell_as_typed(error, self)
            raise


class OptionsGroup(click.Group):
    """A group; a name that is not a command's is answered with the nearest one."""

    command_class = OptionsCommand

    def __init__(self, *arguments: Any, **attributes: Any) -> None:  # noqa: ANN401 - click's own
        super().__init__(*arguments, **attributes)
        self.params += shared_options()

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _write_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            near = difflib.get_close_matches(name, self.list_commands(ctx), n=1)
            advice = f"; did you mean {near[0]}?" if near else ""
            raise click.UsageError(f"there is no command {name!r}{advice}", ctx)
        return super().resolve_command(ctx, args)
