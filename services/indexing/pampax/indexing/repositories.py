"""Creating, reading, listing and deleting repositories, within what the caller may do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from pampax.core.errors import AlreadyExists, InvalidRequest, NotFound, PermissionDenied
from pampax.core.identity import Caller, Role
from pampax.indexing import names, postgres
from pampax.indexing.credentials import postgres as stored
from pampax.indexing.credentials.checking import check_credential
from pampax.indexing.credentials.sealing import Owner, Sealer
from pampax.indexing.model import Quarantined, Repository, Source, SourceKind
from pampax.runtime.caller import current_caller, require_role
from pampax.runtime.context import remaining_s
from pampax.sources.git import GitCredential, check_git_url
from pampax.sources.patterns import path_filter
from pampax.storage.database import Connection, Database
from pampax.storage.snapshots import REF_NOT_FOUND, RepositoryRow, readable_repositories

MAX_PATTERNS = 100
MAX_PATTERN_CHARS = 1_024
MAX_LOCATION_BYTES = 4_096
DEFAULT_TIMEOUT_S = 10.0
# A minute costs a server one request for each ref; beyond a month nobody counts on it.
SHORTEST_REFRESH_S = 60
LONGEST_REFRESH_S = 30 * 24 * 3600


def time_left_s() -> float:
    """What a statement may take: what remains of the request's deadline."""
    remaining = remaining_s()
    return DEFAULT_TIMEOUT_S if remaining is None else max(remaining, 0.001)


class Repositories:
    """The use cases over repositories, for the caller of the current request."""

    def __init__(self, database: Database, sealer: Sealer, *, allow_private_git: bool) -> None:
        self._database = database
        self._sealer = sealer
        self._allow_private_git = allow_private_git

    async def create(
        self,
        name: str,
        source: Source,
        include: Sequence[str],
        exclude: Sequence[str],
        credential: GitCredential | None = None,
    ) -> Repository:
        caller = require_role(Role.WRITER)
        names.check_repository_id(name)
        _check_patterns(include, exclude)
        source = await asyncio.to_thread(self._checked, source, caller)
        async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s()) as conn:
            repository_id = await postgres.insert_repository(conn, name, source, include, exclude)
            if repository_id is None:
                message = f"there is a repository named {name!r} already: choose another name, or delete it first"
                raise AlreadyExists(message, reason="REPOSITORY_EXISTS", metadata={"repository": name})
            if credential is not None:
                await self._put(conn, Owner(caller.tenant_id, repository_id), source, credential)
            (created,) = await postgres.repositories(conn, [repository_id])
        return created

    async def get(self, name: str) -> Repository:
        caller = current_caller()
        async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s(), read_only=True) as conn:
            row = await readable(conn, caller, name)
            (found,) = await postgres.repositories(conn, [row.repository_id])
        return found

    async def quarantine(self, name: str) -> tuple[list[Quarantined], int]:
        """Content that broke a parser, some of it by path, and how much there is."""
        caller = current_caller()
        async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s(), read_only=True) as conn:
            row = await readable(conn, caller, name)
            return await postgres.quarantine(conn, row.repository_id)

    async def list(self, size: int, after: str) -> list[Repository]:
        """At most `size` readable repositories whose names come after `after`, by name."""
        caller = current_caller()
        async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s(), read_only=True) as conn:
            rows = await readable_repositories(conn, caller.principal_id)
            following = [row.repository_id for row in rows if row.name > after][:size]
            return await postgres.repositories(conn, following)

    async def set_refresh(self, name: str, interval_s: int) -> Repository:
        """Has the source looked at regularly, or no more with 0."""
        caller = current_caller()
        if interval_s and not SHORTEST_REFRESH_S <= interval_s <= LONGEST_REFRESH_S:
            raise _invalid_interval(f"must be {SHORTEST_REFRESH_S} to {LONGEST_REFRESH_S:,} seconds, or 0 for never")
        async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s()) as conn:
            row = await writable(conn, caller, name)
            if interval_s and row.source_kind == SourceKind.UPLOAD:
                raise _invalid_interval(
                    f"repository {name!r} is filled by uploads, and only clients have its content: `pampax watch` "
                    "keeps it fresh"
                )
            await postgres.set_refresh(conn, row.repository_id, interval_s)
            (changed,) = await postgres.repositories(conn, [row.repository_id])
        return changed

    async def delete(self, name: str) -> None:
        caller = current_caller()
        async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s()) as conn:
            row = await writable(conn, caller, name)
            if not await postgres.delete_repository(conn, row.repository_id):
                raise unknown(name)

    async def delete_ref(self, name: str, ref: str) -> None:
        """What only the ref had goes with the next run, at once when it was the last and no operation is open."""
        caller = current_caller()
        if not names.check_ref(ref):
            raise InvalidRequest("name the ref to delete", fields={"ref": "a ref is required"})
        async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s()) as conn:
            row = await writable(conn, caller, name)
            if not await postgres.delete_ref(conn, caller.tenant_id, row.repository_id, ref):
                message = f"repository {name!r} has no ref {ref!r}: see `pampax repos show {name}`"
                raise NotFound(message, reason=REF_NOT_FOUND, metadata={"repository": name, "ref": ref})

    async def set_credential(self, name: str, credential: GitCredential) -> Repository:
        """In place of the one that is stored. The next run uses it; one under way has begun with the old one."""
        caller = current_caller()
        async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s()) as conn:
            row = await writable(conn, caller, name)
            (repository,) = await postgres.repositories(conn, [row.repository_id])
            owner = Owner(caller.tenant_id, row.repository_id)
            await self._put(conn, owner, repository.source, credential)
            (changed,) = await postgres.repositories(conn, [row.repository_id])
        return changed

    async def delete_credential(self, name: str) -> None:
        caller = current_caller()
        async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s()) as conn:
            row = await writable(conn, caller, name)
            if not await stored.delete(conn, row.repository_id):
                message = f"no credential is stored for repository {name!r}"
                raise NotFound(message, reason="CREDENTIAL_NOT_FOUND", metadata={"repository": name})

    async def _put(self, conn: Connection, owner: Owner, source: Source, credential: GitCredential) -> None:
        fingerprint = check_credential(source, credential)
        await stored.put(conn, owner.repository_id, self._sealer.seal(owner, credential), fingerprint)

    def _checked(self, source: Source, caller: Caller) -> Source:
        """The source as it is stored. Looks at the disk or asks a name server."""
        match source.kind:
            case SourceKind.GIT_URL:
                check_git_url(source.location, allow_private=self._allow_private_git, allow_file=caller.local)
            case SourceKind.PATH:
                return Source(SourceKind.PATH, _checked_folder(source.location, caller))
            case SourceKind.UPLOAD:
                pass
        return source


