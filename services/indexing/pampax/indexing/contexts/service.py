"""Saving, reading, listing and deleting context packs, within what the caller may do."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace

from pampax.core.errors import AlreadyExists, FailedPrecondition, NotFound, PermissionDenied
from pampax.core.identity import Caller, Role
from pampax.indexing.contexts import postgres
from pampax.indexing.contexts.model import NewPack, ShownPack
from pampax.indexing.repositories import time_left_s
from pampax.runtime.caller import current_caller, require_role
from pampax.storage.database import Connection, Database
from pampax.storage.packs import Pack, visible_pack, visible_packs
from pampax.storage.snapshots import REPOSITORY_NOT_FOUND, readable_repositories

# Nobody finds a name among more.
MOST_OWN = 100
MOST_IN_TENANT = 2_000
_BOTH = 2  # own and shared ones under one name


class Contexts:
    """The use cases over context packs, for the caller of the current request."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, new: NewPack) -> ShownPack:
        """Everybody keeps private packs; what the whole tenant sees needs the role writer."""
        caller = require_role(Role.WRITER) if new.shared else current_caller()
        async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s()) as conn:
            await postgres.lock(conn)
            await _refuse_unreadable(conn, caller, new.repositories)
            replaced = await _replaced_by(conn, caller, new)
            if replaced is None:
                await _refuse_too_many(conn, caller)
                await postgres.insert(conn, caller.principal_id, new)
            else:
                await postgres.replace(conn, replaced.pack_id, new)
            found = await visible_packs(conn, caller.principal_id, name=new.name, most=_BOTH)
            saved = next(pack for pack in found if pack.mine is (replaced is None or replaced.mine))
            (shown,) = await _shown(conn, caller, [saved])
        return shown

    async def get(self, name: str) -> ShownPack:
        caller = current_caller()
        async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s(), read_only=True) as conn:
            (shown,) = await _shown(conn, caller, [await visible_pack(conn, caller.principal_id, name)])
        return shown

    async def list(self, size: int, after: tuple[str, bool]) -> list[ShownPack]:
        """At most `size` from just after (name, shared by somebody else) on, by name, own ones first."""
        caller = current_caller()
        async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s(), read_only=True) as conn:
            return await _shown(conn, caller, await visible_packs(conn, caller.principal_id, after=after, most=size))

    async def delete(self, name: str) -> None:
        caller = current_caller()
        async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s()) as conn:
            await postgres.lock(conn)
            pack = await visible_pack(conn, caller.principal_id, name)
            if not pack.mine and not caller.role.includes(Role.ADMIN):
                raise PermissionDenied(
                    f"context pack {name!r} is shared by {pack.owner!r}: its owner or an admin may delete it",
                    reason="PACK_OF_ANOTHER",
                    metadata={"pack": name},
                )
            await postgres.delete(conn, pack.pack_id)


async def _replaced_by(conn: Connection, caller: Caller, new: NewPack) -> Pack | None:
    """The caller's own pack of that name; for an admin who shares also the shared one of somebody else."""
    found = await visible_packs(conn, caller.principal_id, name=new.name, most=_BOTH)
    own = next((pack for pack in found if pack.mine), None)
    theirs = next((pack for pack in found if not pack.mine), None)
    if not new.shared or theirs is None:
        return own
    if own is None and caller.role.includes(Role.ADMIN):
        return theirs
    raise AlreadyExists(
        f"{theirs.owner!r} shares a context pack {new.name!r} already: choose another name, or keep yours private",
        reason="PACK_EXISTS",
        metadata={"pack": new.name},
    )


async def _refuse_unreadable(conn: Connection, caller: Caller, repositories: Sequence[str]) -> None:
    """NotFound with the nearest name: what is mistyped would narrow every request to nothing."""
    if not repositories:
        return
    readable = [row.name for row in await readable_repositories(conn, caller.principal_id)]
    missing = [name for name in repositories if name not in readable]
    if missing:
        near = difflib.get_close_matches(missing[0], readable, n=1)
        advice = f"; did you mean {near[0]!r}?" if near else "; see `pampax repos`"
        raise NotFound(
            f"repository {missing[0]!r} is not found, or not readable with this key{advice}",
            reason=REPOSITORY_NOT_FOUND,
            metadata={"repositories": ",".join(missing)},
        )


async def _refuse_too_many(conn: Connection, caller: Caller) -> None:
    in_tenant, own = await postgres.count(conn, caller.principal_id)
    if own >= MOST_OWN or in_tenant >= MOST_IN_TENANT:
        whose = f"{MOST_OWN} of yours" if own >= MOST_OWN else f"{MOST_IN_TENANT} in all"
        raise FailedPrecondition(
            f"there are {whose}, and no more context packs are kept: delete one first", reason="TOO_MANY_PACKS"
        )


async def _shown(conn: Connection, caller: Caller, packs: Sequence[Pack]) -> list[ShownPack]:
    """To others than its owner a pack names no repository that they may not read."""
    foreign = {name for pack in packs if not pack.mine for name in pack.repositories}
    readable: set[str] = set()
    if foreign:
        readable = {row.name for row in await readable_repositories(conn, caller.principal_id, sorted(foreign))}
    shown = []
    for pack in packs:
        kept = [name for name in pack.repositories if pack.mine or name in readable]
        shown.append(ShownPack(replace(pack, repositories=kept), len(pack.repositories) - len(kept)))
    return shown
