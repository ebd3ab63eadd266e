"""Listing builds, and removing those that nothing uses."""

from __future__ import annotations

from pampax.core.errors import InvalidRequest
from pampax.core.identity import Caller, Role
from pampax.indexing import names
from pampax.indexing.builds import postgres
from pampax.indexing.builds.model import Build, BuildState
from pampax.indexing.builds.wire import build_message
from pampax.indexing.repositories import readable, time_left_s, writable
from pampax.runtime.caller import current_caller
from pampax.runtime.logging import get_logger
from pampax.storage.database import Connection, Database
from pampax.storage.snapshots import readable_repositories
from pampax.v1 import indexing_service_pb2 as pb

# What must be left of the caller's deadline to begin with another build.
MARGIN_S = 5.0

_log = get_logger()


class Builds:
    """The use cases over builds, for the caller of the current request."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, name: str, size: int, page_token: str) -> pb.ListBuildsResponse:
        """Of one repository, or with "" of all readable ones."""
        caller = current_caller()
        after = _position(page_token)
        async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s(), read_only=True) as conn:
            if name:
                repository_ids = [(await readable(conn, caller, name)).repository_id]
            else:
                repository_ids = [row.repository_id for row in await readable_repositories(conn, caller.principal_id)]
            found = await postgres.builds(conn, repository_ids, size + 1, after)
            page = found[:size]
            messages = [build_message(each, await postgres.size(conn, each)) for each in page]
        following = names.encode_page_token(page[-1].repository, str(page[-1].build_id)) if len(found) > size else ""
        return pb.ListBuildsResponse(builds=messages, next_page_token=following)

    async def prune(self, name: str, *, dry_run: bool) -> pb.PruneBuildsResponse:
        """Each build in a transaction of its own, for as long as there is time."""
        caller = current_caller()
        async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s(), read_only=True) as conn:
            unused = await _unused(conn, caller, name)
            if dry_run:
                return pb.PruneBuildsResponse(
                    removed=[build_message(each, await postgres.size(conn, each)) for each in unused]
                )
        answer = pb.PruneBuildsResponse()
        for number, build in enumerate(unused):
            if time_left_s() < MARGIN_S:
                answer.left = len(unused) - number
                break
            async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s()) as conn:
                was = await postgres.remove(conn, build)
            if was is not None:
                answer.removed.append(build_message(build, was))
        if answer.removed:
            _log.info("builds removed", op="builds", count=len(answer.removed))
        return answer


async def _unused(conn: Connection, caller: Caller, name: str) -> list[Build]:
    if name:
        repository_ids = [(await writable(conn, caller, name)).repository_id]
    else:
        rows = await readable_repositories(conn, caller.principal_id)
        repository_ids = [row.repository_id for row in rows if row.role.includes(Role.WRITER)]
    return [each for each in await postgres.builds(conn, repository_ids) if each.state is BuildState.UNUSED]


def _position(page_token: str) -> tuple[str, int]:
    repository, build = names.decode_page_token(page_token, 2) or ("", "0")
    if not (build.isascii() and build.isdigit()) or len(build) > len(str(2**31)):
        message = "the page token is not one of this list: start again without it"
        raise InvalidRequest(message, fields={"page_token": message})
    return repository, min(int(build), 2**31 - 1)
