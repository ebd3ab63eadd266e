"""Use cases on kept bundles: one shown by its signature, and one held against what the same request gives now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pampax.core.errors import FailedPrecondition, NotFound
from pampax.core.identity import Caller
from pampax.core.names import plain_repository
from pampax.gateway import bounds
from pampax.gateway.behind import ASSEMBLY, ask
from pampax.gateway.bundle_changes import compared
from pampax.gateway.checks import check_signature
from pampax.gateway.deadline import within
from pampax.gateway.kept_bundles import KeptBundles, not_kept
from pampax.gateway.scope import TIMEOUT_S
from pampax.runtime.caller import current_caller
from pampax.storage.database import Database
from pampax.storage.snapshots import readable_repositories
from pampax.v1.assembly_service_pb2 import Bundle
from pampax.v1.gateway_service_pb2 import BundleState, KeptBundle, VerifyBundleResponse
from pampax.v1.search_service_pb2 import CacheStatus

if TYPE_CHECKING:  # the generated code has this class for type checkers only
    from pampax.v1.assembly_service_pb2_grpc import AssemblyServiceAsyncStub

TOO_LARGE = "BUNDLE_TOO_LARGE"


class Bundles:
    """Whoever may read all repositories of a bundle may ask for it, whoever was given it first."""

    def __init__(self, database: Database, kept: KeptBundles, assembly: AssemblyServiceAsyncStub) -> None:
        self._database = database
        self._kept = kept
        self._assembly = assembly

    async def get(self, signature: str) -> Bundle:
        """NotFound when it is not kept, or was too large for that; Unavailable."""
        check_signature(signature)
        async with within(bounds.OTHER_S):
            kept = await self._readable(current_caller(), signature)
        if kept.too_large:
            raise NotFound(
                f"bundle {kept.bundle.signature[: bounds.SHORT_SIGNATURE]} was too large to be kept whole; it can be "
                "verified, and assembled again with a smaller budget",
                reason=TOO_LARGE,
            )
        kept.bundle.cache = CacheStatus.CACHE_STATUS_HIT
        return kept.bundle

    async def verify(self, signature: str) -> VerifyBundleResponse:
        """NotFound as above; Unavailable and DeadlineExceeded when it cannot be assembled now."""
        check_signature(signature)
        async with within(bounds.BUNDLE_S):
            kept = await self._readable(current_caller(), signature)
            try:
                current = await ask(ASSEMBLY, self._assembly.AssembleBundle, kept.request, bounds.BUNDLE_S)
            except (NotFound, FailedPrecondition) as error:  # a ref, a path or an index is gone
                return VerifyBundleResponse(
                    signature=kept.bundle.signature, state=BundleState.BUNDLE_STATE_CHANGED, changes=[error.message]
                )
        current.cache = CacheStatus.CACHE_STATUS_MISS
        return compared(kept, current)

    async def _readable(self, caller: Caller, signature: str) -> KeptBundle:
        kept = await self._kept.find(caller, signature)
        names = [plain_repository(each.repository) for each in kept.bundle.snapshots]
        if names:
            async with self._database.tenant(caller.tenant_id, timeout_s=TIMEOUT_S, read_only=True) as connection:
                rows = await readable_repositories(connection, caller.principal_id, names)
            if not {row.repository_id for row in rows}.issuperset(kept.repository_ids):
                raise not_kept(signature)
        return kept
