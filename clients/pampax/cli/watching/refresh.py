"""One refresh of a watched folder, by the same way as `pampax index`: read in place, or what is new is uploaded."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from pampax.cli.indexing.folder import Known, scan, send
from pampax.cli.indexing.newborn import Newborn
from pampax.cli.indexing.source import Wanted, create, find
from pampax.client.client import Client
from pampax.client.following import follow
from pampax.client.repository import IndexResult, Manifest, Operation, Repository
from pampax.core.errors import NotFound

# A refresh takes a fraction of a second, the first index of a large repository minutes.
FOLLOW_S = 6 * 3_600.0


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What came of it; `operation` and `result` are None when there was nothing to send. `seconds` is for all of it."""

    repository: str
    seconds: float
    operation: Operation | None = None
    result: IndexResult | None = None

    @property
    def changed(self) -> bool:
        return self.result is not None and self.result.changed


@dataclass(slots=True)
class Refresher:
    """Keeps from one refresh to the next what need not be found out again."""

    wanted: Wanted
    folder: Path
    ref: str
    _known: Known = field(default_factory=Known)
    _sent: Manifest | None = None
    _indexed: bool = False

    def refresh(self, client: Client, *, local: bool) -> Refreshed:
        """Brings the index up to date. Raises what `pampax index` does; Aborted when files change meanwhile."""
        started = time.perf_counter()
        with Newborn(client) as newborn:
            found = find(client, self.wanted, local=local)
            if found is None and self._indexed:
                raise _deleted(self.wanted.name)
            uploads = found.source.upload if found else self.wanted.source(local=local).upload
            if not uploads:
                repository = found or create(client, self.wanted, newborn, local=local)
                operation = client.index(repository.name, ref=self.ref)
            else:
                include, exclude = (found or self.wanted).include, (found or self.wanted).exclude
                manifest = scan(self.folder, include, exclude, self.ref, _unheard, self._known)
                if manifest == self._sent and _is_published(found, manifest):
                    return Refreshed(self.wanted.name, time.perf_counter() - started)
                repository = found or create(client, self.wanted, newborn, local=local)
                told = _is_published(found, manifest, manifest.commit)  # its history as well
                upload = send(client, repository.name, self.folder, manifest, _unheard, history=not told)
                operation = client.index(repository.name, upload=upload)
            operation = follow(client, operation, lambda _now: None, timeout_s=FOLLOW_S)
            self._indexed = True
            if uploads:
                self._sent = manifest
        return Refreshed(repository.name, time.perf_counter() - started, operation, operation.result)


def _is_published(found: Repository | None, manifest: Manifest, commit: str | None = None) -> bool:
    """Somebody else may have deleted the ref, or published another tree under it. With a commit: of just that one."""
    published = None if found is None else found.published(manifest.ref)
    return published is not None and commit in (None, published.commit)


def _deleted(name: str) -> NotFound:
    message = f"repository {name!r} was deleted while it was watched; start again to index it anew"
    return NotFound(message, reason="REPOSITORY_NOT_FOUND")


def _unheard(stage: str, done: int, total: int) -> None:
    """A refresh is over before anybody has read how far it is."""
