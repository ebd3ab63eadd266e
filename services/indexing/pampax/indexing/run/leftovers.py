"""What a repository no longer needs: expired uploads, content that only they brought, operations of long ago.

Every function is one step of the maintenance, inside the given transaction.
"""

from __future__ import annotations

from typing import Any

from pampax.indexing import manifest
from pampax.storage.queries import load_queries
from pampax.storage.session import SyncConnection

KEPT_OPERATIONS = 100  # that have ended, the newest ones
# In one transaction, which holds new uploads and requests of the repository up: well below a second.
MOST_BLOBS = 10_000

_QUERIES = load_queries(__package__)


def remove_uploads(conn: SyncConnection, repository_id: int) -> int:
    """Expired ones that no open operation waits for; returns their number."""
    return conn.execute(_QUERIES["delete_expired_uploads"], _key(repository_id)).rowcount


def remove_blobs(conn: SyncConnection, repository_id: int) -> int:
    """Content that nothing shows, at most MOST_BLOBS; returns the number.

    An upload is told once which blobs it need not send, so no blob that its manifest lists may go, and none may be
    promised meanwhile: the repository's row is held from before its uploads are read until the transaction ends.
    """
    asked = {**_key(repository_id), "most": MOST_BLOBS}
    unused = {row["blob_id"] for row in conn.execute(_QUERIES["unused_blobs"], asked, binary=True)}
    if not unused:
        return 0
    conn.execute(_QUERIES["lock_repository"], _key(repository_id))
    uploads = conn.execute(_QUERIES["select_uploads"], _key(repository_id)).fetchall()
    for upload in uploads:
        row = conn.execute(_QUERIES["select_manifest"], upload, binary=True).fetchone()
        if row is not None:
            unused.difference_update(entry.blob for entry in manifest.unpack(row["manifest"]))
    return conn.execute(_QUERIES["delete_blobs"], {**_key(repository_id), "blob_ids": list(unused)}).rowcount


def remove_operations(conn: SyncConnection, repository_id: int) -> int:
    """Ended ones but for the newest KEPT_OPERATIONS; returns the number."""
    return conn.execute(_QUERIES["delete_old_operations"], {**_key(repository_id), "kept": KEPT_OPERATIONS}).rowcount


def _key(repository_id: int) -> dict[str, Any]:
    return {"repository_id": repository_id}
