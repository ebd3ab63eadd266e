"""Everything that fails as an RFC 9457 problem document: one readable line, a stable reason, the request's id."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeAlias

import msgspec
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from pampax.core.errors import Internal, InvalidRequest, NotFound, PampaxError, Unauthenticated
from pampax.gateway import rules
from pampax.gateway.rest.models.fields import OWN_MISTAKE
from pampax.runtime.context import corr_id

MEDIA_TYPE = "application/problem+json"

Mistake: TypeAlias = Mapping[str, Any]

# For 429 and 503 that do not say themselves.
_RETRY_AFTER_S = 1.0
_WAITING_HELPS = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_CLIENT_CLOSED_REQUEST = 499
_MOST_REPORTED = 16
# Fields of which no message shows the value, nor that of what lies in them.
_SECRET_FIELDS = frozenset({"credential", "token", "ssh_key"})
# Where a request's scope remembers its problem, for the edge around the framework.
_FAILURE = "pampax.failure"


def problem(error: PampaxError, status: int | None = None) -> dict[str, Any]:
    """The document as a dict; `status` overrides the error's own."""
    return _document(error, status or error.http_status, {"corr_id": corr_id.get()})


def operation_problem(error: PampaxError) -> dict[str, Any]:
    """Why an operation ended; the id is that of its run, where the error brings it along."""
    ids = {name: value for name, value in error.metadata.items() if name == "corr_id"}
    return _document(error, error.http_status, ids)


def _document(error: PampaxError, number: int, ids: Mapping[str, str]) -> dict[str, Any]:
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": "Client Closed Request" if number == _CLIENT_CLOSED_REQUEST else HTTPStatus(number).phrase,
        "status": number,
        "detail": error.message,
        "reason": error.reason,
        **ids,
    }
    if error.fields:
        document["fields"] = [{"field": name, "message": message} for name, message in error.fields.items()]
    return document


def problem_response(
    error: PampaxError, status: int | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    number = status or error.http_status
    all_headers = dict(headers or {})
    if isinstance(error, Unauthenticated):
        all_headers["WWW-Authenticate"] = "Bearer"
    if number in _WAITING_HELPS:
        all_headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s or _RETRY_AFTER_S)))
    return Response(msgspec.json.encode(problem(error, status)), number, all_headers, MEDIA_TYPE)


def unexpected() -> Internal:
    """What a client hears of a failure that nobody foresaw; the log has the rest under the same id."""
    return Internal(f"the gateway failed; tell the operator this request id: {corr_id.get()}")


def failure_of(scope: Scope) -> PampaxError | None:
    """What the framework answered a request with, when that was a problem."""
    found: PampaxError | None = scope.get(_FAILURE)
    return found


def note_failure(scope: Scope, error: PampaxError) -> None:
    """For an answer that has begun and cannot become a problem any more."""
    scope[_FAILURE] = error


def _refusal(
    request: Request, error: PampaxError, status: int | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    note_failure(request.scope, error)
    return problem_response(error, status, headers)


async def answer_pampax_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, PampaxError)
    return _refusal(request, error)


async def answer_unexpected(request: Request, _error: Exception) -> Response:
    return _refusal(request, unexpected())


async def answer_http_error(request: Request, error: Exception) -> Response:
    """What the framework refuses: unknown routes, wrong methods, bodies that it cannot read."""
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.NOT_FOUND:
        absent = NotFound("no such route; GET /openapi.json lists them all", reason="ROUTE_NOT_FOUND")
        return _refusal(request, absent)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = ", ".join(_methods_of(request))
        refusal = InvalidRequest(f"{request.method} is not possible here; use {allowed}", reason="METHOD_NOT_ALLOWED")
        return _refusal(request, refusal, HTTPStatus.METHOD_NOT_ALLOWED, {"Allow": allowed})
    return _refusal(request, unreadable(error.__cause__))


def unreadable(cause: BaseException | None) -> InvalidRequest:
    """Why a decoder gave a body up."""
    what = "the body cannot be read; send JSON in UTF-8"
    if isinstance(cause, RecursionError):
        what = "the body is nested too deep; send what GET /openapi.json describes"
    elif isinstance(cause, ValueError) and not isinstance(cause, UnicodeError):
        what = "the body holds a number of too many digits; send what GET /openapi.json describes"
    return InvalidRequest(what, reason="MALFORMED_BODY")


def _methods_of(request: Request) -> list[str]:
    """All that the path takes; the framework itself names those of one route only."""
    path = request.scope["path"]
    return sorted(
        {each for route in request.app.state.routes if route.path_regex.match(path) for each in route.methods}
    )


async def answer_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return _refusal(request, invalid_request(error.errors()))


def invalid_request(mistakes: Sequence[Mistake]) -> InvalidRequest:
    """pydantic's findings as one line and a line per field."""
    first = mistakes[0]
    if first["type"] == "json_invalid":
        where = f" at character {first['loc'][-1]}" if isinstance(first["loc"][-1], int) else ""
        return InvalidRequest(f"the body is not valid JSON: {first['ctx']['error']}{where}", reason="MALFORMED_JSON")
    if len(first["loc"]) == 1:  # the body as a whole
        if first["type"] == OWN_MISTAKE:
            return InvalidRequest(f"the body {_text(first)}")
        line = "the body is missing" if first["type"] == "missing" else "the body must be a JSON object"
        return InvalidRequest(f"{line}; send one with the header `content-type: application/json`")
    fields: dict[str, str] = {}
    for mistake in mistakes[:_MOST_REPORTED]:
        fields.setdefault(_name(mistake["loc"]), _text(mistake))
    return InvalidRequest("; ".join(f"{name} {text}" for name, text in fields.items()), fields=fields)


def _name(location: Sequence[str | int]) -> str:
    """`repos[3]`, `source.git_url`: without the part that says where the request carried it."""
    name = ""
    for part in location[1:]:
        if isinstance(part, int):
            name += f"[{part}]"
        else:
            name += f".{part}" if name else part
    return name


def _text(mistake: Mistake) -> str:
    told = _TEXTS.get(mistake["type"])
    if told is not None:
        return told(mistake)
    said = str(mistake["msg"]).replace("Input should be", "must be").replace("should", "must")
    said = f"{said[:1].lower()}{said[1:]}"
    if not _SECRET_FIELDS.isdisjoint(map(str, mistake["loc"])):
        return said
    return f"{said}, got {rules.shown(mistake.get('input'))}"


def _choices(mistake: Mistake) -> str:
    """pydantic's "'a', 'b' or 'c'" in our way of writing lists."""
    return str(mistake["ctx"]["expected"]).replace("'", "").replace(" or ", ", ")


_TEXTS: Mapping[str, Callable[[Mistake], str]] = {
    OWN_MISTAKE: lambda mistake: str(mistake["ctx"]["mistake"] if "ctx" in mistake else mistake["msg"]),
    "missing": lambda _mistake: "is required",
    "extra_forbidden": lambda _mistake: "is not a field of this request; GET /openapi.json lists them",
    "literal_error": lambda mistake: f"must be one of {_choices(mistake)}, got {rules.shown(mistake['input'])}",
    "too_long": lambda mistake: (
        f"must have at most {mistake['ctx']['max_length']} entries, got {mistake['ctx']['actual_length']}"
    ),
    "string_too_long": lambda mistake: f"must have at most {mistake['ctx']['max_length']} characters",
    "string_too_short": lambda _mistake: "must not be empty",
    "string_unicode": lambda _mistake: "must be valid Unicode text",
}
