"""All sources together: the one frozen object of a process, or everything that is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pampax.runtime.configuration.environment import read_environment
from pampax.runtime.configuration.file import exposed_secrets, find_file, read_file, usual_file
from pampax.runtime.configuration.flags import Flags
from pampax.runtime.configuration.source import Source
from pampax.runtime.settings import Settings, refusal

NO_FLAGS = Flags()
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Loaded:
    """`places` tells by a setting's name where its value was written; what is not in it has its default."""

    settings: Settings
    places: Mapping[str, str]
    file: Path | None
    warnings: tuple[str, ...]

    def origin(self, name: str) -> str:
        return self.places.get(name, DEFAULT)


def load(flags: Flags = NO_FLAGS, environ: Mapping[str, str] | None = None) -> Loaded:
    """Settings of a service process. ConfigError with one line per mistake, all of them at once."""
    environ = os.environ if environ is None else environ
    return combine(find_file(flags.config, environ, usual_file()), (read_environment(environ), flags.source))


def load_settings(flags: Flags = NO_FLAGS) -> Settings:
    """The settings alone, for a process that tells nobody where they came from."""
    return load(flags).settings


def combine(file: Path | None, overruling: Sequence[Source]) -> Loaded:
    """A file, if there is one, and what overrules it, the strongest last. ConfigError as in `load`."""
    from_file = Source() if file is None else read_file(file)
    sources = (from_file, *overruling)
    mistakes = {subject: advice for source in sources for subject, advice in _in_order(source.check())}
    if mistakes:
        raise refusal(mistakes)
    values: dict[str, Any] = {}
    for source in sources:
        _overrule(values, source.values)
    places = {name: place for source in sources for name, place in source.places.items()}
    exposed = exposed_secrets(file, from_file) if file is not None else []
    return Loaded(Settings.model_validate(values), places, file, tuple(_warnings(file, exposed)))


def _warnings(file: Path | None, exposed: Sequence[str]) -> list[str]:
    if not exposed:
        return []
    return [f"everybody on this machine may read {file}, which holds {', '.join(exposed)}; run `chmod 600 {file}`"]


def _overrule(values: dict[str, Any], by: Mapping[str, Any]) -> None:
    for name, value in by.items():
        if isinstance(value, Mapping):
            _overrule(values.setdefault(name, {}), value)
        else:
            values[name] = value


def _in_order(mistakes: Mapping[str, str]) -> list[tuple[str, str]]:
    """As a reader goes through the file, FILE:9 before FILE:10; variables and flags by their names."""
    return sorted(mistakes.items(), key=lambda item: _line_and_name(item[0]))


def _line_and_name(subject: str) -> tuple[int, str]:
    place = subject.partition(": ")[0].rpartition(":")[2]
    return (int(place) if place.isdigit() else 0), subject
