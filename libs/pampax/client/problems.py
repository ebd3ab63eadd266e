"""Failed answers as errors: a problem document (RFC 9457), or what a proxy in between says, as the right leaf."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import ValidationError

from pampax.client.model import Answer
from pampax.core.errors import (
    Aborted,
    AlreadyExists,
    Cancelled,
    ConfigError,
    DeadlineExceeded,
    FailedPrecondition,
    Internal,
    InvalidRequest,
    NotFound,
    PampaxError,
    PermissionDenied,
    ResourceExhausted,
    TooLarge,
    Unauthenticated,
    Unavailable,
)

if TYPE_CHECKING:
    import httpx

_BY_STATUS: Mapping[int, type[PampaxError]] = {
    401: Unauthenticated,
    403: PermissionDenied,
    404: NotFound,
    409: FailedPrecondition,
    413: TooLarge,
    429: ResourceExhausted,
    499: Cancelled,
    502: Unavailable,
    503: Unavailable,
    504: DeadlineExceeded,
}
# 409 is three errors; these reasons are of those that another attempt may answer.
_LOST_RACES = frozenset({"ABORTED", "SNAPSHOT_REPLACED", "LEASE_LOST"})
_EXISTS = ("ALREADY_EXISTS", "_EXISTS")
_FIRST_SERVER_ERROR = 500
# A server that wants more patience than this is as good as away.
LONGEST_RETRY_AFTER_S = 60.0


class FieldProblem(Answer):
    """What is wrong with one field."""

    field: str
    message: str


class Problem(Answer):
    """A problem document."""

    status: int
    detail: str
    reason: str
    corr_id: str = ""
    fields: list[FieldProblem] | None = None

    def error(self, retry_after_s: float | None = None) -> PampaxError:
        return _leaf(self.status, self.reason)(
            self.detail,
            reason=self.reason,
            metadata={"corr_id": self.corr_id} if self.corr_id else {},
            fields={each.field: each.message for each in self.fields or ()},
            retry_after_s=retry_after_s,
        )


def error_of(response: httpx.Response) -> PampaxError:
    """The error that a failed response stands for, whoever sent it."""
    retry_after_s = _retry_after_s(response.headers.get("retry-after", ""))
    try:
        return Problem.model_validate_json(response.content).error(retry_after_s)
    except ValidationError:
        return _foreign(response, retry_after_s)


def _foreign(response: httpx.Response, retry_after_s: float | None) -> PampaxError:
    """Not one of ours: something else listens there, or stands in between."""
    where = f"{response.request.url.scheme}://{response.request.url.netloc.decode()}"
    said = f"{where} answered {response.status_code} {response.reason_phrase}".rstrip()
    leaf = _leaf(response.status_code, "")
    if leaf in (Unavailable, DeadlineExceeded, ResourceExhausted):
        return leaf(f"{said}; try again, or look at what stands before the gateway", retry_after_s=retry_after_s)
    return not_pampax(said)


def not_pampax(said: str) -> ConfigError:
    return ConfigError(f"{said} and is no PAMPAX gateway; check --endpoint", reason="NOT_PAMPAX")


def _leaf(status: int, reason: str) -> type[PampaxError]:
    if status == FailedPrecondition.http_status:
        if reason in _LOST_RACES:
            return Aborted
        return AlreadyExists if reason.endswith(_EXISTS) else FailedPrecondition
    known = _BY_STATUS.get(status)
    if known is not None:
        return known
    return Internal if status >= _FIRST_SERVER_ERROR else InvalidRequest


def _retry_after_s(text: str) -> float | None:
    """Seconds; the other form that HTTP allows, a date, is not what the gateway sends."""
    return min(float(text), LONGEST_RETRY_AFTER_S) if text.isdecimal() and text.isascii() else None
