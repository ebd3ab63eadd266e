"""pampax.toml of the current folder: `[client]` with `endpoint` and `token_file`.

Whoever wrote the folder wrote this file, and a clone may be a stranger's: nothing in it may reach a key of the reader.
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pampax.core.errors import ConfigError, LocalIOError

FILE_NAME = "pampax.toml"
_SECTIONS = ("client",)
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
    """What the file says; nothing where there is none. ConfigError names what does not hold."""
    path = folder / FILE_NAME
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return ClientConfig()
    except OSError as error:
        raise LocalIOError(f"cannot read {path}: {error.strerror}; check the file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no TOML: {error}") from error
    _check_names(path, "", document, _SECTIONS)
    section = document.get("client", {})
    if not isinstance(section, dict):
        raise ConfigError(f"{path}: client is a section; write [client]")
    _check_names(path, "client.", section, _KEYS)
    for name, value in section.items():
        if not isinstance(value, str) or not value:
            raise ConfigError(f"{path}: client.{name} must be text in quotes")
    if "token_file" in section and "endpoint" not in section:
        raise ConfigError(f"{path}: client.token_file is the key of client.endpoint; add that")
    return ClientConfig(section.get("endpoint"), section.get("token_file"), folder)


def _check_names(path: Path, prefix: str, found: dict[str, Any], known: tuple[str, ...]) -> None:
    for name in found:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1) or [known[0]]
            advice = f"did you mean {prefix}{near[0]}?" if len(known) > 1 else f"only [{known[0]}] is"
            raise ConfigError(f"{path}: {prefix}{name} is not a setting; {advice}")
