"""Builds: the rows that one version of the code has derived of one repository."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from pampax.gateway.rest.models.fields import AnswerModel, RepositoryName, RequestModel


class PruneRequest(RequestModel):
    """Which unused builds to remove."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"dry_run": True}, {"repo": "payments"}, {}]})

    repo: RepositoryName | None = Field(
        default=None, description="All repositories that the key may write when absent."
    )
    dry_run: bool = Field(default=False, description="Tell what would be removed, and remove nothing.")


class Build(AnswerModel):
    """What one version of chunker, languages and embedding model has derived of one repository."""

    version: str = Field(description="A full run begins a new epoch of it.")
    repo: str
    state: Literal["active", "kept", "busy", "unused"] = Field(
        description="A ref shows it, a search may still read it, an open operation may write it, or none of that."
    )
    refs: int = Field(description="That show it.")
    snapshots: int = Field(description="Those that no ref shows any more included.")
    files: int
    chunks: int = Field(description="Dead ones included.")
    bytes: int = Field(description="Of its rows; without indexes, but for that of a vector table of its own.")
    publish_time: str | None = Field(
        json_schema_extra={"format": "date-time"}, description="The latest; null when no snapshot is left."
    )
    age_s: float | None = Field(description="Seconds since then.")


class BuildPage(AnswerModel):
    """Builds by repository, oldest first."""

    builds: list[Build]
    next_page_token: str = Field(description="Empty on the last page.")


class Pruned(AnswerModel):
    """What was removed, or would be."""

    removed: list[Build] = Field(description="As they were before.")
    left: int = Field(description="Unused builds that there was no time for: ask again.")
