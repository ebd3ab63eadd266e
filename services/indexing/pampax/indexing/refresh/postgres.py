"""The statements of the regular look; each runs inside the given transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from pampax.indexing import records
from pampax.indexing.credentials import postgres as credentials
from pampax.indexing.credentials.sealing import Sealed
from pampax.indexing.model import IndexRequest, Priority, RefState, Source, SourceKind
from pampax.storage.queries import load_queries
from pampax.storage.session import SyncConnection

MOST_REFS = 20  # that are looked at, those published last

_QUERIES = load_queries(__package__)


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A repository whose source is to be looked at. `begun`: for each ref, when its last good run was asked for.

    `failures` are those before; `open`: a run that a look has started goes on; `error`: why the last such run failed.
    """

    tenant_id: UUID
    repository_id: int
    name: str
    source: Source
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    interval_s: int
    failures: int
    refs: tuple[RefState, ...]
    begun: dict[str, datetime | None]
    open: bool
    error: str
    credential: Sealed | None = None


def take_due(conn: SyncConnection, most: int, patience: timedelta) -> list[tuple[int, UUID]]:
    """(repository, tenant) of those that are due, of all tenants."""
    rows = conn.execute(_QUERIES["take_due_refreshes"], {"most": most, "patience": patience}).fetchall()
    return [(row["repository_id"], row["tenant_id"]) for row in rows]


def scheduled(conn: SyncConnection, tenant_id: UUID, repository_id: int) -> Scheduled | None:
    """None when it is scheduled no more."""
    key = {"repository_id": repository_id}
    row = conn.execute(_QUERIES["select_scheduled"], key).fetchone()
    if row is None:
        return None
    published = conn.execute(_QUERIES["select_published"], {**key, "most": MOST_REFS}).fetchall()
    begun = {each["ref"]: each.pop("begun_at") for each in published}
    last = conn.execute(_QUERIES["last_scheduled"], key).fetchone()
    assert last is not None
    return Scheduled(
        tenant_id=tenant_id,
        repository_id=repository_id,
        name=row["name"],
        source=Source(SourceKind(row["source_kind"]), row["source"]),
        include=tuple(row["include"]),
        exclude=tuple(row["exclude"]),
        interval_s=row["refresh_s"],
        failures=row["refresh_failures"],
        refs=tuple(RefState(**each) for each in published),
        begun=begun,
        open=last["open"],
        error=last["error"] or "",
        credential=credentials.find_sync(conn, repository_id),
    )


def insert_run(conn: SyncConnection, repository: Scheduled, ref: str, corr_id: str) -> bool:
    """Whether it is new; an equal one may wait already."""
    run = {
        "operation_id": uuid4(),
        "repository_id": repository.repository_id,
        "name": repository.name,
        "request": Jsonb(records.request_document(IndexRequest(ref=ref))),
        "yields": Priority.BULK.yields,
        "corr_id": corr_id,
    }
    return conn.execute(_QUERIES["insert_scheduled"], run).rowcount > 0


def looked(conn: SyncConnection, repository: Scheduled, pause_s: float, failures: int, error: str) -> None:
    """`pause_s` until the next look."""
    key = {"repository_id": repository.repository_id, "interval_s": repository.interval_s}
    conn.execute(_QUERIES["looked"], {**key, "pause_s": pause_s, "failures": failures, "error": error})
