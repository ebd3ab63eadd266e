"""The statements of builds; each function works inside the given transaction of the caller's tenant."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg.rows import class_row

from pampax.indexing.builds.model import Build, BuildSize, BuildState
from pampax.indexing.postgres import hold
from pampax.indexing.run.build_rows import BUILD_DELETIONS
from pampax.storage.database import Connection
from pampax.storage.queries import load_queries

MOST_BUILDS = 100_000  # of one tenant: more than there can be

_QUERIES = load_queries(__package__)


async def builds(
    conn: Connection, repository_ids: Sequence[int], limit: int = MOST_BUILDS, after: tuple[str, int] = ("", 0)
) -> list[Build]:
    """By repository name and id, from just after (name, build id) on."""
    asked = {"repository_ids": list(repository_ids), "after_name": after[0], "after_build": after[1], "limit": limit}
    async with conn.cursor(row_factory=class_row(Build)) as cursor:
        return await (await cursor.execute(_QUERIES["builds"], asked)).fetchall()


async def size(conn: Connection, build: Build) -> BuildSize:
    """Cost: a pass over the build's rows."""
    async with conn.cursor(row_factory=class_row(BuildSize)) as cursor:
        row = await (await cursor.execute(_QUERIES["build_size"], build.key)).fetchone()
    assert row is not None
    return row


async def remove(conn: Connection, build: Build) -> BuildSize | None:
    """All its rows, and what they were; None when somebody uses it now, or the repository is gone.

    Nobody begins to: while the repository is held, it gets no operation, and only an operation writes and publishes.
    """
    if not await hold(conn, build.repository_id):
        return None
    found = [each for each in await builds(conn, [build.repository_id]) if each.build_id == build.build_id]
    if not found or found[0].state is not BuildState.UNUSED:
        return None
    was = await size(conn, build)
    for statement in (_QUERIES["delete_old_snapshots"], *BUILD_DELETIONS):
        await conn.execute(statement, build.key)
    return was
