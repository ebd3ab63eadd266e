"""What agents' tools ask for, answered by the use cases themselves: the requests and answers of REST without the wire
between, for the caller that the edge has found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from google.longrunning.operations_pb2 import GetOperationRequest, ListOperationsRequest
from pydantic import BaseModel, ValidationError

from pampax.client.browsing import Chunk, Outline
from pampax.client.bundle import Bundle, BundleRequest
from pampax.client.context import Pack, PackPage
from pampax.client.graph import RepositoryMap, Traversal, TraverseRequest
from pampax.client.model import Request
from pampax.client.repository import Freshness, NewRepository, Operation, Repository, RepositoryPage, SourceText
from pampax.client.search import SearchAnswer, SearchRequest
from pampax.core.names import context_resource, operation_resource, repository_resource
from pampax.gateway.rest.answers import bundle_json, chunk_json, file_json, outline_json, search_json
from pampax.gateway.rest.context_answers import pack_json, pack_page_json
from pampax.gateway.rest.graph_answers import map_json, traversal_json
from pampax.gateway.rest.models.bundle import BundleRequest as BundleBody
from pampax.gateway.rest.models.graph import TraverseRequest as TraverseBody
from pampax.gateway.rest.models.repository import IndexRequest, RepositoryRequest
from pampax.gateway.rest.models.search import SearchRequest as SearchBody
from pampax.gateway.rest.problems import invalid_request
from pampax.gateway.rest.repository_answers import (
    freshness_json,
    operation_json,
    operation_page_json,
    repository_json,
    repository_page_json,
)
from pampax.gateway.rest.requests import (
    bundle_message,
    file_message,
    index_message,
    repository_message,
    search_message,
    traversal_message,
)
from pampax.gateway.use_cases import UseCases
from pampax.v1.context_service_pb2 import GetContextPackRequest, ListContextPacksRequest
from pampax.v1.graph_service_pb2 import MapRepositoriesRequest
from pampax.v1.indexing_service_pb2 import (
    DeleteRepositoryRequest,
    GetFreshnessRequest,
    GetRepositoryRequest,
    ListRepositoriesRequest,
)
from pampax.v1.search_service_pb2 import GetChunkRequest, GetOutlineRequest

_PAGE_SIZE = 1_000

Body = TypeVar("Body", bound=BaseModel)
Answered = TypeVar("Answered")


class OwnServices:
    """`pampax.mcp.services.Services` for `current_caller()`."""

    def __init__(self, use_cases: UseCases, leaving: Callable[[], bool]) -> None:
        self._cases = use_cases
        self._leaving = leaving

    @property
    def leaving(self) -> bool:
        return self._leaving()

    async def search(self, request: SearchRequest) -> SearchAnswer:
        message = search_message(_body(SearchBody, request))
        answer = await _apart(self._cases.retrieval.search_chunks(message))
        return SearchAnswer.model_validate(search_json(answer))

    async def assemble(self, request: BundleRequest) -> Bundle:
        message = bundle_message(_body(BundleBody, request))
        answer = await _apart(self._cases.retrieval.assemble_bundle(message))
        return Bundle.model_validate(bundle_json(answer, with_content=False))

    async def traverse(self, request: TraverseRequest) -> Traversal:
        message = traversal_message(_body(TraverseBody, request))
        return Traversal.model_validate(traversal_json(await _apart(self._cases.graph.traverse(message))))

    async def map_repositories(self) -> RepositoryMap:
        found = await _apart(self._cases.graph.map_repositories(MapRepositoriesRequest()))
        return RepositoryMap.model_validate(map_json(found))

    async def contexts(self) -> Sequence[Pack]:
        found: list[Pack] = []
        token = ""
        while True:
            request = ListContextPacksRequest(page_size=_PAGE_SIZE, page_token=token)
            page = PackPage.model_validate(pack_page_json(await _apart(self._cases.contexts.list_page(request))))
            found += page.contexts
            if not page.next_page_token or page.next_page_token == token:
                return found
            token = page.next_page_token

    async def context(self, name: str) -> Pack:
        message = GetContextPackRequest(name=context_resource(name))
        return Pack.model_validate(pack_json(await _apart(self._cases.contexts.get(message))))

    async def chunk(self, chunk: str, *, repository: str, ref: str) -> Chunk:
        repositories = [repository_resource(repository)] if repository else []
        message = GetChunkRequest(id=chunk, repositories=repositories, ref=ref)
        return Chunk.model_validate(chunk_json(await _apart(self._cases.retrieval.chunk(message))))

    async def read_file(self, repository: str, path: str, *, ref: str, lines: str) -> SourceText:
        message = file_message(repository, path, ref, lines)
        return SourceText.model_validate(file_json(await _apart(self._cases.retrieval.read_file(message))))

    async def outline(self, repository: str, *, ref: str, files: int) -> Outline:
        message = GetOutlineRequest(repository=repository_resource(repository), ref=ref, files=files)
        return Outline.model_validate(outline_json(await _apart(self._cases.retrieval.outline(message))))

    async def repositories(self) -> Sequence[Repository]:
        found: list[Repository] = []
        token = ""
        while True:
            request = ListRepositoriesRequest(page_size=_PAGE_SIZE, page_token=token)
            answer = await _apart(self._cases.repositories.list_page(request))
            page = RepositoryPage.model_validate(repository_page_json(answer))
            found += page.repositories
            if not page.next_page_token or page.next_page_token == token:
                return found
            token = page.next_page_token

    async def repository(self, name: str) -> Repository:
        message = GetRepositoryRequest(name=repository_resource(name))
        return Repository.model_validate(repository_json(await _apart(self._cases.repositories.get(message))))

    async def create_repository(self, new: NewRepository) -> Repository:
        message = repository_message(_body(RepositoryRequest, new))
        return Repository.model_validate(repository_json(await _apart(self._cases.repositories.create(message))))

    async def delete_repository(self, name: str) -> None:
        await _apart(self._cases.repositories.delete(DeleteRepositoryRequest(name=repository_resource(name))))

    async def freshness(self, repository: str) -> Freshness:
        message = GetFreshnessRequest(name=repository_resource(repository))
        return Freshness.model_validate(freshness_json(await _apart(self._cases.repositories.freshness(message))))

    async def index(self, repository: str, *, ref: str, full: bool) -> Operation:
        message = index_message(repository, IndexRequest(ref=ref or None, full=full))
        return Operation.model_validate(operation_json(await _apart(self._cases.repositories.index(message))))

    async def operation(self, operation: str) -> Operation:
        message = GetOperationRequest(name=operation_resource(operation))
        return Operation.model_validate(operation_json(await _apart(self._cases.operations.get(message))))

    async def operations(self, count: int) -> Sequence[Operation]:
        request = ListOperationsRequest(name="operations", page_size=count)
        page = operation_page_json(await _apart(self._cases.operations.list_page(request)))
        return [Operation.model_validate(each) for each in page["operations"]]


async def _apart(work: Coroutine[Any, Any, Answered]) -> Answered:
    """In a task of its own: a use case leaves its deadline in the context, and a call of a tool asks several, some of
    them minutes later."""
    return await asyncio.create_task(work)


def _body(kind: type[Body], request: Request) -> Body:
    """A request of the client's as REST would read it, by the same rules."""
    try:
        return kind.model_validate_json(request.model_dump_json(exclude_unset=True, exclude_none=True))
    except ValidationError as error:
        # REST tells where the request carried a field: here it is always a body.
        mistakes = [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
        raise invalid_request(mistakes) from error
