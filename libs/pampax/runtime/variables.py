"""Environment variables and settings: which name stands for which setting, and which names nobody knows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pampax.runtime.configuration.names import advice_for_unknown, nearest

PREFIX = "PAMPAX_"
SEPARATOR = "__"
# Read by the command line tool, which finds a running system with them; services inherit and ignore them.
CLI_VARIABLES: Mapping[str, str] = {
    "PAMPAX_ENDPOINT": "the gateway that commands ask",
    "PAMPAX_TOKEN": "the API key that they show it",
    "PAMPAX_TOKEN_FILE": "a file that holds that key",
    "PAMPAX_DATA_DIR": "the folder of the system that runs on this machine",
}
# Names the file with settings, for services and for `pampax up`.
FILE_VARIABLE = "PAMPAX_CONFIG"
# Kubernetes tells every pod of every Service: one called pampax-gateway appears as PAMPAX_GATEWAY_PORT=tcp://...
_SERVICE_LINK = re.compile(r"PAMPAX(_[A-Z0-9]+)*_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_(TCP|UDP|SCTP).*)")
_SERVICE_LINK_URL = re.compile(r"(tcp|udp|sctp)://")


def variable_of(path: Iterable[str | int]) -> str:
    """`("database", "url")` is PAMPAX_DATABASE__URL."""
    return PREFIX + SEPARATOR.join(str(part) for part in path).upper()


def unknown_variables(environ: Mapping[str, str], known: Iterable[str]) -> dict[str, str]:
    """Each PAMPAX_ variable that means nothing, with what to do about it."""
    names = {*known, *CLI_VARIABLES, FILE_VARIABLE}
    strangers = sorted(
        name
        for name, value in environ.items()
        if name.upper().startswith(PREFIX) and name.upper() not in names and not _is_service_link(name, value)
    )
    return {name: _advice(name.upper(), names) for name in strangers}


def _is_service_link(name: str, value: str) -> bool:
    return bool(_SERVICE_LINK.fullmatch(name) or (name.endswith("_PORT") and _SERVICE_LINK_URL.match(value)))


def _advice(name: str, known: Iterable[str]) -> str:
    section = name.removeprefix(PREFIX).partition("_")[0]
    in_section = [each for each in known if each.startswith(f"{PREFIX}{section}{SEPARATOR}")]
    return advice_for_unknown(nearest(name, in_section or known))
