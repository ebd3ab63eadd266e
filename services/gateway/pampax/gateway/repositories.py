"""Use cases that keep repositories: everything that the indexing service does for a caller."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.longrunning.operations_pb2 import Operation
from google.protobuf.empty_pb2 import Empty

from pampax.core.errors import PermissionDenied
from pampax.core.identity import Role
from pampax.gateway import bounds, checks
from pampax.gateway.behind import CHECKING, INDEXING, PLANNING, PRUNING, ask_within
from pampax.runtime.caller import require_role
from pampax.v1.indexing_service_pb2 import (
    CheckIndexRequest,
    CreateRepositoryRequest,
    DeleteCredentialRequest,
    DeleteRefRequest,
    DeleteRepositoryRequest,
    Freshness,
    GetFreshnessRequest,
    GetRepositoryRequest,
    IndexCheck,
    IndexPlan,
    IndexRepositoryRequest,
    ListBuildsRequest,
    ListBuildsResponse,
    ListQuarantineRequest,
    ListQuarantineResponse,
    ListRepositoriesRequest,
    ListRepositoriesResponse,
    PlanIndexRequest,
    PruneBuildsRequest,
    PruneBuildsResponse,
    SetCredentialRequest,
    SetRefreshRequest,
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
        return await ask_within(bounds.OTHER_S, INDEXING, self._indexing.CreateRepository, request, retries=0)

    async def get(self, request: GetRepositoryRequest) -> Repository:
        checks.check_name(request.name)
        return await ask_within(bounds.OTHER_S, INDEXING, self._indexing.GetRepository, request)

    async def list_page(self, request: ListRepositoriesRequest) -> ListRepositoriesResponse:
        checks.check_page(request.page_size, request.page_token)
        return await ask_within(bounds.OTHER_S, INDEXING, self._indexing.ListRepositories, request)

    async def delete(self, request: DeleteRepositoryRequest) -> Empty:
        checks.check_name(request.name)
        return await ask_within(bounds.OTHER_S, INDEXING, self._indexing.DeleteRepository, request, retries=0)

    async def delete_ref(self, request: DeleteRefRequest) -> Empty:
        checks.check_delete_ref(request)
        return await ask_within(bounds.OTHER_S, INDEXING, self._indexing.DeleteRef, request, retries=0)

    async def set_credential(self, request: SetCredentialRequest) -> Repository:
        checks.check_set_credential(request)
        return await ask_within(bounds.OTHER_S, INDEXING, self._indexing.SetCredential, request, retries=0)

    async def delete_credential(self, request: DeleteCredentialRequest) -> Empty:
        checks.check_name(request.name)
        return await ask_within(bounds.OTHER_S, INDEXING, self._indexing.DeleteCredential, request, retries=0)

    async def set_refresh(self, request: SetRefreshRequest) -> Repository:
        checks.check_refresh(request)
        return await ask_within(bounds.OTHER_S, INDEXING, self._indexing.SetRefresh, request)

    async def index(self, request: IndexRepositoryRequest) -> Operation:
        checks.check_index(request)
        # The same operation comes back when it is asked for twice, so a retry does no harm.
        return await ask_within(bounds.OTHER_S, INDEXING, self._indexing.IndexRepository, request)

    async def plan(self, request: PlanIndexRequest) -> IndexPlan:
        checks.check_plan(request)
        return await ask_within(bounds.PLAN_S, INDEXING, self._indexing.PlanIndex, request, retries=0, guard=PLANNING)

    async def quarantine(self, request: ListQuarantineRequest) -> ListQuarantineResponse:
        checks.check_name(request.name)
        return await ask_within(bounds.OTHER_S, INDEXING, self._indexing.ListQuarantine, request)

    async def freshness(self, request: GetFreshnessRequest) -> Freshness:
        checks.check_freshness(request)
        return await ask_within(bounds.OTHER_S, INDEXING, self._indexing.GetFreshness, request)

    async def check(self, request: CheckIndexRequest) -> IndexCheck:
        checks.check_check(request)
        return await ask_within(bounds.CHECK_S, INDEXING, self._indexing.CheckIndex, request, retries=0, guard=CHECKING)

    async def builds_page(self, request: ListBuildsRequest) -> ListBuildsResponse:
        checks.check_builds(request)
        return await ask_within(bounds.PRUNE_S, INDEXING, self._indexing.ListBuilds, request, guard=PRUNING)

    async def prune_builds(self, request: PruneBuildsRequest) -> PruneBuildsResponse:
        checks.check_prune(request)
        return await ask_within(bounds.PRUNE_S, INDEXING, self._indexing.PruneBuilds, request, retries=0, guard=PRUNING)
