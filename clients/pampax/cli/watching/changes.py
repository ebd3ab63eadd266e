"""What changes in a folder, as the operating system tells it."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pampax.core.errors import ConfigError, LocalIOError
from pampax.sources.territory import Change, Meaning, Territory

if TYPE_CHECKING:
    from watchfiles._rust_notify import RustNotify

# Events are looked for that often; a batch ends when two looks find the same, or after BATCH_MS.
STEP_MS = 20
BATCH_MS = 100
POLL_MS = 300
# Linux tells of one folder for each request, so ignored ones are never looked into. The others watch a whole tree at no
# cost, and what is ignored is dropped here.
RECURSIVE = sys.platform != "linux"
# From there on some may be missing: the system's own queue is bounded.
MANY_EVENTS = 4_000

# As the library numbers them.
_CHANGES = {1: Change.CAME, 2: Change.TOUCHED, 3: Change.WENT}


@dataclass(frozen=True, slots=True)
class Batch:
    """The paths of files that count, and whether there is more to know."""

    paths: frozenset[str] = frozenset()
    state: bool = False
    ground: bool = False

    def __bool__(self) -> bool:
        return bool(self.paths) or self.state or self.ground


class Changes:
    """A context manager over one territory; what happens between two calls of `next` is kept."""

    def __init__(self, territory: Territory) -> None:
        self._territory = territory
        self._notify: RustNotify | None = None

    def __enter__(self) -> Self:
        """It listens from here on. LocalIOError when the system does not let it; FileNotFoundError when a folder has
        gone since the territory was made."""
        places = self._territory.places
        if RECURSIVE:
            root = self._territory.root
            places = [root, *(place for place in places if not place.is_relative_to(root))]
        polling = bool(os.environ.get("WATCHFILES_FORCE_POLLING"))
        try:
            from watchfiles._rust_notify import RustNotify

            self._notify = RustNotify([os.fspath(place) for place in places], False, polling, POLL_MS, RECURSIVE, True)
        except ModuleNotFoundError as error:
            raise ConfigError(
                "this installation cannot watch folders (watchfiles is missing): pip install 'pampax[watch]'"
            ) from error
        except FileNotFoundError:
            raise
        except OSError as error:
            raise LocalIOError(_why(error, len(places))) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._notify is not None:
            self._notify.close()
            self._notify = None

    def next(self, timeout_s: float) -> Batch:
        """What has happened since the last call; an empty batch when nothing that counts does within that time."""
        assert self._notify is not None
        deadline = time.monotonic() + timeout_s
        while (left_ms := round((deadline - time.monotonic()) * 1_000)) > 0:
            found = self._notify.watch(BATCH_MS, STEP_MS, left_ms, None)
            if found == "signal":
                raise KeyboardInterrupt
            if isinstance(found, set) and (batch := self._batch(found)):
                return batch
        return Batch()

    def _batch(self, events: Iterable[tuple[int, str]]) -> Batch:
        paths: set[str] = set()
        meanings: set[Meaning] = set()
        count = 0
        for count, (kind, path) in enumerate(events, start=1):  # noqa: B007 - the last count is wanted
            meaning = self._territory.meaning(path, _CHANGES[kind])
            meanings.add(meaning)
            if meaning is Meaning.CONTENT:
                paths.add(path)
        return Batch(frozenset(paths), Meaning.STATE in meanings, Meaning.GROUND in meanings or count >= MANY_EVENTS)


def _why(error: OSError, places: int) -> str:
    if error.errno == errno.ENOSPC or "limit" in str(error).lower():
        return (
            f"the system does not watch {places:,} folders for this user: raise fs.inotify.max_user_watches with "
            "sysctl, or leave folders out with a .pampaxignore"
        )
    return f"the system does not let us watch the folder: {error}"
