"""`python -m pampax.deployment secrets | key | trace ID`: what an operator of containers calls.

`secrets` makes the secrets of a first start, `key` prints its API key, `trace` the spans that the collector kept of a
trace or a request (`trace_id` or `corr_id` of any answer or log line).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pampax.core.errors import ConfigError, NotFound, PampaxError
from pampax.deployment.secrets import api_key, prepare
from pampax.deployment.span_log import find
from pampax.deployment.spans import tree
from pampax.runtime.configuration.load import load_settings

FOLDER = Path("/run/pampax")
USAGE = "usage: python -m pampax.deployment secrets | key | trace ID"


def main(arguments: Sequence[str]) -> int:
    """The exit code; errors are one line on standard error."""
    try:
        match arguments:
            case ["secrets"]:
                _secrets()
            case ["key"]:
                sys.stdout.write(api_key(FOLDER) + "\n")
            case ["trace", wanted]:
                _trace(wanted)
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
        "credential_keys": settings.indexing.credential_keys,
    }
    prepare(FOLDER, given)
    sys.stdout.write("the secrets are in place\n")


def _trace(wanted: str) -> None:
    folder = load_settings().collector.folder
    found = find(folder, wanted)
    if not found:
        raise NotFound(f"no span of {wanted!r} was kept: is PAMPAX_TELEMETRY__OTLP_ENDPOINT set, and the id complete?")
    for trace_id in dict.fromkeys(str(span["trace_id"]) for span in found):
        lines = (f"trace {trace_id}", *tree(find(folder, trace_id)))
        sys.stdout.writelines(f"{line}\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
