"""The section of pampax.toml that the command line reads: `[client]` with `endpoint` and `token_file`.

It is the file of the current folder. Whoever wrote the folder wrote this file, and a clone may be a stranger's: nothing
in it may reach a key of the reader. The other sections are for services, which never look here on a user's behalf.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pampax.core.errors import ConfigError, LocalIOError
from pampax.runtime.configuration.lines import lines_of
from pampax.runtime.configuration.names import CLIENT_SECTION, FILE_NAME, SERVICE_NAMES, advice_for_unknown, nearest

_KEYS = ("endpoint", "token_file")


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """`token_file` is as written: relative to `folder`, where the configuration lies."""

    endpoint: str | None = None
    token_file: str | None = None
    folder: Path = Path()

    def key_file(self) -> Path | None:
        """Where the key lies. ConfigError when that is not below the folder, links followed."""
        if self.token_file is None:
            return None
        try:
            folder = self.folder.resolve()
            file = (folder / self.token_file).resolve()
            inside = file.is_relative_to(folder) and not self.token_file.startswith("~")
        except (OSError, RuntimeError, ValueError):  # a loop of links, or what no path can be
            inside = False
        if not inside:
            raise ConfigError(
                f"token_file {self.token_file!r} in {FILE_NAME} must lie in the folder of that file; "
                "give --endpoint and --token-file to use another key"
            )
        return file


def read_config(folder: Path) -> ClientConfig:
    """What the file says; nothing where there is none. ConfigError names all that does not hold."""
    path = folder / FILE_NAME
    try:
        text = path.read_text("utf-8")
        document = tomllib.loads(text)
    except FileNotFoundError:
        return ClientConfig()
    except OSError as error:
        raise LocalIOError(f"cannot read {path}: {error.strerror}; check the file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no TOML: {error}") from error
    mistakes = client_mistakes(path, text, document)
    if mistakes:
        raise ConfigError("\n".join(f"{subject} {advice}" for subject, advice in mistakes.items()), fields=mistakes)
    section = document.get(CLIENT_SECTION, {})
    return ClientConfig(section.get("endpoint"), section.get("token_file"), folder)


def client_mistakes(path: Path, text: str, document: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with the section that the command line reads, and with the names at the top: advice by subject."""
    lines = lines_of(text)

    def subject(name: str) -> str:
        return f"{path}:{lines[name]}: {name}" if name in lines else f"{path}: {name}"

    known = (CLIENT_SECTION, *SERVICE_NAMES)
    found = {subject(name): _unknown(nearest(name, known)) for name in document if name not in known}
    section = document.get(CLIENT_SECTION, {})
    if not isinstance(section, dict):
        return {**found, subject(CLIENT_SECTION): f"is a section; write [{CLIENT_SECTION}]"}
    for key, value in section.items():
        name = f"{CLIENT_SECTION}.{key}"
        if key not in _KEYS:
            near = nearest(key, _KEYS)
            found[subject(name)] = advice_for_unknown(near and f"{CLIENT_SECTION}.{near}")
        elif not isinstance(value, str) or not value:
            found[subject(name)] = "must be text in quotes"
    if "token_file" in section and "endpoint" not in section:
        found.setdefault(subject(f"{CLIENT_SECTION}.token_file"), f"is the key of {CLIENT_SECTION}.endpoint; add that")
    return found


def _unknown(suggestion: str | None) -> str:
    return advice_for_unknown(suggestion if suggestion in (None, "mode") else f"[{suggestion}]")
