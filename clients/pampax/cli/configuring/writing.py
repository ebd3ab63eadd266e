"""A file that nobody else may read, written whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from pampax.core.errors import ConfigError, LocalIOError

OWNER_ONLY = 0o600
FOLDER_MODE = 0o700


def write_file(path: Path, text: str, *, replace: bool) -> None:
    """Mode 600. ConfigError when there is a file already and it is not to be replaced; a link is never followed."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "w", encoding="utf-8") as file:
            file.write(text)
        if replace:
            fresh.replace(path)
        else:
            os.link(fresh, path)
    except FileExistsError as error:
        raise ConfigError(f"{path} is there already; give another name, or --force to replace it") from error
    except OSError as error:
        raise LocalIOError(f"cannot write {path}: {error.strerror}; choose another place") from error
    finally:
        fresh.unlink(missing_ok=True)
