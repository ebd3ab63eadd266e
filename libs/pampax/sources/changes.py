"""Which files the commits before one changed, in a mirror or a work tree: from trees alone, so contents may be away."""

from __future__ import annotations

import os
import select
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pampax.core.changes import MOST_FILES, Change
from pampax.core.errors import LocalIOError
from pampax.sources.command import run_git, start_git, stop_git
from pampax.sources.failure import plain_line

# The newest ones, merges not counted; 60 ms for 2,000 commits of a large repository whose trees are at hand.
MOST_COMMITS = 2_000
TIMEOUT_S = 10.0
MOST_PATH_BYTES = 8 * 1024 * 1024  # of all paths that are told; a few hundred KB is usual
MOST_OUTPUT_BYTES = 64 * 1024 * 1024
_CHECK_S = 0.2
_END_S = 2.0  # from the last that git says to its end
_READ_BYTES = 1 << 16
_COMMIT_DIGITS = 40
# Renames would be told by contents.
_DIFF = ("diff-tree", "--stdin", "-r", "-z", "--no-renames", "--name-status", "--ignore-submodules=none")


@dataclass(frozen=True, slots=True)
class Changes:
    """The newest first. Not `whole` when the clone is a shallow one or reading was broken off: another time there may
    be more."""

    commits: tuple[Change, ...]
    whole: bool


def read_changes(
    directory: Path,
    commit: str,
    known: Mapping[str, Change],
    *,
    most: int = MOST_COMMITS,
    timeout_s: float = TIMEOUT_S,
    check: Callable[[], None] = lambda: None,
) -> Changes:
    """Of the newest commits that `commit` can reach and that have one parent; those that are `known`, by their ids, are
    not compared again.

    Paths are relative to `directory`, whose repository may begin further up. A first commit says nothing, nor does the
    end of a shallow clone. What cannot be read within the time, or is not there, is left out with all that is older.
    Raises LocalIOError when git cannot list the commits, DeadlineExceeded, and what `check` raises.
    """
    until = time.monotonic() + timeout_s
    shallow, prefix = _place(directory, timeout_s)
    listed = _commits(directory, commit, most, until - time.monotonic(), check)
    unknown = [each for each, _ in listed if each not in known]
    found, ended = _compared(directory, unknown, prefix, until, check) if unknown else ({}, True)
    changes: list[Change] = []
    paths: set[str] = set()
    room = MOST_PATH_BYTES
    for each, at in listed:
        change = known.get(each) or (Change(each, at, *found[each]) if each in found else None)
        new = set(change.paths) - paths if change is not None else set()
        room -= sum(len(path.encode()) for path in new)
        if change is None or room < 0:
            break
        paths |= new
        changes.append(change)
    return Changes(tuple(changes), whole=ended and not shallow)


def _place(directory: Path, timeout_s: float) -> tuple[bool, bytes]:
    """Whether the clone is a shallow one, and where in its repository the folder lies: "", or ending in a slash."""
    found = run_git(["rev-parse", "--is-shallow-repository", "--show-prefix"], directory=directory, timeout_s=timeout_s)
    if found.code:
        raise LocalIOError(f"git cannot read {directory}: {plain_line(found.stderr)}")
    shallow, _, prefix = found.stdout.partition(b"\n")
    return shallow == b"true", prefix.removesuffix(b"\n")


def _commits(
    directory: Path, commit: str, most: int, timeout_s: float, check: Callable[[], None]
) -> list[tuple[str, int]]:
    """Ids and times of those with a parent."""
    command = ["rev-list", "--no-merges", "--timestamp", "--parents", f"--max-count={most}", commit, "--"]
    found = run_git(command, directory=directory, timeout_s=max(timeout_s, 0.0), check=check)
    if found.code:
        raise LocalIOError(f"git cannot list the history of {commit}: {plain_line(found.stderr)}")
    rows = [line.split() for line in found.stdout.decode("ascii", "replace").splitlines()]
    return [(row[1], int(row[0])) for row in rows if len(row) > 2]


def _compared(
    directory: Path, commits: Sequence[str], prefix: bytes, until: float, check: Callable[[], None]
) -> tuple[dict[str, tuple[int, tuple[str, ...]]], bool]:
    """Files and paths of each, in order, and whether git came to the end."""
    found: dict[str, tuple[int, tuple[str, ...]]] = {}
    commit, files, paths = "", 0, list[bytes]()
    fields = _fields(directory, commits, until, check)
    try:
        for field in fields:
            if len(field) == _COMMIT_DIGITS:
                if commit:
                    found[commit] = files, _texts(paths, files, prefix)
                commit, files, paths = field.decode(), 0, []
            else:  # the letter of a change; its path follows
                path = next(fields, b"")
                files += 1
                if files <= MOST_FILES:
                    paths.append(path)
    except _BrokenOffError:
        told = commits.index(next(reversed(found))) + 1 if found else 0
    else:
        told = len(commits)
        if commit:
            found[commit] = files, _texts(paths, files, prefix)
    # Of a commit that changed nothing git says nothing.
    return {each: found.get(each, (0, ())) for each in commits[:told]}, told == len(commits)


def _texts(paths: Sequence[bytes], files: int, prefix: bytes) -> tuple[str, ...]:
    if files > MOST_FILES:
        return ()
    below = [path.removeprefix(prefix) for path in paths if path.startswith(prefix)]
    return tuple(text for path in below if (text := _text(path)) is not None)


def _text(path: bytes) -> str | None:
    try:
        return path.decode()
    except UnicodeDecodeError:
        return None


class _BrokenOffError(Exception):
    """The time or the room is over, or git lacks what it needs: what came last may not be whole."""


def _fields(directory: Path, commits: Sequence[str], until: float, check: Callable[[], None]) -> Iterator[bytes]:
    """What git says, field by field."""
    with tempfile.TemporaryFile() as asked:
        asked.write("".join(f"{commit}\n" for commit in commits).encode())
        asked.seek(0)
        process = start_git(_DIFF, directory=directory, stdin=asked.fileno())
    try:
        assert process.stdout is not None
        rest = b""
        for chunk in _chunks(process.stdout.fileno(), until, check):
            *whole, rest = (rest + chunk).split(b"\0")
            yield from whole
        if process.wait(_END_S) or rest:
            raise _BrokenOffError
    except subprocess.TimeoutExpired as error:
        raise _BrokenOffError from error
    finally:
        stop_git(process)


def _chunks(descriptor: int, until: float, check: Callable[[], None]) -> Iterator[bytes]:
    came = 0
    while True:
        left = until - time.monotonic()
        if left <= 0 or came > MOST_OUTPUT_BYTES:
            raise _BrokenOffError
        readable, _, _ = select.select([descriptor], [], [], min(left, _CHECK_S))
        check()
        if readable:
            chunk = os.read(descriptor, _READ_BYTES)
            if not chunk:
                return
            came += len(chunk)
            yield chunk
