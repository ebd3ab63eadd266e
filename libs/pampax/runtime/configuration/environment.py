"""PAMPAX_ variables as a source of settings. An empty one counts as not set."""

from __future__ import annotations

import os
from collections.abc import Mapping

from pampax.runtime.configuration.catalog import by_name, catalog
from pampax.runtime.configuration.source import Source, nested
from pampax.runtime.settings import Settings
from pampax.runtime.variables import FILE_VARIABLE, unknown_variables


def read_environment(environ: Mapping[str, str]) -> Source:
    given = {name.upper(): value for name, value in sorted(environ.items(), key=_capitals_last) if value}
    values = {setting.path: given[setting.variable] for setting in catalog() if setting.variable in given}
    known = by_name()
    return Source(
        nested(values),
        {".".join(path): known[".".join(path)].variable for path in values},
        unknown_variables(environ, [setting.variable for setting in catalog()]),
        lambda name: known[name].variable,
    )


def _capitals_last(variable: tuple[str, str]) -> bool:
    """Of two spellings of one name the usual one holds: it is what a supervisor sets."""
    return variable[0].isupper()


def child_environment(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """For a process that shall have these very settings, wherever they came from, and read no file of its own."""
    told = {setting.variable: settings.value(setting.path) for setting in catalog()}
    others = {name: value for name, value in environ.items() if name.upper() not in told}
    return {**others, **{name: str(value) for name, value in told.items()}, FILE_VARIABLE: os.devnull}
