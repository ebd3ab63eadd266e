"""The packs that searches and bundles work under when nobody names one, by folder and by system.

They are kept in the user's own configuration and not beside the code: whoever wrote a folder that somebody has cloned
must not choose what a search there leaves out.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pampax.cli.configuring.writing import write_file
from pampax.cli.contexts.toml_text import quoted
from pampax.core.errors import ConfigError, LocalIOError

_HEAD = "# Written by `pampax context use`: the context pack of searches and bundles in a folder and below.\n"
_TABLE = "default"
_KEYS = ("folder", "system", "pack")


@dataclass(frozen=True, slots=True)
class Default:
    """`pack` holds in `folder` and below it. `system`: the endpoint that has it, or the data folder of one here."""

    folder: Path
    system: str
    pack: str


def defaults_file(environ: Mapping[str, str]) -> Path:
    base = environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "pampax" / "contexts.toml"


def defaults_here() -> list[Default]:
    return read_defaults(defaults_file(os.environ))


def read_defaults(file: Path) -> list[Default]:
    """None where there is no file. ConfigError for one that nobody could have meant."""
    try:
        document = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise LocalIOError(f"cannot read {file}: {error.strerror}; --no-context asks without a pack") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _damaged(file, str(error)) from error
    entries = document.get(_TABLE, [])
    if not isinstance(entries, list):
        raise _damaged(file, f"{_TABLE} is no list of tables")
    found = []
    for entry in entries:
        values = [entry.get(key) for key in _KEYS] if isinstance(entry, dict) else []
        folder, system, pack = values if len(values) == len(_KEYS) else (None, None, None)
        if not (isinstance(folder, str) and isinstance(system, str) and isinstance(pack, str)):
            raise _damaged(file, f"an entry needs {', '.join(_KEYS)}, each text in quotes")
        found.append(Default(Path(folder), system, pack))
    return found


def write_defaults(file: Path, defaults: Sequence[Default]) -> None:
    entries = [
        "\n".join(
            [
                f"[[{_TABLE}]]",
                f"folder = {quoted(str(each.folder))}",
                f"system = {quoted(each.system)}",
                f"pack = {quoted(each.pack)}\n",
            ]
        )
        for each in sorted(defaults, key=lambda each: (each.folder, each.system))
    ]
    write_file(file, "\n".join([_HEAD, *entries]), replace=True)


def in_force(defaults: Sequence[Default], folder: Path, system: str | None = None) -> Default | None:
    """That of the folder itself or of the nearest one above it; of one system or of any."""
    holding = [each for each in defaults if folder.is_relative_to(each.folder) and system in (None, each.system)]
    return max(holding, key=lambda each: len(each.folder.parts), default=None)


def _damaged(file: Path, why: str) -> ConfigError:
    return ConfigError(f"{file} cannot be read: {why}; mend or remove it, or give --no-context")
