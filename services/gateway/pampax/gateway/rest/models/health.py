"""The state of the system's parts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pampax.core.choices import HEALTH_SERVICES
from pampax.gateway import rules
from pampax.gateway.rest.models.fields import AnswerModel, Ruled

Status = Literal["ok", "degraded", "failed"]
Service = Annotated[str, Ruled(lambda value: rules.nearest(value, HEALTH_SERVICES), (("enum", list(HEALTH_SERVICES)),))]


class MemoryUse(AnswerModel):
    """Of one process, and of all that share its limit."""

    resident_bytes: int = Field(description="Resident memory of the process.")
    used_bytes: int = Field(description="What all under the same limit use and cannot be had back at once.")
    limit_bytes: int = Field(description="Of the control group, or of the machine; 0 when it is not known.")


class DiskSpace(AnswerModel):
    """Where the process writes."""

    free_bytes: int
    total_bytes: int


class PoolUse(AnswerModel):
    """Connections to Postgres."""

    open: int
    used: int
    waiting: int = Field(description="Requests that wait for a connection.")
    max: int


class SchemaFit(AnswerModel):
    """How the schema of the database fits the code of the process."""

    expected: str = Field(description="The newest migration of the code.")
    found: str = Field(description="The newest migration that was applied; empty when none was.")
    state: str = Field(description="current, ahead, pending, behind or too_new.")


class ConfigurationFinding(AnswerModel):
    """A setting that is dangerous or contradicts another."""

    setting: str = Field(description="Its name as an environment variable; never a value.")
    advice: str


class ServiceDiagnostics(AnswerModel):
    """What a service tells about its process."""

    version: str
    start_time: str = Field(description="RFC 3339.")
    ready: bool
    degraded: list[str] = Field(description="What does not work as it should, with what to do.")
    memory: MemoryUse
    disk: DiskSpace | None
    pool: PoolUse | None
    schema_: SchemaFit | None = Field(alias="schema")
    configuration_fingerprint: str = Field(description="Equal for equal settings; nothing can be read from it.")
    configuration_findings: list[ConfigurationFinding]


class Component(AnswerModel):
    """One part."""

    name: str = Field(
        description="database, migrations, redis, gateway, search, assembly, indexing, workers, queue, index, memory, "
        "disk or configuration."
    )
    status: Status
    took_ms: float
    detail: str = Field(description="What was found.")
    advice: str = Field(description="What is wrong and what to do; empty when ok.")
    diagnostics: ServiceDiagnostics | None = Field(description="Of a service that answers; null for other parts.")


class HealthResponse(AnswerModel):
    """The worst that matters, and each part."""

    status: Status
    took_ms: float
    components: list[Component]


class Probe(AnswerModel):
    """Answer to a probe of the platform."""

    status: Literal["ok", "draining", "unavailable"]
