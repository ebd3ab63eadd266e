"""pampax config"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pampax.cli.group import OptionsGroup
from pampax.cli.session import Session, with_session
from pampax.cli.values import TEXT
from pampax.core.errors import ConfigError
from pampax.runtime.configuration.names import FILE_NAME

if TYPE_CHECKING:
    from pampax.runtime.configuration.catalog import Setting
    from pampax.runtime.configuration.load import Loaded

EPILOG = """\b
Examples:
  pampax config init                    a commented pampax.toml in this folder
  pampax config show --origin           every setting, and where its value comes from
  pampax config validate pampax.toml    everything that is wrong with it
"""
INVALID = 2
_SERVICES = click.option(
    "--services", is_flag=True, help="As services do that are started here by hand: the file of this folder counts."
)


@click.group("config", cls=OptionsGroup, short_help="Write, show and check the settings", epilog=EPILOG)
def command() -> None:
    """Write, show and check the settings of the system: pampax.toml, overruled by PAMPAX_ variables.

    `pampax up` reads the file of its data folder, or the one that --config or PAMPAX_CONFIG names, and never that of
    the current folder. Services started by hand read the latter if nothing names another; their flags overrule all.
    """


@command.command("init", short_help="Write a commented file of all settings")
@click.argument("file", metavar="[FILE]", required=False, type=TEXT)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@with_session
def init(session: Session, file: str | None, force: bool) -> None:
    """Write a commented file of all settings, none of them set: pampax.toml in this folder, or in --data-dir if given.

    Nobody else can read it (mode 600), because it is a place for secrets.
    """
    from pampax.cli.configuring.writing import write_file
    from pampax.runtime.configuration.template import commented_file

    folder = session.data_dir.root if session.given.data_dir else Path()
    path = Path(file).expanduser() if file else folder / FILE_NAME
    write_file(path, commented_file(), replace=force)
    if session.json:
        session.screen.document({"file": str(path.absolute())})
        return
    session.screen.line(str(path))
    if path.absolute() != session.data_dir.config_file:
        session.hint(f"`{session.command(f'up --config {path}')}` uses it")


@command.command("show", short_help="Show every setting")
@click.option("--origin", is_flag=True, help="Also tell where each value comes from.")
@click.option("--config", metavar="FILE", help="The file to read in place of the usual one.")
@_SERVICES
@with_session
def show(session: Session, origin: bool, config: str | None, services: bool) -> None:
    """Show every setting with its value; of secrets only whether they are set."""
    from pampax.cli.configuring.reading import read_settings
    from pampax.runtime.configuration.catalog import catalog

    loaded = read_settings(session, config, services=services)
    if session.json:
        document = {"file": str(loaded.file) if loaded.file else None, "warnings": list(loaded.warnings)}
        session.screen.document({**document, "settings": [_document(each, loaded) for each in catalog()]})
        return
    rows = [_row(setting, loaded) for setting in catalog()]
    columns = slice(0, 3 if origin else 2)
    session.screen.table(("SETTING", "SET TO", "ORIGIN")[columns], [row[columns] for row in rows])
    for warning in loaded.warnings:
        session.hint(f"warning: {warning}")


@command.command("validate", short_help="Check a file and the variables")
@click.argument("file", metavar="[FILE]", required=False, type=TEXT)
@_SERVICES
@click.pass_context
@with_session
def validate(session: Session, ctx: click.Context, file: str | None, services: bool) -> None:
    """Check a file and the PAMPAX_ variables; exit code 2, and a line for each mistake, when they do not hold."""
    from pampax.cli.configuring.reading import file_read, mistakes_for_clients, read_settings

    mistakes: dict[str, str] = {}
    warnings: tuple[str, ...] = ()
    try:
        loaded = read_settings(session, file, services=services)
        warnings = loaded.warnings
    except ConfigError as error:
        mistakes = error.fields
    path = file_read(session, file, services=services)
    mistakes |= mistakes_for_clients(path)
    if session.json:
        told = [{"subject": subject, "advice": advice} for subject, advice in mistakes.items()]
        shown = {"valid": not mistakes, "file": str(path) if path else None, "mistakes": told}
        session.screen.document({**shown, "warnings": list(warnings)})
        ctx.exit(INVALID if mistakes else 0)
    if mistakes:
        raise ConfigError("\n".join(f"{subject} {advice}" for subject, advice in mistakes.items()), fields=mistakes)
    for warning in warnings:
        session.hint(f"warning: {warning}")
    if not session.quiet:
        session.screen.line(f"{path} holds" if path else "there is no file; the variables hold")
    if path is None and Path(FILE_NAME).is_file():
        session.hint(f"{FILE_NAME} of this folder counts for services started by hand: --services checks it")


def _row(setting: Setting, loaded: Loaded) -> tuple[str, str, str]:
    """Name, value as TOML, origin."""
    value = "" if _is_open(setting, loaded) else setting.shown(loaded.settings.value(setting.path))
    return setting.name, value, loaded.origin(setting.name)


def _document(setting: Setting, loaded: Loaded) -> dict[str, Any]:
    value = loaded.settings.value(setting.path)
    plain = value if isinstance(value, str | bool | int | float) else str(value)
    return {
        "name": setting.name,
        "value": None if _is_open(setting, loaded) else setting.masked(plain),
        "origin": loaded.origin(setting.name),
        "variable": setting.variable,
        "secret": setting.secret,
    }


def _is_open(setting: Setting, loaded: Loaded) -> bool:
    """Whether `pampax up` has not chosen it yet."""
    from pampax.cli.configuring.reading import is_chosen_later

    return is_chosen_later(loaded.origin(setting.name))
