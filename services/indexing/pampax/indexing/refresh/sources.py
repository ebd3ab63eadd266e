"""Which refs of a source have moved since they were published, without fetching anything."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from pampax.codeintel.content import path_rule
from pampax.core.errors import DeadlineExceeded, NotFound
from pampax.indexing.credentials.sealing import Owner
from pampax.indexing.freshness import CURRENT, judged_folder
from pampax.indexing.model import RefState, SourceKind
from pampax.indexing.refresh.postgres import Scheduled
from pampax.indexing.run.fetching import guard_of
from pampax.indexing.run.indexing import GitPolicy
from pampax.sources.folder import list_folder
from pampax.sources.git import check_git_url, remote_commit
from pampax.sources.hashes import Hashes

# For the answer of a git server to one question.
ASK_S = 15.0


def moved_refs(repository: Scheduled, git: GitPolicy, hashes: Hashes, give_up: float) -> list[str]:
    """Refs to index; "" stands for the default one of a source of which nothing is published yet.

    DeadlineExceeded at `give_up`, on the monotonic clock; otherwise what the source raises. A ref that the source has
    no more stays as it is: its owner decides about it.
    """

    def left_s() -> float:
        left = give_up - time.monotonic()
        if left <= 0:
            raise DeadlineExceeded("there was no time left to look at the source; it is looked at again soon")
        return left

    match repository.source.kind:
        case SourceKind.GIT_URL:
            return _moved_on_server(repository, git, left_s)
        case SourceKind.PATH:
            return _moved_in_folder(repository, hashes, left_s)
        case SourceKind.UPLOAD:
            return []


def _moved_on_server(repository: Scheduled, git: GitPolicy, left_s: Callable[[], float]) -> list[str]:
    url = repository.source.location
    check_git_url(url, allow_private=git.allow_private, allow_file=True)
    if not repository.refs:
        return [""]
    owner = Owner(repository.tenant_id, repository.repository_id)
    credential = None if repository.credential is None else git.sealer.open(owner, repository.credential)

    def has_moved(published: RefState) -> bool:
        timeout_s = min(ASK_S, left_s())
        try:
            with guard_of(url).attempt(timeout_s):
                commit = remote_commit(
                    url, published.ref,
                    timeout_s=timeout_s, credential=credential, own_credentials=git.own_credentials,
                )  # fmt: skip
        except NotFound:
            return False
        return commit != published.commit

    return [each.ref for each in repository.refs if has_moved(each)]


def _moved_in_folder(repository: Scheduled, hashes: Hashes, left_s: Callable[[], float]) -> list[str]:
    def in_time(_count: int) -> None:
        left_s()

    root = Path(repository.source.location)
    listing = list_folder(
        root, repository.include, repository.exclude,
        on_progress=in_time, skip=path_rule(repository.include), hashes=hashes,
    )  # fmt: skip
    published = next((each for each in repository.refs if each.ref == listing.ref), None)
    if published is None:
        return [""]
    verdict = judged_folder(root, listing, published, repository.begun[published.ref])
    return [] if verdict.state == CURRENT else [""]
