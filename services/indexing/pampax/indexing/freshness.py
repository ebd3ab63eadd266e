"""How what is published of a ref stands to its source now: asked in a thread, within the caller's deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pampax.codeintel.content import path_rule
from pampax.core.errors import DeadlineExceeded, NotFound, PampaxError
from pampax.indexing import names, postgres
from pampax.indexing.credentials import postgres as credentials
from pampax.indexing.credentials.sealing import Owner, Sealer
from pampax.indexing.model import RefState, Repository, SourceKind
from pampax.indexing.repositories import readable, time_left_s
from pampax.indexing.run.fetching import fetch
from pampax.indexing.run.mirrors import mirror_of
from pampax.runtime.caller import current_caller
from pampax.sources.folder import list_folder
from pampax.sources.git import GitCredential, check_git_url, commits_ahead, has_commit, remote_commit, resolve_ref
from pampax.sources.model import Listing
from pampax.storage.database import Database
from pampax.v1 import indexing_service_pb2 as pb

CURRENT, BEHIND, DIVERGED, UNKNOWN = "current", "behind", "diverged", "unknown"
# Each holds a thread and asks a disk or a server.
AT_ONCE = 4
# What is left of the deadline to bring the answer home.
MARGIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """`detail` is for a person, "" where there is nothing to say; `behind` counts commits."""

    state: str
    detail: str = ""
    behind: int = 0
    source_commit: str = ""


class Freshnesses:
    """`mirrors` is where workers of this machine keep their clones; where there are none, commits are not counted."""

    def __init__(
        self, database: Database, mirrors: Path, sealer: Sealer, *, allow_private: bool, own_credentials: bool
    ) -> None:
        self._database = database
        self._mirrors = mirrors
        self._sealer = sealer
        self._allow_private = allow_private
        self._own_credentials = own_credentials
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def get(self, name: str, ref: str) -> pb.Freshness:
        """A source that does not answer makes it unknown, with the reason; nothing of that is an error."""
        caller = current_caller()
        names.check_ref(ref)
        async with self._database.tenant(caller.tenant_id, timeout_s=time_left_s(), read_only=True) as conn:
            row = await readable(conn, caller, name)
            (repository,) = await postgres.repositories(conn, [row.repository_id])
            asked = ref or repository.default_ref
            begun_at = await postgres.last_run_begun(conn, row.repository_id, asked)
            stored = await credentials.find(conn, row.repository_id)
        published = next((each for each in repository.refs if each.ref == asked), None)
        if published is None:
            said = f"nothing is published of {ref!r}" if ref else "nothing is published yet"
            return _message(Verdict(UNKNOWN, f"{said}: index it first"), None)
        give_up = time.monotonic() + max(time_left_s() - MARGIN_S, 0.1)
        mirror = mirror_of(self._mirrors, caller.tenant_id, repository.repository_id)
        owner = Owner(caller.tenant_id, repository.repository_id)

        def check() -> None:
            if time.monotonic() > give_up:
                raise DeadlineExceeded("the source did not answer in time; try again, or index again to be sure")

        def judged() -> Verdict:
            try:
                if repository.source.kind is SourceKind.GIT_URL:
                    credential = None if stored is None else self._sealer.open(owner, stored)
                    return self._against_server(repository.source.location, published, mirror, credential, check)
                return _judged(repository, published, begun_at, check)
            except PampaxError as error:
                return Verdict(UNKNOWN, error.message)

        async with self._turn:
            return _message(await asyncio.to_thread(judged), published)

    def _against_server(
        self,
        url: str,
        published: RefState,
        mirror: Path,
        credential: GitCredential | None,
        check: Callable[[], None],
    ) -> Verdict:
        check_git_url(url, allow_private=self._allow_private, allow_file=True)
        try:
            commit = remote_commit(
                url,
                published.ref,
                timeout_s=time_left_s(),
                credential=credential,
                own_credentials=self._own_credentials,
                check=check,
            )
        except NotFound as gone:
            if published.ref != published.commit:
                return Verdict(UNKNOWN, gone.message)
            commit = published.commit  # indexed by its id, which stands for the same content for ever
        if commit == published.commit:
            return Verdict(CURRENT, source_commit=commit)
        if not mirror.is_dir():
            return Verdict(BEHIND, "the source has another commit; how far ahead it is, is not known here", 0, commit)
        if not has_commit(mirror, commit):
            fetch(url, mirror, check, credential=credential, own_credentials=self._own_credentials)
        return _apart(mirror, published.commit, commit)


def _judged(
    repository: Repository, published: RefState, begun_at: datetime | None, check: Callable[[], None]
) -> Verdict:
    if repository.source.kind is SourceKind.UPLOAD:
        return Verdict(UNKNOWN, "its content is uploaded, and only the client knows what it has now")
    return _against_folder(repository, published, begun_at, check)


def _against_folder(
    repository: Repository, published: RefState, begun_at: datetime | None, check: Callable[[], None]
) -> Verdict:
    root = Path(repository.source.location)
    listing = list_folder(
        root,
        repository.include,
        repository.exclude,
        on_progress=lambda _count: check(),
        skip=path_rule(repository.include),
    )
    return judged_folder(root, listing, published, begun_at)


def judged_folder(root: Path, listing: Listing, published: RefState, begun_at: datetime | None) -> Verdict:
    """What is published against what the folder holds now."""
    commit = listing.commit if listing.ref == published.ref else resolve_ref(root, published.ref)[1]
    if commit != published.commit:
        if not (commit and published.commit):
            return Verdict(DIVERGED, "the folder is inside git now, or was when it was indexed", 0, commit)
        return _apart(root, published.commit, commit)
    if listing.ref != published.ref:
        return Verdict(CURRENT, source_commit=commit)
    if commit and not published.dirty:
        if listing.dirty:
            return Verdict(BEHIND, "there are changes without a commit", 0, commit)
        return Verdict(CURRENT, source_commit=commit)
    if commit and not listing.dirty:
        return Verdict(BEHIND, "changes without a commit were indexed, which are gone", 0, commit)
    return _by_time(root, listing, published, begun_at)


def _by_time(root: Path, listing: Listing, published: RefState, begun_at: datetime | None) -> Verdict:
    """Without a commit to go by: what was touched since the last run began, whose change time nobody can set back, and
    whether there are as many files as there were. A folder that has got another name touches itself alone."""
    commit = listing.commit
    if begun_at is None:
        return Verdict(UNKNOWN, "no run is remembered that could be compared with", 0, commit)
    if _touched(root, (file.path for file in listing.files), begun_at):
        return Verdict(BEHIND, "files have changed since it was indexed", 0, commit)
    if len(listing.files) + len(listing.skipped) != published.files + sum(published.skipped.values()):
        return Verdict(BEHIND, "files have come or gone since it was indexed", 0, commit)
    folders = {str(parent) for file in listing.files for parent in Path(file.path).parents}
    if _touched(root, folders or {"."}, begun_at):
        return Verdict(UNKNOWN, "folders have changed since it was indexed: files may have other names", 0, commit)
    return Verdict(CURRENT, source_commit=commit)


def _touched(root: Path, paths: Iterable[str], since: datetime) -> bool:
    moment = since.timestamp()
    for path in paths:
        try:
            if (root / path).lstat().st_ctime >= moment:
                return True
        except OSError:
            return True  # it was there a moment ago
    return False


def _apart(directory: Path, old: str, new: str) -> Verdict:
    ahead = commits_ahead(directory, old, new)
    if ahead is None:
        return Verdict(DIVERGED, "the published commit is not in the history of the source", 0, new)
    return Verdict(BEHIND, "", ahead, new)


def _message(verdict: Verdict, published: RefState | None) -> pb.Freshness:
    message = pb.Freshness(
        state=verdict.state,
        behind=verdict.behind,
        source_commit=verdict.source_commit,
        detail=verdict.detail,
        ref=published.ref if published else "",
        commit=published.commit if published else "",
    )
    message.check_time.GetCurrentTime()
    return message
