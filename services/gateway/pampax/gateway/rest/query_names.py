"""Query parameters that a route does not know: refused, as unknown fields of a body are, and not overlooked."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from pampax.core.errors import InvalidRequest
from pampax.gateway import rules

# Asked by machines that may add what they like; what they ask has no parameters.
_FOR_MACHINES = frozenset({"/livez", "/readyz", "/metrics", "/openapi.json"})
_MOST_REPORTED = 16


async def refuse_unknown_names(request: Request) -> None:
    """A dependency of every route."""
    query: bytes = request.scope["query_string"]
    route = request.scope.get("route")
    if not query or not isinstance(route, APIRoute) or request.scope["path"] in _FOR_MACHINES:
        return
    known = set(_known(route.dependant))
    named = dict.fromkeys(name for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    unknown = [name for name in named if name not in known][:_MOST_REPORTED]
    if unknown:
        fields = {name: _advice(name, known) for name in unknown}
        line = "; ".join(f"{rules.shown(name)} {advice}" for name, advice in fields.items())
        raise InvalidRequest(line, fields=fields)


def _known(dependant: Dependant) -> Iterable[str]:
    yield from (field.alias for field in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _known(inner)


def _advice(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1)
    what = "is not a query parameter of this route"
    return f"{what}; did you mean {near[0]}?" if near else f"{what}; GET /openapi.json lists them"
