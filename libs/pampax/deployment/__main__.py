"""`python -m pampax.deployment secrets | key`: makes the secrets of a deployment, or prints its API key."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pampax.core.errors import ConfigError, PampaxError
from pampax.deployment.secrets import api_key, prepare
from pampax.runtime.configuration.load import load_settings

FOLDER = Path("/run/pampax")
USAGE = "usage: python -m pampax.deployment secrets | key"


def main(arguments: Sequence[str]) -> int:
    """The exit code; errors are one line on standard error."""
    try:
        match arguments:
            case ["secrets"]:
                _secrets()
            case ["key"]:
                sys.stdout.write(api_key(FOLDER) + "\n")
            case _:
                raise ConfigError(USAGE)
    except PampaxError as error:
        sys.stderr.write(f"{error.message}\n")
        return error.exit_code
    return 0


def _secrets() -> None:
    settings = load_settings()
    os.umask(0o027)
    given = {
        "key_pepper": settings.auth.key_pepper,
        "caller_secret": settings.auth.caller_secret,
        "api_key": settings.bootstrap.api_key,
    }
    prepare(FOLDER, given)
    sys.stdout.write("the secrets are in place\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
