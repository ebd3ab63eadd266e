"""pampax.toml: where it lies, what it says and on which line."""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pampax.runtime.configuration.catalog import catalog
from pampax.runtime.configuration.lines import lines_of
from pampax.runtime.configuration.names import CLIENT_SECTION, FILE_NAME
from pampax.runtime.configuration.source import Source
from pampax.runtime.variables import FILE_VARIABLE

# Far more than all settings with all comments.
LARGEST_BYTES = 1024 * 1024


def find_file(named: str | None, environ: Mapping[str, str], usual: Path | None) -> Path | None:
    """The file that is named on the command line, else by PAMPAX_CONFIG, else the usual one where there is one."""
    explicit = named or environ.get(FILE_VARIABLE)
    if explicit:
        return Path(explicit).expanduser()
    return usual if usual is not None and usual.is_file() else None


def usual_file() -> Path:
    """What a service reads when nothing names a file: the one in its working directory."""
    return Path.cwd() / FILE_NAME


def read_file(path: Path) -> Source:
    """What it says to services. What cannot be read, or is no TOML, is a mistake of one line."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
        if len(content) > LARGEST_BYTES:
            return _unreadable(path, f"is larger than {LARGEST_BYTES >> 20} MiB and no configuration")
        text = content.decode("utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        return _unreadable(path, f"cannot be read: {error.strerror}; check --config and {FILE_VARIABLE}")
    except UnicodeDecodeError:
        return _unreadable(path, "is not valid UTF-8; save it as that")
    except tomllib.TOMLDecodeError as error:
        return _unreadable(path, f"is not valid TOML: {_placed(str(error), text)}")
    except RecursionError:
        return _unreadable(path, "is nested too deep to be a configuration")
    lines = lines_of(text)
    document.pop(CLIENT_SECTION, None)
    place = _Places(path, lines)
    return Source(document, {name: place(name) for name in _set_here(document)}, subject=place.subject)


def exposed_secrets(path: Path, source: Source) -> list[str]:
    """Names of the secrets in a file that everybody on this machine may read."""
    try:
        open_to_all = path.stat().st_mode & stat.S_IROTH
    except OSError:
        return []
    if not open_to_all:
        return []
    return [setting.name for setting in catalog() if setting.secret and _value(source.values, setting.path)]


class _Places:
    """`FILE:12`, or the file alone for what no line is known of."""

    def __init__(self, path: Path, lines: Mapping[str, int]) -> None:
        self._path = path
        self._lines = lines

    def __call__(self, name: str) -> str:
        line = self._lines.get(name) or self._lines.get(name.partition(".")[0])
        return f"{self._path}:{line}" if line else str(self._path)

    def subject(self, name: str) -> str:
        return f"{self(name)}: {name}"


def _unreadable(path: Path, why: str) -> Source:
    return Source(mistakes={str(path): why})


def _placed(message: str, text: str) -> str:
    """The parser tells line and column but for a mistake that it finds at the end."""
    lines = text.split("\n")
    return message.replace("at end of document", f"at line {len(lines)}, column {len(lines[-1]) + 1}")


def _set_here(document: Mapping[str, Any]) -> list[str]:
    return [setting.name for setting in catalog() if _value(document, setting.path) is not None]


def _value(document: Mapping[str, Any], path: tuple[str, ...]) -> Any:  # noqa: ANN401 - whatever TOML holds
    found: Any = document
    for part in path:
        found = found.get(part) if isinstance(found, dict) else None
    return found
