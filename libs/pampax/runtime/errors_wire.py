"""PampaxError as google.rpc.Status and back: what an error looks like between two processes (AIP-193)."""

from __future__ import annotations

from typing import Any

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2
from grpc.aio import AioRpcError
from grpc_status import rpc_status

from pampax.core.errors import BY_GRPC_CODE, DOMAIN, Internal, PampaxError, TooLarge, Unavailable

# A status travels in HTTP/2 trailers, which are small; text is cut here rather than lost on the way.
MAX_MESSAGE_CHARS = 1_000
MAX_DETAIL_CHARS = 200
MAX_DETAILS = 16
# What an Unavailable asks for that does not say itself.
RETRY_AFTER_S = 0.25

_CODES: dict[str, int] = {code.name: code.value[0] for code in grpc.StatusCode}
CODE_NAMES = {number: name for name, number in _CODES.items()}
_NO_ANSWER = {
    "UNAVAILABLE": "the service does not answer; retry, and look at its log when it stays so",
    "DEADLINE_EXCEEDED": "no answer came before the deadline; ask for less or allow more time",
    "CANCELLED": "the call was cancelled before it was answered",
    "UNIMPLEMENTED": "the service does not know this call; check that both sides run the same version",
}


def to_status(error: PampaxError) -> status_pb2.Status:
    """Code, message and details: one ErrorInfo, then BadRequest for fields and RetryInfo where waiting helps."""
    code = "INTERNAL" if error.grpc_code not in BY_GRPC_CODE else error.grpc_code
    status = status_pb2.Status(code=_CODES[code], message=_cut(error.message, MAX_MESSAGE_CHARS))
    metadata = {_cut(key): _cut(value) for key, value in list(error.metadata.items())[:MAX_DETAILS]}
    _pack(status, error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=metadata))
    if error.fields:
        violations = [
            error_details_pb2.BadRequest.FieldViolation(field=_cut(name), description=_cut(text))
            for name, text in list(error.fields.items())[:MAX_DETAILS]
        ]
        _pack(status, error_details_pb2.BadRequest(field_violations=violations))
    retry_after_s = error.retry_after_s
    if retry_after_s is None and isinstance(error, Unavailable):
        retry_after_s = RETRY_AFTER_S
    if retry_after_s is not None:
        _pack(status, error_details_pb2.RetryInfo(retry_delay=_duration(retry_after_s)))
    return status


def from_status(status: status_pb2.Status) -> PampaxError:
    """The error that `to_status` was given, as far as it fitted; codes outside the taxonomy become Internal."""
    info, bad, retry = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
    waits = False
    for detail in status.details:
        detail.Unpack(info), detail.Unpack(bad)
        waits = detail.Unpack(retry) or waits
    return BY_GRPC_CODE.get(CODE_NAMES.get(status.code, ""), Internal)(
        status.message,
        reason=info.reason or None,
        metadata=info.metadata,
        fields={violation.field: violation.description for violation in bad.field_violations},
        retry_after_s=retry.retry_delay.ToTimedelta().total_seconds() if waits else None,
    )


def from_rpc_error(error: AioRpcError) -> PampaxError:
    """What the other side said; where only the transport speaks, a line of ours instead of its own."""
    try:
        status = rpc_status.from_call(error)
    except (ValueError, DecodeError):
        status = None
    if status is not None:
        return from_status(status)
    code, details = error.code().name, error.details() or ""
    if code == "RESOURCE_EXHAUSTED" and "larger than max" in details:
        return TooLarge(
            "the message is above the limit of 16 MiB; send it in smaller parts", reason="MESSAGE_TOO_LARGE"
        )
    return BY_GRPC_CODE.get(code, Internal)(_NO_ANSWER.get(code, f"the call failed with {code}"))


def _pack(status: status_pb2.Status, detail: Any) -> None:  # noqa: ANN401 - google.rpc has no type stubs
    status.details.add().Pack(detail)


def _duration(seconds: float) -> Duration:
    duration = Duration()
    duration.FromMilliseconds(max(0, round(seconds * 1_000)))
    return duration


def _cut(text: str, limit: int = MAX_DETAIL_CHARS) -> str:
    """At most `limit` characters, all of which UTF-8 can carry."""
    return text.encode("utf-8", "replace").decode()[:limit]
