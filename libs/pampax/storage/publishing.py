"""Publishing: the one moment in which readers of a ref pass from its old snapshot to its new one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from psycopg.types.json import Jsonb

from pampax.core.errors import NotFound
from pampax.storage import bitmap
from pampax.storage.operations import Lease, assert_fenced
from pampax.storage.queries import load_queries
from pampax.storage.session import SyncConnection

_QUERIES = load_queries(__package__)
_LOCK_REPOSITORY = _QUERIES["lock_repository_row"]
_CURRENT = _QUERIES["published_now"]
_INSERT_SNAPSHOT = _QUERIES["insert_snapshot"]
_MOVE_REF = _QUERIES["move_ref"]
_WITHOUT_VECTORS = _QUERIES["refs_without_vectors"]
_INSERT_SAME = _QUERIES["insert_same_with_vectors"]
_COMPLETE_REF = _QUERIES["complete_ref"]
_MARK_REPLACED = _QUERIES["mark_replaced"]
_DROP_OLD = _QUERIES["drop_old_snapshots"]
_DROP_OLD_HISTORIES = _QUERIES["drop_old_histories"]
_NOTIFY = _QUERIES["notify_published"]

# Payload: JSON {"tenant_id", "repository_id", "generation"}; every client of the database can listen, so no names. A
# deleted ref is told with generation 0.
PUBLISHED_CHANNEL = "pampax_published"


@dataclass(frozen=True, slots=True, eq=False)
class PublishRequest:
    """What a ref is to show. `live_chunks` and `live_files` are ordinals of (repository, build), in any order.

    Without `vectors` searches of it look for none, because some are still to come: see `publish_vectors`.
    """

    repository_id: int
    build_id: int
    ref: str
    commit: str
    dirty: bool
    live_chunks: NDArray[np.int32]
    live_files: NDArray[np.int32]
    term_count: int  # sum of the live chunks' lengths
    skipped: Mapping[str, int] = field(default_factory=dict)  # files left out, counted by reason
    vectors: bool = True


@dataclass(frozen=True, slots=True)
class Published:
    """What the ref shows now; `changed` is False when it showed the same before."""

    generation: int
    changed: bool
    snapshot_id: int


def publish(conn: SyncConnection, request: PublishRequest, *, lease: Lease | None = None) -> Published:
    """Move the ref inside the caller's transaction: nobody sees anything of it before the commit.

    With a lease, Aborted when it is no longer the operation's. NotFound when the repository was deleted meanwhile.
    """
    key = {"repository_id": request.repository_id, "ref": request.ref}
    tenant_id = _lock(conn, request.repository_id, lease)
    current = conn.execute(_CURRENT, key).fetchone()
    if current is not None and _shows_the_same(current, request):
        return Published(current["generation"], changed=False, snapshot_id=current["snapshot_id"])
    drop_old_snapshots(conn, request.repository_id)
    published = _move(conn, request)
    if current is not None:
        conn.execute(_MARK_REPLACED, current)
    _notify(conn, tenant_id, request.repository_id, published.generation)
    return published


def publish_vectors(conn: SyncConnection, repository_id: int, build_id: int, *, lease: Lease) -> dict[str, int]:
    """Show all refs of (repository, build) that were published without vectors with them, inside the caller's
    transaction; their new generations, by ref.

    Errors as of `publish`.
    """
    tenant_id = _lock(conn, repository_id, lease)
    generations: dict[str, int] = {}
    for old in conn.execute(_WITHOUT_VECTORS, {"repository_id": repository_id, "build_id": build_id}).fetchall():
        snapshot = conn.execute(_INSERT_SAME, old).fetchone()
        assert snapshot is not None
        moved = conn.execute(_COMPLETE_REF, {"repository_id": repository_id, "ref": old["ref"], **snapshot}).fetchone()
        assert moved is not None
        conn.execute(_MARK_REPLACED, old)
        generations[old["ref"]] = moved["generation"]
        _notify(conn, tenant_id, repository_id, moved["generation"])
    return generations


def drop_old_snapshots(conn: SyncConnection, repository_id: int) -> int:
    """Those that no ref shows since an hour ago or longer, with the histories that only they had; returns the number.
    What only they showed may go then."""
    key = {"repository_id": repository_id}
    dropped = conn.execute(_DROP_OLD, key).rowcount
    conn.execute(_DROP_OLD_HISTORIES, key)
    return dropped


def _lock(conn: SyncConnection, repository_id: int, lease: Lease | None) -> UUID:
    """The repository's row, before the operation's, as everybody who needs both; its tenant."""
    repository = conn.execute(_LOCK_REPOSITORY, {"repository_id": repository_id}).fetchone()
    if repository is None:
        raise NotFound("the repository was deleted while it was indexed", reason="REPOSITORY_NOT_FOUND")
    if lease is not None:
        assert_fenced(conn, lease)
    tenant_id: UUID = repository["tenant_id"]
    return tenant_id


def _notify(conn: SyncConnection, tenant_id: UUID, repository_id: int, generation: int) -> None:
    payload = {"tenant_id": str(tenant_id), "repository_id": repository_id, "generation": generation}
    conn.execute(_NOTIFY, {"channel": PUBLISHED_CHANNEL, "payload": json.dumps(payload)})


def _move(conn: SyncConnection, request: PublishRequest) -> Published:
    live_chunks, live_files = bitmap.pack(request.live_chunks), bitmap.pack(request.live_files)
    row = {
        "repository_id": request.repository_id,
        "build_id": request.build_id,
        "ref": request.ref,
        "commit": request.commit,
        "dirty": request.dirty,
        "live_chunks": live_chunks,
        "live_files": live_files,
        "chunk_count": int(bitmap.unpack(live_chunks).sum()),
        "file_count": int(bitmap.unpack(live_files).sum()),
        "term_count": request.term_count,
        "skipped": Jsonb(dict(request.skipped)),
        "vectors": request.vectors,
    }
    snapshot = conn.execute(_INSERT_SNAPSHOT, row).fetchone()
    assert snapshot is not None
    moved = conn.execute(_MOVE_REF, {**row, **snapshot}).fetchone()
    assert moved is not None
    return Published(moved["generation"], changed=True, snapshot_id=snapshot["snapshot_id"])


def _shows_the_same(current: Mapping[str, Any], request: PublishRequest) -> bool:
    return (
        current["build_id"] == request.build_id
        and current["commit_id"] == request.commit
        and current["dirty"] == request.dirty
        and current["skipped"] == dict(request.skipped)
        and current["vectors"] == request.vectors
        and _same_set(current["live_chunks"], request.live_chunks)
        and _same_set(current["live_files"], request.live_files)
    )


def _same_set(packed: bytes, ordinals: NDArray[np.int32]) -> bool:
    # Compared unpacked: another version of zstd may pack the same set into other bytes.
    return bool(np.array_equal(bitmap.unpack(packed), bitmap.unpack(bitmap.pack(ordinals))))
