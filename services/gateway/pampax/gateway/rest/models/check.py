"""Self-checks: stored rows of a sample of documents against those that their content gives."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from pampax.gateway.rest.models.fields import AnswerModel, CheckedDocuments, Ref, RequestModel


class CheckRequest(RequestModel):
    """What to check."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"documents": 1000}, {}]})

    ref: Ref | None = Field(default=None, description="A published ref; the one published last when absent.")
    documents: CheckedDocuments = Field(
        default=100, description="How many to derive anew, chosen at random; the time may end the check before."
    )


class Difference(AnswerModel):
    """A document of which stored rows and derived ones differ."""

    path: str = Field(description="A file that shows it; empty for the snapshot itself.")
    parts: list[str] = Field(
        description="content, document, chunks, symbols, grams, terms, vectors; "
        "of a snapshot files, bitmap, counts, lists."
    )


class Check(AnswerModel):
    """What was compared, and what differs."""

    ref: str
    commit: str
    build: str
    documents: int = Field(description="That were derived anew and compared.")
    of_documents: int = Field(description="That the ref shows.")
    undecided: int = Field(description="Documents whose parser did not come to an end now or then.")
    differing: int = Field(description="Documents that differ, and the snapshot itself if it is wrong.")
    differences: list[Difference] = Field(description="By path, at most 100.")
    recall: float | None = Field(
        description="Share of the exact neighbours that the vector index finds; null without one."
    )
    recall_queries: int
    detail: str = Field(description="Why nothing was derived, one line; empty otherwise.")
    seconds: float
