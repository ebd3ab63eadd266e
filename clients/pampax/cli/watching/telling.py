"""What `pampax watch` says: a line per refresh for a person, a line of JSON in a pipe."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pampax.cli import words
from pampax.cli.session import Session
from pampax.cli.watching.refresh import Refreshed
from pampax.core.errors import PampaxError

SHOWN_PATHS = 3
LISTED_PATHS = 100


@dataclass(slots=True)
class Telling:
    """Counts what it tells, for the last line."""

    session: Session
    folder: str
    repository: str
    refreshes: int = 0
    files: int = 0
    _waiting: bool = False
    _refused: str = ""
    _started: float = 0.0

    def begins(self, done: Refreshed, places: int) -> None:
        """The index is as fresh as the folder; from here on changes are waited for."""
        self._back()
        status = done.result.status if done.result else None
        self._started = time.monotonic()
        self._event(
            "watching", repository=done.repository, folder=self.folder, folders=places,
            ref=status.ref if status else "", generation=status.generation if status else 0,
            seconds=round(done.seconds, 3),
        )  # fmt: skip
        if status is not None:
            self._line(
                (done.repository, "bold green"), f"@{status.ref} is up to date, generation {status.generation}; "
                f"watching {words.counted(places, 'folder')}, Ctrl-C ends it",
            )  # fmt: skip

    def refreshed(self, done: Refreshed, paths: Sequence[str], waited_s: float) -> None:
        """`waited_s` is how long the last change had settled before the refresh began."""
        self._back()
        result, operation = done.result, done.operation
        if result is None or operation is None or not result.changed:
            return
        self.refreshes += 1
        self.files += len(paths)
        status = result.status
        self._event(
            "refreshed", repository=done.repository, operation=operation.id, ref=status.ref, commit=status.commit,
            dirty=status.dirty, generation=status.generation, files=status.files, chunks=status.chunks,
            new_blobs=result.new_blobs, paths=list(paths[:LISTED_PATHS]), changed_paths=len(paths),
            errors=[problem.document() for problem in result.errors],
            waited_s=round(waited_s, 3), seconds=round(done.seconds, 3),
        )  # fmt: skip
        commit = f" {words.commit(status.commit, dirty=status.dirty)}" if status.commit else ""
        self._line(
            (time.strftime("%H:%M:%S "), "dim"), f"{status.ref}{commit}, generation {status.generation}: "
            f"{_named(paths)} in {words.duration(done.seconds * 1_000)}",
        )  # fmt: skip

    def waits(self, error: PampaxError) -> None:
        """It is tried again until it works; said once."""
        if not self._waiting:
            self._waiting = True
            self._event("retrying", reason=error.reason, detail=error.message)
            self._line((f"not indexed yet, trying again until it works: {error.message}", "yellow"))

    def refused(self, error: PampaxError) -> None:
        """It is tried again with the next change; said once for each reason."""
        if error.message != self._refused:
            self._refused = error.message
            self._event("refused", reason=error.reason, detail=error.message)
            self._line((f"not indexed: {error.message}", "yellow"))

    def ends(self) -> None:
        seconds = time.monotonic() - self._started if self._started else 0.0
        self._event("stopped", refreshes=self.refreshes, changed_paths=self.files, seconds=round(seconds, 3))
        self._line(
            f"watched {self.repository} for {words.age(seconds)}: "
            f"{words.counted(self.refreshes, 'refresh', 'refreshes')}, {words.counted(self.files, 'changed file')}"
        )

    def _back(self) -> None:
        self._refused = ""
        if self._waiting:
            self._waiting = False
            self._event("recovered")
            self._line(("it works again", "green"))

    def _event(self, event: str, **document: Any) -> None:  # noqa: ANN401 - JSON
        if self.session.json or not self.session.screen.decorated:
            self.session.screen.event({"event": event, **document})

    def _line(self, *segments: str | tuple[str, str]) -> None:
        if self.session.screen.decorated and not self.session.quiet:
            self.session.screen.line(*segments)


def _named(paths: Sequence[str]) -> str:
    """`2 files (a.py, b.py)`; without paths git's state alone has changed."""
    if not paths:
        return "another commit"
    shown = ", ".join(paths[:SHOWN_PATHS])
    more = f" and {len(paths) - SHOWN_PATHS} more" if len(paths) > SHOWN_PATHS else ""
    return f"{words.counted(len(paths), 'file')} ({shown}{more})"
