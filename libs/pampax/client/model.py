"""What every message of the API has in common."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class Request(BaseModel):
    """A body. Fields that were not set are not sent, so that the gateway's defaults hold."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    def body(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True, exclude_none=True)


class Answer(BaseModel):
    """An answer. Fields that a newer gateway adds are kept, so that `document` is what it sent."""

    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)

    def document(self) -> dict[str, Any]:
        """The answer as JSON, in the order of the contract."""
        return self.model_dump(exclude_unset=True)
