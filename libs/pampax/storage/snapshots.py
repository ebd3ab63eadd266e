"""What a principal may read and what its refs show: the queries that search, assembly and gateway share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg.rows import class_row

from pampax.core.errors import FailedPrecondition, NotFound
from pampax.core.identity import Role
from pampax.storage.queries import load_queries
from pampax.storage.session import Connection

_QUERIES = load_queries(__package__)
_READABLE = _QUERIES["readable_repositories"]
_PUBLISHED = _QUERIES["published_snapshots"]
_WITH_REFS = _QUERIES["repositories_with_refs"]

REPOSITORY_NOT_FOUND = "REPOSITORY_NOT_FOUND"
REF_NOT_FOUND = "REF_NOT_FOUND"
NOT_INDEXED = "NOT_INDEXED"
SNAPSHOT_REPLACED = "SNAPSHOT_REPLACED"


@dataclass(frozen=True, slots=True)
class RepositoryRow:
    """A repository that the principal may read; `role` is the strongest that it holds there. Names have no prefix."""

    repository_id: int
    name: str
    source_kind: str
    source: str
    include: Sequence[str]
    exclude: Sequence[str]
    created_at: float  # seconds since 1970
    role: Role


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a ref of a repository shows, without its bitmaps.

    `snapshot_id` is never used again; `generation` starts anew when a ref is deleted and made again. `vectors_to` is
    set between the two steps of a first index, when no vectors are looked for: up to this ordinal they are written.
    """

    repository_id: int
    repository: str
    ref: str
    snapshot_id: int
    build_id: int
    build: str
    commit: str
    dirty: bool
    generation: int
    published_at: float  # seconds since 1970
    chunk_count: int
    file_count: int
    term_count: int
    vector_table: str | None
    vectors_to: int | None = None


async def readable_repositories(
    conn: Connection, principal_id: UUID, names: Sequence[str] | None = None
) -> list[RepositoryRow]:
    """Ordered by name; those asked for by name, or all. Unknown and unreadable names are simply absent."""
    async with conn.cursor() as cursor:
        await cursor.execute(_READABLE, {"principal_id": principal_id, "names": list(names) if names else None})
        return [RepositoryRow(**{**row, "role": Role(row["role"])}) for row in await cursor.fetchall()]


async def resolve(
    conn: Connection, principal_id: UUID, names: Sequence[str] | None, ref: str | None, *, each: bool = True
) -> list[Snapshot]:
    """The snapshots to answer from, ordered by repository name; without a ref, each repository's latest publish.

    A repository that was named must be readable (NotFound REPOSITORY_NOT_FOUND), published (FailedPrecondition
    NOT_INDEXED) and have the ref (NotFound REF_NOT_FOUND). One that was not named is left out when it cannot answer;
    a ref that none of them has is REF_NOT_FOUND. Without `each`, this holds for those that were named as well.
    """
    repositories = await readable_repositories(conn, principal_id, names)
    missing = sorted(set(names or ()) - {one.name for one in repositories})
    if missing and each:
        raise NotFound(
            f"{_listed('repository', 'repositories', missing)} not found, or not readable with this key; "
            "see `pampax repos`",
            reason=REPOSITORY_NOT_FOUND,
            metadata={"repositories": ",".join(missing)},
        )
    ids = [one.repository_id for one in repositories]
    async with conn.cursor(row_factory=class_row(Snapshot)) as cursor:
        await cursor.execute(_PUBLISHED, {"repository_ids": ids, "ref": ref or None})
        snapshots = await cursor.fetchall()
    answering = {one.repository_id for one in snapshots}
    silent = [one for one in repositories if one.repository_id not in answering]
    if silent and ((names and each) or (ref and not snapshots)):
        raise await _explain(conn, silent, ref)
    return snapshots


async def _explain(conn: Connection, silent: Sequence[RepositoryRow], ref: str | None) -> NotFound | FailedPrecondition:
    """Why these repositories show nothing."""
    cursor = await conn.execute(_WITH_REFS, {"repository_ids": [each.repository_id for each in silent]})
    published = {row["repository_id"] for row in await cursor.fetchall()}
    unpublished = [each.name for each in silent if each.repository_id not in published]
    if unpublished:
        return FailedPrecondition(
            f"{_listed('repository', 'repositories', unpublished)} not indexed yet: run `pampax index`",
            reason=NOT_INDEXED,
            metadata={"repositories": ",".join(unpublished)},
        )
    names = [each.name for each in silent]
    return NotFound(
        f"no ref {ref!r} in {_listed('repository', 'repositories', names).rsplit(' ', 1)[0]}; "
        "leave it out for the latest, or index it",
        reason=REF_NOT_FOUND,
        metadata={"ref": ref or "", "repositories": ",".join(names)},
    )


def _listed(one: str, many: str, names: Iterable[str]) -> str:
    quoted = [repr(name) for name in names]
    return f"{one} {quoted[0]} is" if len(quoted) == 1 else f"{many} {', '.join(quoted)} are"
