"""What one request may see: who asks, and the published snapshots that its answer is made from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pampax.core.errors import FailedPrecondition
from pampax.core.identity import Caller
from pampax.core.names import plain_repository, repository_resource
from pampax.storage.database import Database
from pampax.storage.snapshots import Snapshot, resolve
from pampax.v1.search_service_pb2 import SnapshotInfo

# A read of a few rows by key; when it takes longer, Postgres is in trouble.
TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Scope:
    """`snapshots` by repository id, so that equal scopes compare equal."""

    caller: Caller
    snapshots: tuple[Snapshot, ...]

    def covers(self, answered: Iterable[SnapshotInfo]) -> bool:
        """Whether an answer was made from these generations alone; of many repositories it may have asked a part."""
        mine = {(repository_resource(s.repository), s.ref, s.generation, s.build) for s in self.snapshots}
        return mine.issuperset((s.repository, s.ref, s.generation, s.build) for s in answered)

    def refuse_stale(self, max_staleness_s: float, now: float) -> None:
        """FailedPrecondition when a snapshot was published longer ago than that; `now` is Unix time."""
        late = [s for s in self.snapshots if now - s.published_at > max_staleness_s]
        if not late:
            return
        oldest = min(late, key=lambda s: s.published_at)
        raise FailedPrecondition(
            f"{oldest.repository} ({oldest.ref}) was published {now - oldest.published_at:.0f} s ago, longer than the "
            f"{max_staleness_s:g} s asked for: run `pampax index`, or allow more",
            reason="STALE",
            metadata={"repository": oldest.repository, "ref": oldest.ref},
        )


async def read_scope(database: Database, caller: Caller, repositories: Sequence[str], ref: str) -> Scope:
    """The scope as Postgres has it now, in one short transaction.

    `repositories` are resource names; none means every readable one. NotFound and FailedPrecondition as
    pampax.storage.snapshots.resolve raises them.
    """
    names = [plain_repository(name) for name in repositories] or None
    async with database.tenant(caller.tenant_id, timeout_s=TIMEOUT_S, read_only=True) as connection:
        snapshots = await resolve(connection, caller.principal_id, names, ref)
    return scope_of(caller, snapshots)


def scope_of(caller: Caller, snapshots: Iterable[Snapshot]) -> Scope:
    return Scope(caller, tuple(sorted(snapshots, key=lambda s: s.repository_id)))