async def readable(conn: Connection, caller: Caller, name: str) -> RepositoryRow:
    """A repository that the caller may read; NotFound for any other, existing or not."""
    for row in await readable_repositories(conn, caller.principal_id, [name]):
        return row
    raise unknown(name)


async def writable(conn: Connection, caller: Caller, name: str) -> RepositoryRow:
    """The same for writing, by a role in the tenant or a grant on this repository."""
    row = await readable(conn, caller, name)
    if row.role.includes(Role.WRITER):
        return row
    message = f"changing repository {name!r} needs the role writer: ask an admin for it"
    raise PermissionDenied(message, reason="ROLE_REQUIRED", metadata={"required_role": Role.WRITER.value})


def unknown(name: str) -> NotFound:
    message = f"no repository {name!r} that this key may read: check the name, or create it first"
    return NotFound(message, reason="REPOSITORY_NOT_FOUND", metadata={"repository": name})


def _checked_folder(location: str, caller: Caller) -> str:
    if not caller.local:
        message = "a path on the server is for an embedded system's local key only: upload the folder instead"
        raise PermissionDenied(message, reason="LOCAL_ONLY")
    folder = Path(location)
    if "\0" in location or len(location.encode()) > MAX_LOCATION_BYTES or not folder.is_absolute():
        raise _invalid_source("path", f"a path is absolute, without NUL and at most {MAX_LOCATION_BYTES} bytes long")
    if not folder.is_dir():
        raise _invalid_source("path", f"no such folder: {location}; check the path")
    return str(folder)


def _check_patterns(include: Sequence[str], exclude: Sequence[str]) -> None:
    for field, patterns in (("include", include), ("exclude", exclude)):
        if len(patterns) > MAX_PATTERNS or any(len(pattern) > MAX_PATTERN_CHARS for pattern in patterns):
            message = f"{field} has at most {MAX_PATTERNS} patterns of at most {MAX_PATTERN_CHARS} characters"
            raise InvalidRequest(message, fields={f"repository.{field}": message})
        if any("\0" in pattern for pattern in patterns):
            raise InvalidRequest(f"{field} holds a NUL", fields={f"repository.{field}": "a pattern holds no NUL"})
    path_filter(include, exclude)


def _invalid_interval(message: str) -> InvalidRequest:
    return InvalidRequest(message, fields={"interval_s": message})


def _invalid_source(kind: str, message: str) -> InvalidRequest:
    return InvalidRequest(message, fields={f"repository.source.{kind}": message})
