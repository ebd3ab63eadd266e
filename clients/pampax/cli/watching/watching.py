"""The loop: one refresh at a time, one more afterwards when something has changed meanwhile."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pampax.cli.watching.changes import Batch, Changes
from pampax.cli.watching.refresh import Refreshed
from pampax.cli.watching.settling import Settling
from pampax.cli.watching.telling import Telling
from pampax.core.errors import (
    Aborted,
    AlreadyExists,
    ConfigError,
    DeadlineExceeded,
    LocalIOError,
    NotFound,
    PampaxError,
    PermissionDenied,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
)
from pampax.sources.territory import Territory

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
# How long one look at the changes takes when there are none.
LOOK_S = 60.0
# Folders come and go while they are looked for.
ARMINGS = 5
# Trying again may help; with the rest the next change in the folder may, but not with what somebody has to set right.
TRANSIENT = (Unavailable, DeadlineExceeded, ResourceExhausted, Aborted)
FINAL = (Unauthenticated, PermissionDenied, NotFound, AlreadyExists, ConfigError)

Survey = Callable[[], Territory]


class Refresh(Protocol):
    """Brings the index up to date; `again` after it has failed: with connections of its own."""

    def __call__(self, *, again: bool) -> Refreshed: ...


@dataclass(slots=True)
class Watching:
    """For one call of `run`, which ends with an interrupt, or an error that neither time nor another change mends."""

    root: Path
    survey: Survey
    refresh: Refresh
    telling: Telling
    settling: Settling
    _territory: Territory = field(init=False)
    _changes: Changes = field(init=False)
    _paths: set[str] = field(default_factory=set)
    _failures: int = 0
    _again_at: float | None = None
    _begun: bool = False

    def run(self) -> None:
        with ExitStack() as listening:
            self._listen(listening)
            self._refresh()
            while True:
                batch = self._changes.next(self._pause_s())
                if batch:
                    self._note(batch)
                if batch.ground:
                    self._listen(listening)
                if self._is_due():
                    self._refresh()

    def _listen(self, listening: ExitStack) -> None:
        """To the folders that there are now; the refresh that follows sees what happened before."""
        for _ in range(ARMINGS):
            listening.close()
            self._territory = self.survey()
            try:
                self._changes = listening.enter_context(Changes(self._territory))
            except FileNotFoundError:
                continue
            return
        raise LocalIOError(f"the folders below {self.root} come and go too fast to be watched; try again")

    def _note(self, batch: Batch) -> None:
        self.settling.changed(time.monotonic())
        self._paths |= batch.paths

    def _pause_s(self) -> float:
        now = time.monotonic()
        waits = [LOOK_S]
        if self._again_at is not None:
            waits.append(max(self._again_at - now, 0.0))
        elif (left_s := self._left_s(now)) is not None:
            waits.append(left_s)
        return min(waits)

    def _is_due(self) -> bool:
        now = time.monotonic()
        if self._again_at is not None:
            return now >= self._again_at
        return self._left_s(now) == 0.0

    def _left_s(self, now: float) -> float | None:
        return self.settling.left_s(now, locked=self._territory.changing)

    def _refresh(self) -> None:
        waited_s = self.settling.settled(time.monotonic())
        paths, self._paths = self._paths, set()
        try:
            done = self.refresh(again=self._failures > 0)
        except PampaxError as error:
            self._paths |= paths
            self._failed(error)
            return
        self._failures, self._again_at = 0, None
        if self._begun:
            shown = sorted(str(Path(path).relative_to(self._territory.root)) for path in paths)
            self.telling.refreshed(done, shown, waited_s)
        else:
            self._begun = True
            self.telling.begins(done, len(self._territory.places))

    def _failed(self, error: PampaxError) -> None:
        if isinstance(error, TRANSIENT):
            pause_s = min(FIRST_PAUSE_S * 2**self._failures, LONGEST_PAUSE_S) * random.uniform(0.75, 1.25)  # noqa: S311
            self._again_at = time.monotonic() + max(pause_s, error.retry_after_s or 0.0)
            self._failures += 1
            # A file that was saved while it was sent is no trouble.
            if not isinstance(error, Aborted) or self._failures > 1:
                self.telling.waits(error)
        elif self._begun and not isinstance(error, FINAL):
            self._failures, self._again_at = 0, None
            self.telling.refused(error)
        else:
            raise error
