"""pampax.toml of the current folder: `[client]` with `endpoint` and `token_file`."""

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
    """`token_file` is absolute or begins with a tilde."""

    endpoint: str | None = None
    token_file: str | None = None


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
    token_file = section.get("token_file")
    return ClientConfig(section.get("endpoint"), token_file and _beside(folder, token_file))


def _beside(folder: Path, name: str) -> str:
    return name if name.startswith("~") else str(folder / name)


def _check_names(path: Path, prefix: str, found: dict[str, Any], known: tuple[str, ...]) -> None:
    for name in found:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1) or [known[0]]
            advice = f"did you mean {prefix}{near[0]}?" if len(known) > 1 else f"only [{known[0]}] is"
            raise ConfigError(f"{path}: {prefix}{name} is not a setting; {advice}")
