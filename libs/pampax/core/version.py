"""Which version of PAMPAX this is."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def own_version() -> str:
    """MAJOR.MINOR.BUILD as installed; 0 where the code runs from its folder and nothing is installed."""
    try:
        return version("pampax")
    except PackageNotFoundError:
        return "0"
