"""Settings of an embedded system: the user's file and variables, below what the system must choose by itself.

The file is `pampax.toml` of the data directory, or the one that was named. Never one of the folder in which a command
is typed: that folder may be a stranger's clone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pampax.core.errors import ConfigError
from pampax.embedded.layout import DataDir, clear_io_errors
from pampax.embedded.spec import read_plan
from pampax.runtime.configuration.catalog import by_name
from pampax.runtime.configuration.environment import read_environment
from pampax.runtime.configuration.file import find_file
from pampax.runtime.configuration.load import Loaded, combine
from pampax.runtime.configuration.source import Source, nested
from pampax.runtime.variables import FILE_VARIABLE

EMBEDDED = "embedded"
AT_START = "embedded, at the next start"
# What services of one machine must agree on: `pampax up` sets it, whatever file and variables say.
IMPOSED = (
    "mode", "database.url", "database.owner_url", "database.service_password", "redis.url", "auth.key_pepper",
    "auth.caller_secret", "gateway.http_address", "gateway.grpc_address", "search.address", "assembly.address",
    "indexing.address", "indexing.cache_dir", "indexing.heartbeat_file", "indexing.credential_keys",
    "bootstrap.api_key",
    "gateway.metrics_address", "search.metrics_address", "assembly.metrics_address", "indexing.metrics_address",
    "indexing.worker_metrics_address",
)  # fmt: skip


def configuration_file(data_dir: DataDir, named: str | None, environ: Mapping[str, str]) -> Path | None:
    """The named file, else that of PAMPAX_CONFIG, else that of the data directory; None when there is none."""
    found = find_file(named, environ, data_dir.config_file)
    return None if found is None else found.resolve()


def read_configuration(data_dir: DataDir, named: str | None, environ: Mapping[str, str]) -> Loaded:
    """What the services of this data directory are told. ConfigError with every mistake; a setting that has no effect
    is a warning.
    """
    variables = read_environment(environ)
    file = configuration_file(data_dir, named, environ)
    given = combine(file, [variables])
    loaded = combine(file, [variables, _imposed(data_dir, given.places)])
    vain = [name for name in IMPOSED if name in given.places]
    told = (f"{given.places[name]}: {name} has no effect here: `pampax up` chooses it itself" for name in vain)
    return replace(loaded, warnings=(*loaded.warnings, *told))


def require_same_file(data_dir: DataDir, named: str) -> None:
    """ConfigError when the system that runs was started with another file than the named one."""
    running = _chosen(data_dir).get(FILE_VARIABLE)
    if running != str(configuration_file(data_dir, named, {})):
        with_file = "no file with settings" if running in (None, os.devnull) else running
        raise ConfigError(f"the system already runs with {with_file}; `pampax down` first to run it with {named}")


def _imposed(data_dir: DataDir, instead_of: Mapping[str, str]) -> Source:
    chosen = _chosen(data_dir)
    variables = {name: by_name()[name].variable for name in IMPOSED}
    values = {by_name()[name].path: chosen[variable] for name, variable in variables.items() if variable in chosen}
    last = Source(nested(values))
    known = bool(values) and not last.check()  # an older version may have chosen otherwise
    place = EMBEDDED if known else AT_START
    return Source(
        last.values if known else {},
        {name: f"{place}, instead of {instead_of[name]}" if name in instead_of else place for name in IMPOSED},
    )


def _chosen(data_dir: DataDir) -> dict[str, str]:
    """The variables that the supervisors last gave the services; none before the first start."""
    with clear_io_errors(data_dir.root):
        try:
            plan = read_plan(data_dir.plan_file)
        except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
            return {}
    return {name: value for spec in plan.specs for name, value in spec.env.items()}
