"""Which repository an index command means: found by its name, or created, and never another one's content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pampax.cli.indexing.newborn import Newborn
from pampax.client.client import Client
from pampax.client.repository import NewCredential, NewRepository, Repository, Source
from pampax.core.errors import AlreadyExists, FailedPrecondition, InvalidRequest, NotFound


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for. `by_upload` None leaves the choice to what is possible."""

    name: str
    git_url: str
    folder: Path | None
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    by_upload: bool | None

    def source(self, *, local: bool) -> Source:
        """A folder is read by the system itself where it runs here and may be told to."""
        if self.folder is None:
            return Source(git_url=self.git_url)
        uploads = self.by_upload if self.by_upload is not None else not local
        return Source(upload=True) if uploads else Source(path=_sendable(self.folder))


def find(client: Client, wanted: Wanted, *, local: bool) -> Repository | None:
    """The repository of that name, when it is the one that is meant; None when there is none yet."""
    try:
        found = client.repository(wanted.name)
    except NotFound:
        return None
    return _checked(found, wanted, wanted.source(local=local))


def create(
    client: Client, wanted: Wanted, newborn: Newborn, *, local: bool, credential: NewCredential | None = None
) -> Repository:
    """A new repository, or the one that somebody else has just created from the same source."""
    source = wanted.source(local=local)
    new = NewRepository(
        name=wanted.name, source=source, include=wanted.include, exclude=wanted.exclude, credential=credential
    )
    try:
        created = client.create_repository(new)
    except AlreadyExists:
        return _checked(client.repository(wanted.name), wanted, source)
    newborn.is_created(created)
    return created


def _checked(found: Repository, wanted: Wanted, source: Source) -> Repository:
    """FailedPrecondition when the repository has another source or other patterns."""
    uploads = wanted.folder is not None and found.source.upload is True and wanted.by_upload is not False
    if not uploads and found.source.document() != source.document():
        raise FailedPrecondition(
            f"repository {found.name!r} is there already and comes from {found.source.words}; "
            "choose another name with --name",
            reason="OTHER_SOURCE",
        )
    for option, asked, kept in (
        ("--include", wanted.include, found.include),
        ("--exclude", wanted.exclude, found.exclude),
    ):
        if asked and set(asked) != set(kept):
            raise FailedPrecondition(
                f"repository {found.name!r} was created with {_shown(option, kept)}; leave it away, or choose another "
                "name with --name",
                reason="OTHER_PATTERNS",
            )
    return found


def _shown(option: str, patterns: Sequence[str]) -> str:
    return f"{option} {' '.join(patterns)}" if patterns else f"no {option}"


def _sendable(folder: Path) -> str:
    text = str(folder)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest(f"the name of {folder!r} is not valid UTF-8; use --upload and --name") from error
    return text
