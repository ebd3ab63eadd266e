"""What agents' tools ask for, asked of a gateway over REST."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from pampax.client.browsing import Chunk, Outline
from pampax.client.bundle import Bundle, BundleRequest
from pampax.client.client import Client
from pampax.client.context import Pack
from pampax.client.graph import RepositoryMap, Traversal, TraverseRequest
from pampax.client.repository import Freshness, NewRepository, Operation, Repository, SourceText
from pampax.client.search import SearchAnswer, SearchRequest


class RestServices:
    """`pampax.mcp.services.Services` with a client's key. The client waits, so each call has a thread."""

    leaving = False  # the host ends this process when it has no more to ask

    def __init__(self, client: Client) -> None:
        self._client = client

    async def search(self, request: SearchRequest) -> SearchAnswer:
        return await asyncio.to_thread(self._client.search, request)

    async def assemble(self, request: BundleRequest) -> Bundle:
        return await asyncio.to_thread(self._client.assemble, request)

    async def traverse(self, request: TraverseRequest) -> Traversal:
        return await asyncio.to_thread(self._client.traverse, request)

    async def map_repositories(self) -> RepositoryMap:
        return await asyncio.to_thread(self._client.map_repositories)

    async def contexts(self) -> Sequence[Pack]:
        return await asyncio.to_thread(lambda: list(self._client.contexts()))

    async def context(self, name: str) -> Pack:
        return await asyncio.to_thread(self._client.context, name)

    async def chunk(self, chunk: str, *, repository: str, ref: str) -> Chunk:
        return await asyncio.to_thread(self._client.chunk, chunk, repository=repository, ref=ref)

    async def read_file(self, repository: str, path: str, *, ref: str, lines: str) -> SourceText:
        return await asyncio.to_thread(self._client.read_file, repository, path, ref=ref, lines=lines)

    async def outline(self, repository: str, *, ref: str, files: int) -> Outline:
        return await asyncio.to_thread(self._client.outline, repository, ref=ref, files=files)

    async def repositories(self) -> Sequence[Repository]:
        return await asyncio.to_thread(lambda: list(self._client.repositories()))

    async def repository(self, name: str) -> Repository:
        return await asyncio.to_thread(self._client.repository, name)

    async def create_repository(self, new: NewRepository) -> Repository:
        return await asyncio.to_thread(self._client.create_repository, new)

    async def delete_repository(self, name: str) -> None:
        await asyncio.to_thread(self._client.delete_repository, name)

    async def freshness(self, repository: str) -> Freshness:
        return await asyncio.to_thread(self._client.freshness, repository)

    async def index(self, repository: str, *, ref: str, full: bool) -> Operation:
        return await asyncio.to_thread(self._client.index, repository, ref=ref, full=full)

    async def operation(self, operation: str) -> Operation:
        return await asyncio.to_thread(self._client.operation, operation)

    async def operations(self, count: int) -> Sequence[Operation]:
        return await asyncio.to_thread(self._client.operations, count)
