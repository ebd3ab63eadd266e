"""The OpenAPI 3.1 document: what the framework derives, with our security, problems and uploads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from pampax.gateway.rest.edge import OPEN_PATHS
from pampax.gateway.rest.models.problem import Problem
from pampax.gateway.rest.models.upload import OpenUpload, SendBlobs, SendScip
from pampax.gateway.rest.problems import MEDIA_TYPE

Document: TypeAlias = dict[str, Any]

_REFERENCE = "#/components/schemas/{name}"
_REFERENCE_TO_MODEL = "#/components/schemas/{model}"
_DESCRIPTION = (
    "Ranked code with the evidence for each result, and bundles: the code that a task needs, inside a token budget. "
    "Every request needs an API key; everything that fails is answered by a problem document (RFC 9457)."
)
_TAGS = [
    {"name": "search", "description": "Find code."},
    {"name": "bundles", "description": "Assemble the code that a task needs."},
    {"name": "contexts", "description": "Keep named scopes that searches and bundles are narrowed by."},
    {"name": "repositories", "description": "Keep repositories, their content and their indexes."},
    {"name": "operations", "description": "Follow long work."},
    {"name": "health", "description": "State of the system."},
]
# What any authenticated route may answer; the others are under `default`.
_PROBLEMS = {
    "400": "A field, or the body, is wrong.",
    "401": "No API key, or one that is not valid.",
    "403": "The key lacks the right.",
    "404": "Something that was named does not exist, or may not be read.",
    "409": "The right request in the wrong state.",
    "413": "The body is too large.",
    "429": "A limit is reached; wait.",
    "503": "A part does not answer; retry.",
    "504": "No answer in time.",
}
_DESCRIPTIONS = {
    "200": "The answer.",
    "201": "Created.",
    "202": "Accepted; the operation tells how it goes.",
    "204": "Done.",
    "503": "Not now.",
}
_WAITING = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
_CHALLENGE = {"WWW-Authenticate": {"description": "Bearer.", "schema": {"type": "string"}}}
_HEADERS = {"401": _CHALLENGE, "429": _WAITING, "503": _WAITING}


def openapi_document(app: FastAPI) -> Document:
    """Made once, at the start."""
    document = get_openapi(
        title="PAMPAX",
        version=app.version,
        openapi_version="3.1.0",
        summary="Shared code-context service.",
        description=_DESCRIPTION,
        routes=app.routes,
        tags=_TAGS,
        license_info={"name": "Apache 2.0", "identifier": "Apache-2.0"},
    )
    schemas: Document = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):  # the framework's own, which we never answer
        schemas.pop(unused, None)
    _add_problem(schemas)
    _, upload_schemas = msgspec.json.schema_components((OpenUpload, SendBlobs, SendScip), ref_template=_REFERENCE)
    schemas.update(upload_schemas)
    document["components"]["securitySchemes"] = {
        "api_key": {"type": "http", "scheme": "bearer", "description": "An API key, `pampax_` and 43 characters."}
    }
    document["security"] = [{"api_key": []}]
    for path, operation in _operations(document):
        _complete(operation, is_open=path in OPEN_PATHS)
    return document


def _operations(document: Document) -> Iterator[tuple[str, Document]]:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            yield path, operation


def _complete(operation: Document, *, is_open: bool) -> None:
    responses: Document = operation["responses"]
    responses.pop("422", None)
    for status, response in responses.items():
        response["description"] = _DESCRIPTIONS[status]
    if is_open:
        operation["security"] = []
    else:
        for status, description in _PROBLEMS.items():
            responses.setdefault(status, _problem(description, _HEADERS.get(status)))
    responses["default"] = _problem("Anything else that fails.", None)
    for response in responses.values():
        response.setdefault("headers", {})["x-request-id"] = {
            "description": "The client's own, when it sent a sane one; it is in every log line.",
            "schema": {"type": "string"},
        }


def _problem(description: str, headers: Document | None) -> Document:
    content = {MEDIA_TYPE: {"schema": {"$ref": _REFERENCE.format(name="Problem")}}}
    return {"description": description, "content": content, **({"headers": dict(headers)} if headers else {})}


def _add_problem(schemas: Document) -> None:
    schema = Problem.model_json_schema(ref_template=_REFERENCE_TO_MODEL)
    schemas.update(schema.pop("$defs", {}))
    schemas["Problem"] = schema
