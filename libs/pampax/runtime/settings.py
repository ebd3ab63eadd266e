"""What a process may be told: one frozen object. `pampax.runtime.configuration` reads it.

Each field says what it is (`about`) and what may stand there: its description completes the sentence "it should be
...". The lines about mistakes, the page of all settings, `--help` and the commented file are made from both. Text that
may hold a secret stays out of `repr`, and no value is ever part of a message. Empty text means not set: a process names
what it cannot do without in `Settings.require`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from pampax.core.errors import ConfigError
from pampax.runtime.addresses import split_address
from pampax.runtime.variables import variable_of

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

_WEEK_S = 7 * 24 * 3600
_TIB_MIB = 1024 * 1024

EVERYBODY = "all"
SERVICES = "gateway, search, assembly, indexing"


def about(meaning: str, read_by: str) -> FieldInfo:
    """What a setting is, for a person who looks for it, and which processes read it."""
    found: FieldInfo = Field(title=meaning, json_schema_extra={"read_by": read_by})
    return found


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


CredentialKeys = Annotated[
    str,
    Field(
        pattern=r"^$|^[0-9a-fA-F]{64}(,[0-9a-fA-F]{64})*$",
        repr=False,
        description="64 hex digits, for example from `openssl rand -hex 32`; after a change the new ones, a comma, and "
        "the old ones",
    ),
]


class Section(BaseModel):
    """Settings that belong together, under one heading of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class DatabaseSettings(Section):
    url: Annotated[PostgresUrl, about("the database, as the restricted role pampax_service", f"{SERVICES}, worker")] = (
        ""
    )
    owner_url: Annotated[PostgresUrl, about("the database, as the role that owns the schema", "migrate")] = ""
    service_password: Annotated[
        str,
        about("what pampax_service logs in with", "migrate"),
        Field(repr=False, description="the password that migrations give the service role"),
    ] = ""
    pool_max: Annotated[
        int,
        about("how many connections a process may hold", SERVICES),
        Field(ge=1, le=200, description="a number of connections per process, 1..200"),
    ] = 8


class RedisSettings(Section):
    url: Annotated[RedisUrl, about("cached answers and the queue of work", "gateway, indexing, worker")] = ""


class AuthSettings(Section):
    key_pepper: Annotated[
        HexKey, about("API keys are stored as HMAC-SHA-256 under it; a new one voids every key", "gateway, migrate")
    ] = ""
    caller_secret: Annotated[HexKey, about("services sign who asks with it; the same for all of them", SERVICES)] = ""


class GatewaySettings(Section):
    http_address: Annotated[Address, about("where the gateway answers REST", "gateway")] = "127.0.0.1:8080"
    grpc_address: Annotated[Address, about("where the gateway answers gRPC", "gateway")] = "127.0.0.1:50050"
    metrics_address: Annotated[MetricsAddress, about("metrics of the gateway", "gateway")] = ""


class SearchSettings(Section):
    address: Annotated[Address, about("where search listens and the others find it", "search, assembly, gateway")] = (
        "127.0.0.1:50051"
    )
    metrics_address: Annotated[MetricsAddress, about("metrics of search", "search")] = ""
    reranker: Annotated[
        str,
        about(
            "the model that orders the best results of a sentence anew; answers carry its name and version, which are "
            "those of the folder",
            "search, gateway",
        ),
        Field(
            pattern=r"^$|^(.*/)?[\w.-]+@[\w.]+$",
            description="a folder NAME@VERSION that models/reranker.py has made (empty: none); needs pampax[quality]",
        ),
    ] = ""


class AssemblySettings(Section):
    address: Annotated[Address, about("where assembly listens and the gateway finds it", "assembly, gateway")] = (
        "127.0.0.1:50052"
    )
    metrics_address: Annotated[MetricsAddress, about("metrics of assembly", "assembly")] = ""


