"""What every failed request gets: an RFC 9457 problem document."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from pampax.gateway.rest.models.fields import AnswerModel


class FieldProblem(AnswerModel):
    """What is wrong with one field."""

    field: str
    message: str


class _Told(AnswerModel):
    """What every problem says."""

    type: str = Field(description="about:blank: `reason` says more than a page would.")
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="What is wrong and what to do next.")
    reason: str = Field(description="Stable, UPPER_SNAKE_CASE.")
    fields: list[FieldProblem] | None = Field(None, description="Present when fields of the request are wrong.")


class Problem(_Told):
    """One line for a person, a stable reason for programs, an id to find the request in the logs."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Bad Request",
                    "status": 400,
                    "detail": "token_budget must be between 256 and 200000, got 0",
                    "reason": "INVALID_REQUEST",
                    "corr_id": "7b0e1c2f9d3a4f5e8a6b7c8d9e0f1a2b",
                    "fields": [{"field": "token_budget", "message": "must be between 256 and 200000, got 0"}],
                }
            ]
        }
    )

    corr_id: str


class OperationProblem(_Told):
    """Why an operation ended: it failed in its own run, which is another request than the one that reads of it."""

    corr_id: str | None = Field(None, description="The request id of the run, when it is known.")
