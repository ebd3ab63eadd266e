"""The one error taxonomy: what can go wrong, its reason, gRPC code, HTTP status and exit code.

    PampaxError
    ├── InvalidRequest      INVALID_ARGUMENT      400  exit 2   a field is wrong; `fields` says which and why
    ├── Unauthenticated     UNAUTHENTICATED       401  exit 2   no key, or one that is not valid
    ├── PermissionDenied    PERMISSION_DENIED     403  exit 2   a valid key without the right
    ├── NotFound            NOT_FOUND             404  exit 2
    ├── AlreadyExists       ALREADY_EXISTS        409  exit 2
    ├── FailedPrecondition  FAILED_PRECONDITION   409  exit 2   right request, wrong state (not indexed yet)
    ├── TooLarge            OUT_OF_RANGE          413  exit 2   a body or message above its bound
    ├── Aborted             ABORTED               409  exit 4   lost a race; try again
    ├── ResourceExhausted   RESOURCE_EXHAUSTED    429  exit 4   a limit or a full disk; wait
    ├── Unavailable         UNAVAILABLE           503  exit 4   a part does not answer; retry
    ├── DeadlineExceeded    DEADLINE_EXCEEDED     504  exit 5
    ├── Cancelled           CANCELLED             499  exit 5
    ├── Internal            INTERNAL              500  exit 6   our fault
    ├── ConfigError         (local)                    exit 2   settings that do not hold
    └── LocalIOError        (local)                    exit 3   a file or folder on this machine

The message is for a person: one line that says what is wrong and what to do next. The reason is for programs:
UPPER_SNAKE_CASE, stable. Metadata are short strings (never source text, never secrets).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

DOMAIN = "pampax"


class PampaxError(Exception):
    """Base of every error that PAMPAX raises on purpose."""

    grpc_code: ClassVar[str] = "INTERNAL"
    http_status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 6
    default_reason: ClassVar[str] = "INTERNAL"

    def __init__(
        self,
        message: str,
        *,
        reason: str | None = None,
        metadata: Mapping[str, str] | None = None,
        fields: Mapping[str, str] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason or self.default_reason
        self.metadata = dict(metadata or {})
        self.fields = dict(fields or {})
        self.retry_after_s = retry_after_s


class InvalidRequest(PampaxError):
    grpc_code, http_status, exit_code, default_reason = "INVALID_ARGUMENT", 400, 2, "INVALID_REQUEST"


class Unauthenticated(PampaxError):
    grpc_code, http_status, exit_code, default_reason = "UNAUTHENTICATED", 401, 2, "UNAUTHENTICATED"


class PermissionDenied(PampaxError):
    grpc_code, http_status, exit_code, default_reason = "PERMISSION_DENIED", 403, 2, "PERMISSION_DENIED"


class NotFound(PampaxError):
    grpc_code, http_status, exit_code, default_reason = "NOT_FOUND", 404, 2, "NOT_FOUND"


class AlreadyExists(PampaxError):
    grpc_code, http_status, exit_code, default_reason = "ALREADY_EXISTS", 409, 2, "ALREADY_EXISTS"


class FailedPrecondition(PampaxError):
    grpc_code, http_status, exit_code, default_reason = "FAILED_PRECONDITION", 409, 2, "FAILED_PRECONDITION"


class TooLarge(PampaxError):
    grpc_code, http_status, exit_code, default_reason = "OUT_OF_RANGE", 413, 2, "TOO_LARGE"


class Aborted(PampaxError):
    grpc_code, http_status, exit_code, default_reason = "ABORTED", 409, 4, "ABORTED"


class ResourceExhausted(PampaxError):
    grpc_code, http_status, exit_code, default_reason = "RESOURCE_EXHAUSTED", 429, 4, "RESOURCE_EXHAUSTED"


class Unavailable(PampaxError):
    grpc_code, http_status, exit_code, default_reason = "UNAVAILABLE", 503, 4, "UNAVAILABLE"


class DeadlineExceeded(PampaxError):
    grpc_code, http_status, exit_code, default_reason = "DEADLINE_EXCEEDED", 504, 5, "DEADLINE_EXCEEDED"


class Cancelled(PampaxError):
    grpc_code, http_status, exit_code, default_reason = "CANCELLED", 499, 5, "CANCELLED"


class Internal(PampaxError):
    grpc_code, http_status, exit_code, default_reason = "INTERNAL", 500, 6, "INTERNAL"


class ConfigError(PampaxError):
    grpc_code, http_status, exit_code, default_reason = "FAILED_PRECONDITION", 500, 2, "CONFIG"


class LocalIOError(PampaxError):
    grpc_code, http_status, exit_code, default_reason = "INTERNAL", 500, 3, "LOCAL_IO"


_WIRE_ERRORS: tuple[type[PampaxError], ...] = (
    InvalidRequest, Unauthenticated, PermissionDenied, NotFound, AlreadyExists, FailedPrecondition, TooLarge,
    Aborted, ResourceExhausted, Unavailable, DeadlineExceeded, Cancelled, Internal,
)  # fmt: skip
BY_GRPC_CODE: Mapping[str, type[PampaxError]] = {leaf.grpc_code: leaf for leaf in _WIRE_ERRORS}
