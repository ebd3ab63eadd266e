"""What tools and resources work with: a gateway's API in the words of its client, for the caller that stands behind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pampax.client.browsing import Chunk, Outline
from pampax.client.bundle import Bundle, BundleRequest
from pampax.client.context import Pack
from pampax.client.graph import RepositoryMap, Traversal, TraverseRequest
from pampax.client.repository import Freshness, NewRepository, Operation, Repository, SourceText
from pampax.client.search import SearchAnswer, SearchRequest


class Services(Protocol):
    """Every method raises the errors of `pampax.core.errors` and has a deadline of its own."""

    @property
    def leaving(self) -> bool:
        """Whether whoever serves is about to stop: nobody should be kept waiting any longer."""
        ...

    async def search(self, request: SearchRequest) -> SearchAnswer: ...

    async def assemble(self, request: BundleRequest) -> Bundle: ...

    async def traverse(self, request: TraverseRequest) -> Traversal: ...

    async def map_repositories(self) -> RepositoryMap:
        """Of all readable ones, as many as one map holds."""
        ...

    async def contexts(self) -> Sequence[Pack]:
        """One's own packs and the shared ones, by name; of two with one name one's own comes first."""
        ...

    async def context(self, name: str) -> Pack: ...

    async def chunk(self, chunk: str, *, repository: str, ref: str) -> Chunk:
        """`repository` "" looks into every readable one."""
        ...

    async def read_file(self, repository: str, path: str, *, ref: str, lines: str) -> SourceText:
        """`lines` is a line, a range such as 10-20 or "" for all."""
        ...

    async def outline(self, repository: str, *, ref: str, files: int) -> Outline: ...

    async def repositories(self) -> Sequence[Repository]:
        """Every readable one, by name."""
        ...

    async def repository(self, name: str) -> Repository: ...

    async def create_repository(self, new: NewRepository) -> Repository: ...

    async def delete_repository(self, name: str) -> None: ...

    async def freshness(self, repository: str) -> Freshness: ...

    async def index(self, repository: str, *, ref: str, full: bool) -> Operation: ...

    async def operation(self, operation: str) -> Operation: ...

    async def operations(self, count: int) -> Sequence[Operation]:
        """The latest ones, latest first."""
        ...
