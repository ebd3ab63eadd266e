"""What all routes share: how they reach the use cases, how they answer, what their paths may hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from fastapi import Depends, Request
from fastapi import Path as PathParameter
from fastapi import Query as QueryParameter
from starlette.convertors import Convertor, register_url_convertor
from starlette.responses import Response

from pampax.gateway import bounds
from pampax.gateway.rest.models.fields import PageSize, PageToken, RepositoryName
from pampax.gateway.use_cases import UseCases


class _Segment(Convertor[str]):
    """One part of a path without a verb: `payments`, not `payments:index`."""

    regex = "[^/:]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


class _Rest(_Segment):
    """All that is left of a path. Unlike the framework's own, newlines included: files may be called anything."""

    regex = r"[\s\S]+"


register_url_convertor("segment", _Segment())
register_url_convertor("rest", _Rest())


async def use_cases_of(request: Request) -> UseCases:
    found: UseCases = request.app.state.use_cases
    return found


Cases = Annotated[UseCases, Depends(use_cases_of)]
Name = Annotated[RepositoryName, PathParameter(description="Name of a repository.")]
Size = Annotated[PageSize, QueryParameter(alias="page_size", description="Entries per page.")]
Token = Annotated[PageToken, QueryParameter(alias="page_token", description="`next_page_token` of the page before.")]
FIRST_PAGE_SIZE = bounds.DEFAULT_PAGE_SIZE


def json_response(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:  # noqa: ANN401 - any JSON
    return Response(msgspec.json.encode(content), status, dict(headers or {}), "application/json")
