"""The environment that tells each service where everything is: the contract between embedded and the services."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pampax.embedded.layout import DataDir
from pampax.embedded.ports import LOOPBACK
from pampax.embedded.postgres import DATABASE, EmbeddedPostgres
from pampax.embedded.secrets import hex_key, password, read_or_create
from pampax.embedded.valkey import EmbeddedValkey
from pampax.runtime.variables import FILE_VARIABLE
from pampax.storage.keys import new_key

SERVICE_ROLE = "pampax_service"  # made by the migrations; bound by row security


@dataclass(frozen=True, slots=True)
class Secrets:
    """What is made once for a data directory and kept."""

    service_password: str
    key_pepper: str
    caller_secret: str
    api_key: str
    credential_keys: str

    @classmethod
    def of(cls, data_dir: DataDir) -> Secrets:
        folder = data_dir.secrets
        return cls(
            service_password=read_or_create(folder / "service_password", password),
            key_pepper=read_or_create(folder / "key_pepper", hex_key),
            caller_secret=read_or_create(folder / "caller_secret", hex_key),
            api_key=read_or_create(folder / "api_key", new_key),
            credential_keys=read_or_create(folder / "credential_keys", hex_key).strip(),
        )


@dataclass(frozen=True, slots=True)
class Installation:
    """One data directory with its servers, secrets and ports: all that the specs are made of."""

    data_dir: DataDir
    ports: Mapping[str, int]
    secrets: Secrets
    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey
    config: Path | None = None  # a file with more settings

    def address(self, name: str) -> str:
        return f"{LOOPBACK}:{self.ports[name]}"

    def metrics(self, name: str) -> str:
        return f"http://{self.address(f'{name}_metrics')}/metrics"

    @property
    def endpoint(self) -> str:
        return f"http://{self.address('gateway')}"


def service_environment(installation: Installation) -> dict[str, str]:
    """What every service gets."""
    secrets = installation.secrets
    database = f"{LOOPBACK}:{installation.postgres.port}/{DATABASE}"
    return {
        FILE_VARIABLE: str(installation.config or os.devnull),  # and no file of the folder they work in
        "PAMPAX_MODE": "embedded",
        "PAMPAX_DATABASE__URL": f"postgresql://{SERVICE_ROLE}:{secrets.service_password}@{database}",
        "PAMPAX_REDIS__URL": installation.valkey.url(),
        "PAMPAX_AUTH__KEY_PEPPER": secrets.key_pepper,
        "PAMPAX_AUTH__CALLER_SECRET": secrets.caller_secret,
        "PAMPAX_GATEWAY__HTTP_ADDRESS": installation.address("gateway"),
        "PAMPAX_GATEWAY__GRPC_ADDRESS": installation.address("gateway_grpc"),
        "PAMPAX_SEARCH__ADDRESS": installation.address("search"),
        "PAMPAX_ASSEMBLY__ADDRESS": installation.address("assembly"),
        "PAMPAX_INDEXING__ADDRESS": installation.address("indexing"),
        "PAMPAX_GATEWAY__METRICS_ADDRESS": installation.address("gateway_metrics"),
        "PAMPAX_SEARCH__METRICS_ADDRESS": installation.address("search_metrics"),
        "PAMPAX_ASSEMBLY__METRICS_ADDRESS": installation.address("assembly_metrics"),
        "PAMPAX_INDEXING__METRICS_ADDRESS": installation.address("indexing_metrics"),
        "PAMPAX_INDEXING__WORKER_METRICS_ADDRESS": installation.address("worker_metrics"),
        "PAMPAX_INDEXING__CACHE_DIR": str(installation.data_dir.cache),
        "PAMPAX_INDEXING__HEARTBEAT_FILE": str(installation.data_dir.beat_file),
    }


def indexing_environment(installation: Installation) -> dict[str, str]:
    """What those get besides that run git, and no other service."""
    return {"PAMPAX_INDEXING__CREDENTIAL_KEYS": installation.secrets.credential_keys}


def migration_environment(installation: Installation) -> dict[str, str]:
    """What the migration gets besides, and no service: the owner's way in and the secrets that it plants."""
    return {
        "PAMPAX_DATABASE__OWNER_URL": installation.postgres.dsn(),
        "PAMPAX_DATABASE__SERVICE_PASSWORD": installation.secrets.service_password,
        "PAMPAX_BOOTSTRAP__API_KEY": installation.secrets.api_key,
    }
