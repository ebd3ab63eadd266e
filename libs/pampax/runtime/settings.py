"""What a process may be told: one frozen object, read once from the environment, PAMPAX_<SECTION>__<NAME>.

Each field's description completes the sentence "it should be ..."; the line about a mistake is made from it. Text that
may hold a secret stays out of `repr`, and no value is ever part of a message. Empty text means not set: a process names
what it cannot do without in `Settings.require`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from pampax.core.errors import ConfigError
from pampax.runtime.addresses import split_address
from pampax.runtime.variables import PREFIX, SEPARATOR, unknown_variables, variable_of

Mode = Literal["embedded", "server"]
LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["json", "console"]
# What has no default and that a process may be unable to work without.
Requirable = Literal[
    "database.url",
    "database.owner_url",
    "database.service_password",
    "redis.url",
    "auth.key_pepper",
    "auth.caller_secret",
    "bootstrap.api_key",
]


def _address(text: str) -> str:
    split_address(text)
    return text


Address = Annotated[str, AfterValidator(_address), Field(description="host:port, for example 127.0.0.1:50051")]
PostgresUrl = Annotated[
    str,
    Field(
        pattern=r"^$|^postgres(ql)?://\S+$|^\w+ *=.*$",
        repr=False,
        description="a Postgres address, for example postgresql://user:password@host:5432/pampax",
    ),
]
RedisUrl = Annotated[
    str,
    Field(pattern=r"^$|^(rediss?|unix)://\S+$", repr=False, description="redis://host:port/db (empty: no Redis)"),
]
MetricsAddress = Annotated[
    str,
    AfterValidator(lambda text: text and _address(text)),
    Field(description="host:port where this process shows its metrics (empty: nowhere)"),
]
# 32 bytes: what HMAC-SHA-256 needs to be as strong as its output.
HexKey = Annotated[
    str,
    Field(
        pattern=r"^$|^([0-9a-fA-F]{2}){32,}$",
        repr=False,
        description="at least 64 hex digits, for example from `openssl rand -hex 32`",
    ),
]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class DatabaseSettings(_Section):
    url: PostgresUrl = ""  # of the restricted role that services connect as
    owner_url: PostgresUrl = ""  # of the role that migrates
    service_password: Annotated[
        str, Field(repr=False, description="the password that migrations give the service role")
    ] = ""
    pool_max: Annotated[int, Field(ge=1, le=200, description="a number of connections per process, 1..200")] = 8


class RedisSettings(_Section):
    url: RedisUrl = ""


class AuthSettings(_Section):
    key_pepper: HexKey = ""  # API keys are stored as HMAC-SHA-256 under it
    caller_secret: HexKey = ""  # services sign the caller of a request with it


class GatewaySettings(_Section):
    http_address: Address = "127.0.0.1:8080"
    grpc_address: Address = "127.0.0.1:50050"
    metrics_address: MetricsAddress = ""


class SearchSettings(_Section):
    address: Address = "127.0.0.1:50051"
    metrics_address: MetricsAddress = ""


class AssemblySettings(_Section):
    address: Address = "127.0.0.1:50052"
    metrics_address: MetricsAddress = ""


class IndexingSettings(_Section):
    address: Address = "127.0.0.1:50053"
    metrics_address: MetricsAddress = ""
    worker_metrics_address: MetricsAddress = ""
    cache_dir: Annotated[Path, Field(description="a folder for clones")] = Path("/var/cache/pampax")  # may be lost
    concurrency: Annotated[int, Field(ge=1, le=256, description="a number of indexing jobs at a time, 1..256")] = 1
    allow_private_git: Annotated[bool, Field(description="true or false: may git URLs name internal hosts")] = False


class BootstrapSettings(_Section):
    api_key: Annotated[str, Field(repr=False, description="the API key that the first start creates")] = ""


class LogSettings(_Section):
    level: Annotated[LogLevel, Field(description="debug, info, warning or error")] = "info"
    format: Annotated[LogFormat, Field(description="json or console")] = "json"


class TelemetrySettings(_Section):
    metrics: Annotated[bool, Field(description="true or false: are metrics kept and shown")] = True
    otlp_endpoint: Annotated[
        str,
        Field(
            pattern=r"^$|^https?://\S+$",
            description="where traces go by OTLP over gRPC, for example http://127.0.0.1:4317 (empty: nowhere)",
        ),
    ] = ""
    trace_ratio: Annotated[float, Field(ge=0, le=1, description="the share of requests that are traced, 0..1")] = 1.0


class Settings(BaseSettings):
    """All settings of all services; a process reads its own section and those it reaches out with."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=SEPARATOR,
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
    )

    mode: Annotated[Mode, Field(description="embedded or server")] = "server"
    database: DatabaseSettings = DatabaseSettings()
    redis: RedisSettings = RedisSettings()
    auth: AuthSettings = AuthSettings()
    gateway: GatewaySettings = GatewaySettings()
    search: SearchSettings = SearchSettings()
    assembly: AssemblySettings = AssemblySettings()
    indexing: IndexingSettings = IndexingSettings()
    bootstrap: BootstrapSettings = BootstrapSettings()
    log: LogSettings = LogSettings()
    telemetry: TelemetrySettings = TelemetrySettings()

    def require(self, *names: Requirable) -> None:
        """ConfigError that lists every named setting that is empty."""
        described = {".".join(path): (variable_of(path), field.description) for path, field in _fields()}
        missing = {}
        for name in names:
            section, _, leaf = name.partition(".")
            if not getattr(getattr(self, section), leaf):
                variable, description = described[name]
                missing[variable] = f"is not set; it should be {description}"
        if missing:
            raise _refusal(missing)


def load_settings() -> Settings:
    """The settings of this process; ConfigError with one line per mistake, all of them at once."""
    described = {variable_of(path): field.description or "" for path, field in _fields()}
    mistakes = unknown_variables(os.environ, described)
    try:
        settings = Settings()
    except ValidationError as error:
        raise _refusal(_wrong(error, described) | mistakes) from None  # its own text names no variable
    except SettingsError as error:
        # JSON for a whole section, which pydantic would read and we do not offer: its variable is an unknown one.
        raise _refusal(mistakes) from error
    if mistakes:
        raise _refusal(mistakes)
    return settings


def _wrong(error: ValidationError, described: Mapping[str, str]) -> dict[str, str]:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    variables = {variable_of(mistake["loc"]) for mistake in found}
    return {name: f"is not right; it should be {described[name]}" for name in variables & described.keys()}


def _refusal(mistakes: Mapping[str, str]) -> ConfigError:
    lines = [f"{variable} {advice}" for variable, advice in sorted(mistakes.items())]
    return ConfigError("\n".join(lines), fields=mistakes)


def _fields() -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, _Section):
            yield from (((name, leaf), inner) for leaf, inner in section.model_fields.items())
        else:
            yield (name,), field
