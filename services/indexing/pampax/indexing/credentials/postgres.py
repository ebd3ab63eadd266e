"""The statements about credentials; each runs inside the given transaction of the repository's tenant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pampax.indexing.credentials.sealing import Sealed
from pampax.storage.database import Connection
from pampax.storage.queries import load_queries
from pampax.storage.session import SyncConnection

_QUERIES = load_queries(__package__)


async def put(conn: Connection, repository_id: int, sealed: Sealed, fingerprint: str) -> None:
    """In place of what was there before."""
    await conn.execute(_QUERIES["put_credential"], _values(repository_id, sealed) | {"fingerprint": fingerprint})


async def delete(conn: Connection, repository_id: int) -> bool:
    """False when there was none."""
    found = await conn.execute(_QUERIES["delete_credential"], {"repository_id": repository_id})
    return await found.fetchone() is not None


async def find(conn: Connection, repository_id: int, *, hold: bool = False) -> Sealed | None:
    """`hold`: nobody else changes it until the transaction ends."""
    query = _QUERIES["hold_credential" if hold else "select_credential"]
    return _sealed(await (await conn.execute(query, {"repository_id": repository_id})).fetchone())


def find_sync(conn: SyncConnection, repository_id: int) -> Sealed | None:
    return _sealed(conn.execute(_QUERIES["select_credential"], {"repository_id": repository_id}).fetchone())


async def replace_seal(conn: Connection, repository_id: int, sealed: Sealed) -> None:
    """The same credential under another key."""
    await conn.execute(_QUERIES["replace_seal"], _values(repository_id, sealed))


async def of_other_keys(conn: Connection, key_id: str, after: int, most: int) -> list[tuple[int, UUID]]:
    """(repository, tenant) of all tenants, by repository, from just after one on."""
    parameters = {"key_id": key_id, "after": after, "most": most}
    rows = await (await conn.execute(_QUERIES["credentials_of_other_keys"], parameters)).fetchall()
    return [(row["repository_id"], row["tenant_id"]) for row in rows]


def _sealed(row: Mapping[str, Any] | None) -> Sealed | None:
    if row is None:
        return None
    return Sealed(row["kind"], bytes(row["sealed"]), row["key_id"], row["repository"], row["set_at"])


def _values(repository_id: int, sealed: Sealed) -> dict[str, Any]:
    return {"repository_id": repository_id, "kind": sealed.kind, "sealed": sealed.sealed, "key_id": sealed.key_id}