class IndexingSettings(Section):
    address: Annotated[Address, about("where indexing listens and the gateway finds it", "indexing, gateway")] = (
        "127.0.0.1:50053"
    )
    metrics_address: Annotated[MetricsAddress, about("metrics of indexing", "indexing")] = ""
    worker_metrics_address: Annotated[MetricsAddress, about("metrics of the workers", "worker")] = ""
    cache_dir: Annotated[
        Path,
        about("where workers keep clones between jobs; it may be lost", "worker"),
        Field(description="a folder for clones"),
    ] = Path("/var/cache/pampax")
    heartbeat_file: Annotated[
        str,
        about("the file that a worker touches every 2 s while it lives, for probes", "worker"),
        Field(description="a file that the worker may write (empty: worker.beat in the folder for clones)"),
    ] = ""
    concurrency: Annotated[
        int,
        about("how many jobs one worker runs at a time", "worker"),
        Field(ge=1, le=256, description="a number of indexing jobs at a time, 1..256"),
    ] = 1
    task_soft_limit_s: Annotated[
        int,
        about(
            "how long a run may take; past that it ends and says so, and the old index is served", "indexing, worker"
        ),
        Field(ge=0, le=_WEEK_S, description="seconds, 0..604800 (0: without a limit)"),
    ] = 6 * 3600
    task_hard_limit_s: Annotated[
        int,
        about("past that its process is killed and another one goes on", "indexing, worker"),
        Field(ge=0, le=_WEEK_S, description="seconds, 0..604800, more than the soft limit (0: without a limit)"),
    ] = 7 * 3600
    task_memory_mib: Annotated[
        int,
        about("how much memory a process may have; past that its run ends and says so", "indexing, worker"),
        Field(ge=0, le=_TIB_MIB, description="MiB, 0..1048576 (0: without a limit)"),
    ] = 1_200
    task_memory_hard_mib: Annotated[
        int,
        about("past that it is killed and another one goes on", "indexing, worker"),
        Field(ge=0, le=_TIB_MIB, description="MiB, 0..1048576, more than the soft limit (0: without a limit)"),
    ] = 1_600
    task_attempts: Annotated[
        int,
        about("how many workers may die over an operation until it fails", "indexing, worker"),
        Field(ge=1, le=100, description="a number of attempts, 1..100"),
    ] = 5
    check_every_s: Annotated[
        float,
        about("how often a sample of one repository's index is compared with a fresh derivation; 0: never", "indexing"),
        Field(ge=0, le=30 * 86_400, allow_inf_nan=False, description="seconds between self-checks, 0 for none"),
    ] = 900.0
    allow_private_git: Annotated[
        bool,
        about("whether repositories may be cloned from internal hosts", "indexing, worker"),
        Field(description="true or false: may git URLs name internal hosts"),
    ] = False
    credential_keys: Annotated[
        CredentialKeys,
        about(
            "what credentials for git servers are encrypted with; the first key encrypts, all decrypt",
            "indexing, worker",
        ),
    ] = ""


class BootstrapSettings(Section):
    api_key: Annotated[
        str,
        about("the first key of the first tenant", "migrate"),
        Field(repr=False, description="the API key that the first start creates"),
    ] = ""


class LogSettings(Section):
    level: Annotated[
        LogLevel,
        about("the least severe lines that are written", EVERYBODY),
        Field(description="debug, info, warning or error"),
    ] = "info"
    format: Annotated[
        LogFormat,
        about("lines of JSON, or coloured text for a person", EVERYBODY),
        Field(description="json or console"),
    ] = "json"


class TelemetrySettings(Section):
    metrics: Annotated[
        bool,
        about("whether metrics are kept", EVERYBODY),
        Field(description="true or false: are metrics kept and shown"),
    ] = True
    otlp_endpoint: Annotated[
        str,
        about("the collector that gets traces", EVERYBODY),
        Field(
            pattern=r"^$|^https?://[^\s@]+$",
            description="where traces go by OTLP over gRPC, for example http://127.0.0.1:4317 (empty: nowhere); "
            "without user:password@, which OTEL_EXPORTER_OTLP_HEADERS is for",
        ),
    ] = ""
    trace_ratio: Annotated[
        float,
        about("how much is traced; what a traced caller asks for always is", EVERYBODY),
        Field(ge=0, le=1, description="the share of requests that are traced, 0..1"),
    ] = 1.0


class CollectorSettings(Section):
    address: Annotated[Address, about("where the small collector takes traces by OTLP over gRPC", "collector")] = (
        "127.0.0.1:4317"
    )
    folder: Annotated[
        Path,
        about("where the collector keeps the latest spans; it may be lost", "collector"),
        Field(description="a folder for spans"),
    ] = Path("/var/lib/pampax-traces")


class Settings(Section):
    """All settings of all services; a process reads its own section and those it reaches out with."""

    mode: Annotated[
        Mode,
        about("whether this is a system for one machine, which may read folders there", EVERYBODY),
        Field(description="embedded or server"),
    ] = "server"
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
    collector: CollectorSettings = CollectorSettings()

    def require(self, *names: Requirable) -> None:
        """ConfigError that lists every named setting that is empty."""
        described = {".".join(path): (variable_of(path), field.description) for path, field in setting_fields()}
        missing = {}
        for name in names:
            section, _, leaf = name.partition(".")
            if not getattr(getattr(self, section), leaf):
                variable, description = described[name]
                missing[variable] = f"is not set; it should be {description}"
        if missing:
            raise refusal(dict(sorted(missing.items())))

    def value(self, path: tuple[str, ...]) -> object:
        """The value of one setting, `("log", "level")`."""
        found: object = self
        for part in path:
            found = getattr(found, part)
        return found


def setting_fields() -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    """Every setting by its path, `("log", "level")`, in the order of the model."""
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, Section):
            yield from (((name, leaf), inner) for leaf, inner in section.model_fields.items())
        else:
            yield (name,), field


def refusal(mistakes: Mapping[str, str]) -> ConfigError:
    """One line for each: what is wrong, and what to do about it."""
    return ConfigError("\n".join(f"{subject} {advice}" for subject, advice in mistakes.items()), fields=mistakes)
