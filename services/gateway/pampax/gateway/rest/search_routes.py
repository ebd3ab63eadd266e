"""Search, bundles and files: what reads code."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from pampax.core.choices import KeptFormat
from pampax.core.names import repository_resource
from pampax.gateway import bounds
from pampax.gateway.rest.answers import bundle_json, chunk_json, file_json, outline_json, search_json, verification_json
from pampax.gateway.rest.bundle_stream import EVENTS, LINES, bundle_stream, wanted_stream
from pampax.gateway.rest.models.browsing import ChunkResponse, OutlineResponse
from pampax.gateway.rest.models.bundle import BundleRequest, BundleResponse, VerifyResponse
from pampax.gateway.rest.models.fields import (
    OWN_MISTAKE,
    ChunkId,
    FilePath,
    OutlineFiles,
    Ref,
    RepositoryName,
    Signature,
)
from pampax.gateway.rest.models.repository import FileResponse
from pampax.gateway.rest.models.search import SearchRequest, SearchResponse
from pampax.gateway.rest.requests import bundle_message, file_message, search_message
from pampax.gateway.rest.routing import Cases, Name, json_response
from pampax.gateway.rules import shown
from pampax.v1.assembly_service_pb2 import StreamBundleRequest
from pampax.v1.search_service_pb2 import GetChunkRequest, GetOutlineRequest

# Ten digits would not fit a line number of the wire.
_LINES_PATTERN = r"([1-9][0-9]{0,8}(-[1-9][0-9]{0,8})?)?"
_LINES = re.compile(_LINES_PATTERN)

router = APIRouter()


def _line_range(value: str) -> str:
    if not _LINES.fullmatch(value):
        mistake = f"must be a line or a range such as 10-20, got {shown(value)}"
        raise PydanticCustomError(OWN_MISTAKE, "{mistake}", {"mistake": mistake})
    return value


LineRange = Annotated[
    str,
    AfterValidator(_line_range),
    Query(
        description="First and last line, 1-based and inclusive: `10-20`; or one line; the whole file when absent.",
        json_schema_extra={"pattern": f"^{_LINES_PATTERN}$"},
    ),
]


SignaturePath = Annotated[
    Signature, Path(description=f"Signature of a bundle, or its first {bounds.SHORT_SIGNATURE} digits at least.")
]


@router.post("/v1/search", tags=["search"], response_model=SearchResponse, summary="Search code")
async def search_chunks(request: SearchRequest, cases: Cases) -> Response:
    """Ranked chunks for a question in plain words, a name or a path, with the evidence for each."""
    return json_response(search_json(await cases.retrieval.search_chunks(search_message(request))))


@router.post(
    "/v1/bundles",
    tags=["bundles"],
    response_model=BundleResponse,
    summary="Assemble a bundle",
    responses={200: {"content": {kind: {"schema": {"type": "string"}} for kind in (LINES, EVENTS)}}},
)
async def assemble_bundle(
    request: BundleRequest,
    cases: Cases,
    http: Request,
    markdown: Annotated[bool, Query(description="Of a stream: whether its summary repeats the whole text.")] = False,
) -> Response:
    """The code that a task needs, inside a token budget, with the reason for every piece.

    Who accepts `application/x-ndjson` or `text/event-stream` gets it in parts: `header`, a `piece` for each in order of
    value, `summary`; and `error`, a problem document, where it ends before it is whole. Leaving early ends the work.
    """
    message = bundle_message(request)
    stream = wanted_stream(http.headers.get("accept", ""))
    if stream is not None:
        parts = cases.retrieval.stream_bundle(StreamBundleRequest(bundle=message, markdown=markdown))
        return await bundle_stream(parts, stream, markdown=markdown)
    bundle = await cases.retrieval.assemble_bundle(message)
    return json_response(bundle_json(bundle, with_content=request.format == "json"))


@router.get(
    "/v1/bundles/{signature:segment}", tags=["bundles"], response_model=BundleResponse, summary="Read a kept bundle"
)
async def get_bundle(
    signature: SignaturePath,
    cases: Cases,
    format: Annotated[  # noqa: A002 - the contract's name
        KeptFormat, Query(description="json adds the content of each item.")
    ] = "markdown",
) -> Response:
    """The bundle as it was given, for a day after it was given last, to whoever may read all repositories in it.

    The name of a context pack is not kept: others may ask.
    """
    return json_response(bundle_json(await cases.bundles.get(signature), with_content=format == "json"))


@router.post(
    "/v1/bundles/{signature:segment}:verify", tags=["bundles"], response_model=VerifyResponse, summary="Verify a bundle"
)
async def verify_bundle(signature: SignaturePath, cases: Cases) -> Response:
    """Assembles a kept bundle again, past every cache: the same bytes, or what changed."""
    return json_response(verification_json(await cases.bundles.verify(signature)))


@router.get(
    "/v1/repositories/{name:segment}/files/{path:rest}",
    tags=["repositories"],
    response_model=FileResponse,
    summary="Read a file",
)
async def read_file(
    name: Name,
    path: FilePath,
    cases: Cases,
    ref: Annotated[Ref, Query(description="Branch, tag or `worktree`; the latest publish when absent.")] = "",
    lines: LineRange = "",
) -> Response:
    """Text of one file of a published snapshot, whole or a range of lines."""
    return json_response(file_json(await cases.retrieval.read_file(file_message(name, path, ref, lines))))


@router.get("/v1/chunks/{id:segment}", tags=["search"], response_model=ChunkResponse, summary="Read a chunk")
async def get_chunk(
    id: Annotated[ChunkId, Path(description="Id of a search result.")],  # noqa: A002 - the contract's name
    cases: Cases,
    repo: Annotated[
        RepositoryName | None, Query(description="Where it is; every readable repository is looked into when absent.")
    ] = None,
    ref: Annotated[Ref, Query(description="Branch, tag or `worktree`; the latest publish when absent.")] = "",
) -> Response:
    """The text of a chunk that is published now. Faster where `repo` is named."""
    repositories = [] if repo is None else [repository_resource(repo)]
    return json_response(
        chunk_json(await cases.retrieval.chunk(GetChunkRequest(id=id, repositories=repositories, ref=ref)))
    )


@router.get(
    "/v1/repositories/{name:segment}:outline",
    tags=["repositories"],
    response_model=OutlineResponse,
    summary="Outline a repository",
)
async def get_outline(
    name: Name,
    cases: Cases,
    ref: Annotated[Ref, Query(description="Branch, tag or `worktree`; the latest publish when absent.")] = "",
    folder: Annotated[FilePath | None, Query(description="Only what lies below this folder.")] = None,
    files: Annotated[OutlineFiles, Query(description="Main files to tell of.")] = bounds.DEFAULT_OUTLINE_FILES,
) -> Response:
    """Languages, folders, and the main files with what they define: what to look at in an unknown repository."""
    request = GetOutlineRequest(repository=repository_resource(name), ref=ref, folder=folder or "", files=files)
    return json_response(outline_json(await cases.retrieval.outline(request)))
