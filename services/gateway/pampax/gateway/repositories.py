"""Use cases that keep repositories: everything that the indexing service does for a caller."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.longrunning.operations_pb2 import Operation
from google.protobuf.empty_pb2 import Empty

from pampax.core.errors import PermissionDenied
from pampax.core.identity import Role
from pampax.gateway import bounds, checks
from pampax.gateway.behind import INDEXING, ask
from pampax.gateway.deadline import within
from pampax.runtime.caller import require_role
from pampax.v1.indexing_service_pb2 import (
    CreateRepositoryRequest,
    DeleteRepositoryRequest,
    GetRepositoryRequest,
    IndexRepositoryRequest,
    ListRepositoriesRequest,
    ListRepositoriesResponse,
)
from pampax.v1.repository_pb2 import Repository

if TYPE_CHECKING:  # the generated code has this class for type checkers only
    from pampax.v1.indexing_service_pb2_grpc import IndexingServiceAsyncStub


class Repositories:
    """Checks bounds, then passes the call on.

    Whether a caller may change a repository depends on the grants on that repository: the indexing service decides it
    in the transaction that makes the change. Only creating needs a role that holds everywhere.
    """

    def __init__(self, indexing: IndexingServiceAsyncStub) -> None:
        self._indexing = indexing

    async def create(self, request: CreateRepositoryRequest) -> Repository:
        checks.check_new_repository(request)
        caller = require_role(Role.WRITER)
        if request.repository.source.WhichOneof("kind") == "path" and not caller.local:
            raise PermissionDenied(
                "a folder may be named by the key of an embedded system only; use a git URL, or upload the folder "
                "(`pampax index FOLDER` does)",
                reason="LOCAL_ONLY",
            )
        async with within(bounds.OTHER_S):
            return await ask(INDEXING, self._indexing.CreateRepository, request, bounds.OTHER_S, retries=0)

    async def get(self, request: GetRepositoryRequest) -> Repository:
        checks.check_name(request.name)
        async with within(bounds.OTHER_S):
            return await ask(INDEXING, self._indexing.GetRepository, request, bounds.OTHER_S)

    async def list_page(self, request: ListRepositoriesRequest) -> ListRepositoriesResponse:
        checks.check_page(request.page_size, request.page_token)
        async with within(bounds.OTHER_S):
            return await ask(INDEXING, self._indexing.ListRepositories, request, bounds.OTHER_S)

    async def delete(self, request: DeleteRepositoryRequest) -> Empty:
        checks.check_name(request.name)
        async with within(bounds.OTHER_S):
            return await ask(INDEXING, self._indexing.DeleteRepository, request, bounds.OTHER_S, retries=0)

    async def index(self, request: IndexRepositoryRequest) -> Operation:
        checks.check_index(request)
        async with within(bounds.OTHER_S):
            # The same operation comes back when it is asked for twice, so a retry does no harm.
            return await ask(INDEXING, self._indexing.IndexRepository, request, bounds.OTHER_S)
