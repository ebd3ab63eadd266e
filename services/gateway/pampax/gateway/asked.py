"""What a request asks for once its context pack is taken into account, and from which snapshots it is answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic

from pampax.core.errors import FailedPrecondition
from pampax.core.identity import Caller
from pampax.core.names import plain_context, plain_repository, repository_resource
from pampax.gateway.narrowing import Narrowed, Request, narrow
from pampax.gateway.scope import TIMEOUT_S, Scope, read_scope, scope_of
from pampax.storage.database import Database
from pampax.storage.packs import Pack, visible_pack
from pampax.storage.snapshots import Snapshot, resolve
from pampax.v1.assembly_service_pb2 import Bundle
from pampax.v1.search_service_pb2 import SearchChunksResponse


@dataclass(frozen=True, slots=True)
class Asked(Generic[Request]):
    """`narrowed` is as it came where no pack is named."""

    narrowed: Narrowed[Request]
    scope: Scope

    def tell(self, answer: SearchChunksResponse | Bundle) -> None:
        """Adds what depends on the pack's name: a stored answer is shared by all requests that come to the same."""
        answer.pack = self.narrowed.pack
        answer.notices.extend(self.narrowed.notices)


async def read_asked(database: Database, caller: Caller, request: Request) -> Asked[Request]:
    """Pack and snapshots as Postgres has them now, in one short transaction.

    NotFound and FailedPrecondition as `scope.read_scope` and `storage.packs.visible_pack` raise them. What a pack
    names, unlike what a request names, is left out where it cannot be read or shows nothing.
    """
    if not request.pack:
        scope = await read_scope(database, caller, request.repositories, request.ref)
        return Asked(Narrowed(request, ""), scope)
    named = [plain_repository(name) for name in request.repositories]
    async with database.tenant(caller.tenant_id, timeout_s=TIMEOUT_S, read_only=True) as connection:
        pack = await visible_pack(connection, caller.principal_id, plain_context(request.pack))
        # Before the pack is looked into: it must not tell whether somebody has put there what the key may not read.
        snapshots = await resolve(
            connection,
            caller.principal_id,
            named or pack.repositories or None,
            request.ref or pack.ref,
            each=bool(named),
        )
    narrowed = narrow(request, pack)
    if pack.repositories and not named:
        narrowed = _answering(narrowed, pack, snapshots)
    inside = frozenset(plain_repository(name) for name in narrowed.request.repositories)
    return Asked(narrowed, scope_of(caller, (each for each in snapshots if not inside or each.repository in inside)))


def _answering(narrowed: Narrowed[Request], pack: Pack, snapshots: Sequence[Snapshot]) -> Narrowed[Request]:
    """The services behind are asked for those repositories of the pack that answer, and for no others."""
    if not snapshots:
        raise FailedPrecondition(
            f"context pack {pack.name!r} names no repository that is indexed and readable with this key; "
            f"see `pampax context show {pack.name}`",
            reason="PACK_EMPTY",
            metadata={"pack": pack.name},
        )
    narrowed.request.repositories[:] = [repository_resource(each.repository) for each in snapshots]
    silent = len(set(pack.repositories)) - len(snapshots)
    if not silent:
        return narrowed
    told = f"{silent} of the repositories of context pack {pack.name!r} {'is' if silent == 1 else 'are'} left out: not "
    told += "indexed, or not readable with this key"
    return Narrowed(narrowed.request, narrowed.pack, (*narrowed.notices, told))
