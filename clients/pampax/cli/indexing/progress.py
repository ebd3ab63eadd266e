"""How far indexing is: a bar on a terminal, lines of JSON in a pipe."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from pampax.cli import words
from pampax.cli.screen import Screen
from pampax.cli.session import Session

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

# A reader of lines learns nothing from more of them.
LINE_EVERY_S = 0.25
TITLES = {
    "scanning": "Looking at files",
    "fetching": "Fetching",
    "uploading": "Uploading",
    "queued": "Waiting for a worker",
    "writing": "Writing",
    "tidying": "Tidying up",
    "listing": "Listing files",
    "reading": "Reading files",
    "parsing": "Parsing",
    "publishing": "Publishing",
    "embedding": "Embedding",
    "done": "Done",
}


_UNITS = {"fetching": "MiB/s", "embedding": "chunks/s"}


class Reporter(Protocol):
    """Hears of each step; `total` is 0 while unknown, `rate` (a second) and `remaining_s` are of the stage."""

    def __call__(
        self, stage: str, done: int, total: int, rate: float = 0.0, remaining_s: float | None = None
    ) -> None: ...


@contextmanager
def progress_of(session: Session) -> Iterator[Reporter]:
    """What fits the output; a bar disappears at the end of the block."""
    if session.quiet:
        yield _silent
    elif session.screen.decorated:
        with _bar(session.screen) as progress:
            yield _Bar(progress)
    else:
        yield _Lines(session.screen)


@contextmanager
def plan_progress_of(session: Session) -> Iterator[Reporter]:
    """The same for a plan, whose output is one document: nothing in a pipe."""
    if session.screen.decorated:
        with progress_of(session) as report:
            yield report
    else:
        yield _silent


def _silent(stage: str, done: int, total: int, rate: float = 0.0, remaining_s: float | None = None) -> None:
    """Nobody listens."""


class _Lines:
    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._last: tuple[str, int, int] | None = None
        self._told_at = 0.0

    def __call__(self, stage: str, done: int, total: int, rate: float = 0.0, remaining_s: float | None = None) -> None:
        now = time.monotonic()
        same_stage = self._last is not None and self._last[0] == stage
        if (stage, done, total) == self._last or (same_stage and done != total and now - self._told_at < LINE_EVERY_S):
            return
        self._last, self._told_at = (stage, done, total), now
        event = {"event": "progress", "stage": stage, "done": done, "total": total}
        self._screen.event({**event, "rate": rate, "remaining_s": remaining_s})


class _Bar:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None
        self._stage = ""
        self._started_at = progress.get_time()

    def __call__(self, stage: str, done: int, total: int, rate: float = 0.0, remaining_s: float | None = None) -> None:
        if stage != self._stage:
            if self._task is not None:
                self._progress.remove_task(self._task)
            self._stage = stage
            self._task = self._progress.add_task(TITLES.get(stage, stage), total=None, counts="")
            self._progress.tasks[-1].start_time = self._started_at  # the time shown is that of the whole command
        assert self._task is not None
        # A stage that has handled everything still works until the next one begins: no end in sight, not finished.
        known = total if done < total else None
        counts = "  ".join(filter(None, (_counts(stage, done, total), pace(stage, rate, remaining_s))))
        self._progress.update(self._task, completed=done, total=known, counts=counts)


def pace(stage: str, rate: float, remaining_s: float | None) -> str:
    """`120 files/s, 2 min left`, as far as it is known."""
    unit = _UNITS.get(stage, "files/s")
    speed = f"{rate:,.0f} {unit}" if rate >= 10 else f"{rate:.1f} {unit}" if rate else ""
    left = f"{words.age(remaining_s)} left" if remaining_s else ""
    return ", ".join(filter(None, (speed, left)))


def _counts(stage: str, done: int, total: int) -> str:
    if total:
        return f"{done:,} of {total:,}"
    return f"{done:,}{' MiB' if stage == 'fetching' else ''}" if done else ""


def _bar(screen: Screen) -> Progress:
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<20}"),
        BarColumn(),
        TextColumn("{task.fields[counts]}"),
        TimeElapsedColumn(),
        console=screen.console,
        transient=True,
    )
