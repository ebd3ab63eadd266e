"""What may stand at the top of pampax.toml. Only names, so that the command line need not load the settings for it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

FILE_NAME = "pampax.toml"
# Read by the command line tool alone, from the file of the current folder alone.
CLIENT_SECTION = "client"
# `mode` and the sections of `Settings`, which the services read.
SERVICE_NAMES = (
    "mode", "database", "redis", "auth", "gateway", "search", "assembly", "indexing", "bootstrap", "log", "telemetry",
    "collector",
)  # fmt: skip
# Below this likeness a suggestion would be a guess.
_NEAR = 0.6


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant."""
    return next(iter(difflib.get_close_matches(name, sorted(known), n=1, cutoff=_NEAR)), None)


def advice_for_unknown(suggestion: str | None) -> str:
    return f"is not a setting; did you mean {suggestion}?" if suggestion else "is not a setting; remove it"
