"""The clones on this machine's disk, mirrors/{tenant}/{repository}, and the removal of those that nobody owns any more.

A repository is deleted in the database, on another machine perhaps, so each worker looks after its own disk.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from pampax.core.errors import PampaxError
from pampax.runtime.logging import get_logger
from pampax.sources.git import remove_mirror
from pampax.storage.database import SyncDatabase
from pampax.storage.queries import load_queries

MOST_REMOVED = 100  # in one go: a worker has other work, and comes back
# A clone, its lock file, or what is left of a clone that was broken off.
_NAME = re.compile(r"\.?(?P<repository_id>[0-9]{1,18})(\..+)?")

_QUERIES = load_queries(__package__)
_log = get_logger()


def mirror_of(mirrors: Path, tenant_id: UUID, repository_id: int) -> Path:
    return mirrors / str(tenant_id) / str(repository_id)


class Received:
    """How much has come into a mirror, or the clone that becomes one, since this was made. Looks at a few files."""

    def __init__(self, mirror: Path) -> None:
        self._mirror = mirror
        self._before = self._bytes()

    def mib(self) -> int:
        return max(0, self._bytes() - self._before) >> 20

    def _bytes(self) -> int:
        folders = (self._mirror, *self._mirror.parent.glob(f".{self._mirror.name}.*/"))
        return sum(_size(path) for folder in folders for path in folder.glob("objects/pack/*"))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # git renames and removes them meanwhile
        return 0


def remove_forgotten(database: SyncDatabase, mirrors: Path) -> int:
    """Removes the clones of repositories that are gone, MOST_REMOVED at most; returns their number.

    Asks for each tenant by itself. What is in use or fails is left to the next time.
    """
    removed = 0
    for tenant_id in _tenants(mirrors):
        try:
            for repository_id in _forgotten(database, mirrors, tenant_id):
                if removed >= MOST_REMOVED:
                    return removed
                removed += remove_mirror(mirror_of(mirrors, tenant_id, repository_id))
        except PampaxError as error:
            _log.warning("clones not removed", op="mirrors", err_code=error.reason, detail=error.message)
    return removed


def _forgotten(database: SyncDatabase, mirrors: Path, tenant_id: UUID) -> list[int]:
    """The disk is read first: a clone's repository was there before it."""
    kept = {int(found["repository_id"]) for found in map(_NAME.fullmatch, _names(mirrors / str(tenant_id))) if found}
    if not kept:
        return []
    with database.tenant(tenant_id, read_only=True) as conn:
        rows = conn.execute(_QUERIES["existing_repositories"], {"repository_ids": list(kept)}).fetchall()
    return sorted(kept - {row["repository_id"] for row in rows})


def _tenants(mirrors: Path) -> Iterator[UUID]:
    for name in _names(mirrors):
        try:
            tenant_id = UUID(name)
        except ValueError:
            continue
        if str(tenant_id) == name:
            yield tenant_id


def _names(folder: Path) -> list[str]:
    """Empty when the folder is not there (yet)."""
    try:
        return sorted(path.name for path in folder.iterdir())
    except OSError:
        return []
