"""The state of the system's parts."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pampax.gateway.rest.models.fields import AnswerModel

Status = Literal["ok", "degraded", "failed"]


class Component(AnswerModel):
    """One part."""

    name: str = Field(description="database, redis, search, assembly, indexing or workers.")
    status: Status
    took_ms: float
    advice: str = Field(description="What is wrong and what to do; empty when ok.")


class HealthResponse(AnswerModel):
    """The worst that matters, and each part."""

    status: Status
    components: list[Component]


class Probe(AnswerModel):
    """Answer to a probe of the platform."""

    status: Literal["ok", "draining", "unavailable"]
