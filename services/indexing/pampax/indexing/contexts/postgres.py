"""The statements of context packs; each function works inside the given transaction of the caller's tenant."""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

from psycopg.errors import CheckViolation

from pampax.core.errors import InvalidRequest
from pampax.indexing.contexts.model import NewPack
from pampax.storage.database import Connection
from pampax.storage.queries import load_queries

_QUERIES = load_queries(__package__)


async def lock(conn: Connection) -> None:
    await conn.execute(_QUERIES["lock_packs"])


async def count(conn: Connection, principal_id: UUID) -> tuple[int, int]:
    """Packs of the tenant, and of the principal."""
    row = await (await conn.execute(_QUERIES["count_packs"], {"principal_id": principal_id})).fetchone()
    assert row is not None
    return row["all_packs"], row["own_packs"]


async def insert(conn: Connection, principal_id: UUID, new: NewPack) -> None:
    await _write(conn, "insert_pack", new, principal_id=principal_id)


async def replace(conn: Connection, pack_id: int, new: NewPack) -> None:
    await _write(conn, "replace_pack", new, pack_id=pack_id)


async def delete(conn: Connection, pack_id: int) -> None:
    await conn.execute(_QUERIES["delete_pack"], {"pack_id": pack_id})


async def _write(conn: Connection, query: str, new: NewPack, **keys: object) -> None:
    lists = ("repositories", "languages", "path_globs", "kinds")
    values = {name: list(value) if name in lists else value for name, value in asdict(new).items()}
    try:
        await conn.execute(_QUERIES[query], {**values, **keys})
    except CheckViolation as error:
        raise InvalidRequest(
            "the pack holds more than a pack may, or a value out of its bounds: make it smaller"
        ) from error
