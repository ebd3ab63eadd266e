"""Context packs: what is saved, and what is shown."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from pampax.core.choices import Kind, Mode, Policy, Visibility, Wanted
from pampax.gateway import bounds
from pampax.gateway.rest.models.fields import (
    AnswerModel,
    Description,
    Globs,
    Languages,
    Ref,
    RequestModel,
    SearchedRepositories,
    SearchLimit,
    TokenBudget,
)


class PackScopeRequest(RequestModel):
    """What requests under the pack are narrowed to; what is left out narrows nothing."""

    repos: SearchedRepositories = Field(default=[], description="Repositories; every readable one when empty.")
    ref: Ref | None = Field(default=None, description="Branch or tag; the ref of a request takes its place.")
    languages: Languages = Field(default=[], description="Only these languages.")
    path_globs: Globs = Field(default=[], description="Only paths that match one of these gitignore-style patterns.")
    kinds: Annotated[list[Kind], Field(max_length=bounds.MOST_KINDS)] = Field(
        default=[], description="Only chunks of these kinds."
    )


class PackDefaultsRequest(RequestModel):
    """What holds where a request leaves it open."""

    mode: Mode | None = Field(default=None, description="Of a search.")
    limit: SearchLimit | None = Field(default=None, description="Results per page of a search.")
    token_budget: TokenBudget | None = Field(default=None, description="Of a bundle.")
    policy: Policy | None = Field(default=None, description="Of a bundle.")
    tests: Wanted | None = Field(default=None, description="Of a bundle.")
    docs: Wanted | None = Field(default=None, description="Of a bundle.")
    config: Wanted | None = Field(default=None, description="Of a bundle.")


class PackRequest(RequestModel):
    """A context pack, whole: what is left out of it is empty afterwards."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "description": "The shop without its tests",
                    "visibility": "shared",
                    "scope": {"repos": ["shop"], "languages": ["typescript"], "path_globs": ["src/**"]},
                    "defaults": {"limit": 20, "token_budget": 6000},
                }
            ]
        }
    )

    description: Description = ""
    visibility: Visibility = Field("private", description="Who sees it; `shared` needs the role writer.")
    scope: PackScopeRequest = PackScopeRequest()
    defaults: PackDefaultsRequest = PackDefaultsRequest()


class PackScope(AnswerModel):
    """What requests under the pack are narrowed to; an empty list narrows nothing."""

    repos: list[str]
    ref: str | None
    languages: list[str]
    path_globs: list[str]
    kinds: list[str]


class PackDefaults(AnswerModel):
    """What holds where a request leaves it open."""

    mode: Mode | None
    limit: int | None
    token_budget: int | None
    policy: Policy | None
    tests: Wanted | None
    docs: Wanted | None
    config: Wanted | None


class Pack(AnswerModel):
    """A named scope."""

    name: str
    description: str
    visibility: Visibility
    scope: PackScope
    defaults: PackDefaults
    owner: str = Field(description="Name of the principal who made it.")
    mine: bool = Field(description="Whether that is the caller.")
    hidden_repos: int = Field(
        description="Repositories of somebody else's pack that are gone or not readable with this key: not shown."
    )
    create_time: str = Field(json_schema_extra={"format": "date-time"})
    update_time: str = Field(json_schema_extra={"format": "date-time"}, description="When it was saved last.")


class PackPage(AnswerModel):
    """The caller's own packs and the shared ones, by name."""

    contexts: list[Pack]
    next_page_token: str = Field(description="Empty on the last page.")
