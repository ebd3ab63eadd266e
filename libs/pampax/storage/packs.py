"""Context packs as they are kept: which one a name stands for, read by the gateway and the indexing service alike."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from pampax.core.errors import NotFound
from pampax.storage.queries import load_queries
from pampax.storage.session import Connection

_QUERIES = load_queries(__package__)
_VISIBLE = _QUERIES["visible_packs"]
_NAMES = _QUERIES["visible_pack_names"]

PACK_NOT_FOUND = "PACK_NOT_FOUND"
# Own and shared ones under one name.
_BOTH = 2


@dataclass(frozen=True, slots=True)
class Pack:
    """A stored pack as one principal sees it. Names have no prefix; "" and 0 stand for nothing given."""

    pack_id: int
    name: str
    shared: bool
    description: str
    repositories: Sequence[str]
    ref: str
    languages: Sequence[str]
    path_globs: Sequence[str]
    kinds: Sequence[str]
    mode: str
    result_limit: int
    token_budget: int
    owner: str
    mine: bool
    created_at: datetime
    updated_at: datetime
    policy: str = ""
    tests: str = ""
    docs: str = ""
    config: str = ""


async def visible_packs(
    conn: Connection, principal_id: UUID, *, name: str | None = None, after: tuple[str, bool] = ("", False), most: int
) -> list[Pack]:
    """The principal's own packs and the shared ones, by name, own ones first; from just after (name, shared by somebody
    else) on."""
    asked = {
        "principal_id": principal_id,
        "name": name,
        "after_name": after[0],
        "after_foreign": after[1],
        "most": most,
    }
    async with conn.cursor(row_factory=class_row(Pack)) as cursor:
        return await (await cursor.execute(_VISIBLE, asked)).fetchall()


async def visible_pack(conn: Connection, principal_id: UUID, name: str) -> Pack:
    """What the name stands for: the principal's own pack, or else the shared one. NotFound names the nearest."""
    for pack in await visible_packs(conn, principal_id, name=name, most=_BOTH):
        return pack
    rows = await (await conn.execute(_NAMES, {"principal_id": principal_id})).fetchall()
    near = difflib.get_close_matches(name, [row["name"] for row in rows], n=1)
    advice = f"; did you mean {near[0]!r}?" if near else ": see `pampax context list`"
    raise NotFound(f"there is no context pack {name!r}{advice}", reason=PACK_NOT_FOUND, metadata={"pack": name})
