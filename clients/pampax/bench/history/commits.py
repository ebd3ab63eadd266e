"""Commits whose messages read like tasks, with the files and lines that they changed, as one older tree has them.

All commits of a repository are judged on one tree, the parent of the oldest of them: a file counts that is there, and
its lines count while nobody has changed it in between.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pampax.codeintel.languages import SYNTAX_LANGUAGES, language_of
from pampax.core.errors import ConfigError

MOST_LOOKED_AT = 1_500  # commits of a repository, the newest first
MOST_FILES, MOST_LINES = 8, 400  # that a commit changes; more is no task
FEWEST_WORDS, MOST_MESSAGE_CHARS = 4, 600
GIT_TIMEOUT_S = 120.0

_TRAILER = re.compile(r"^(?:[A-Z][\w-]+-by|Change-Id|Fixes|Closes|Refs?|Cc|PR|Reviewed|See)\b.*$", re.MULTILINE)
_REFERENCE = re.compile(r"\s*\(?(?:#\d+|https?://\S+)\)?")
_NO_TASK = re.compile(r"(?i)\b(?:merge|bump|release|revert|version|changelog|update dependenc|prepare|typo)\b")
_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Task:
    """`changed`: path -> the lines that changed, 1-based; None where they cannot be told for the tree."""

    commit: str
    text: str
    changed: Mapping[str, frozenset[int] | None]


@dataclass(frozen=True, slots=True)
class History:
    """Tasks of one repository and the commit whose tree they are judged on."""

    name: str
    tree: str
    tasks: tuple[Task, ...]


def history_of(clone: Path, name: str, most: int) -> History:
    """The latest `most` tasks of a clone, bare or not. ConfigError when it is none, or has no such commit."""
    found = list(_candidates(clone))[:most]
    if not found:
        raise ConfigError(f"{clone} has no commit that reads like a task; give a clone with its history")
    tree = _git(clone, "rev-parse", f"{found[-1][0]}^").strip()
    there = dict(_blobs(clone, tree))
    tasks = [task for commit, text, paths in found if (task := _task(clone, commit, text, paths, there)) is not None]
    return History(name, tree, tuple(tasks))


def check_out(clone: Path, commit: str, folder: Path) -> None:
    """A work tree of the commit, with the history before it; nothing there names a commit that came after it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    # The objects stay the clone's own.
    _git(clone, "clone", "--quiet", "--shared", "--no-checkout", "--", str(clone), str(folder))
    _git(folder, "checkout", "--quiet", "--detach", commit)
    for name in _git(folder, "for-each-ref", "--format=%(refname)").split():
        _git(folder, "update-ref", "--no-deref", "-d", name)


def _candidates(clone: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Commit, message and the paths of the files that it modifies, the newest first."""
    log = _git(
        clone, "log", f"--max-count={MOST_LOOKED_AT}", "--no-merges", "--min-parents=1", "--no-renames",
        "--format=%x1e%H%x1f%B%x1f", "--numstat", "HEAD",
    )  # fmt: skip
    for entry in log.split("\x1e")[1:]:
        commit, message, stats = entry.split("\x1f")
        rows = [row.split("\t") for row in stats.strip().splitlines()]
        if not 0 < len(rows) <= MOST_FILES or any(added == "-" for added, *_ in rows):
            continue
        lines = sum(int(added) + int(removed) for added, removed, _ in rows)
        text = _words_of(message)
        paths = [path for _, _, path in rows]
        code = [path for path in paths if language_of(path) in SYNTAX_LANGUAGES]
        if lines <= MOST_LINES and code and len(text.split()) >= FEWEST_WORDS and not _NO_TASK.search(text[:80]):
            yield commit, text, paths


def _words_of(message: str) -> str:
    told = _REFERENCE.sub("", _TRAILER.sub("", message))
    return " ".join(told.split())[:MOST_MESSAGE_CHARS]


def _task(clone: Path, commit: str, text: str, paths: Iterable[str], there: Mapping[str, str]) -> Task | None:
    """None when the tree lacks the code that the commit changes."""
    before = dict(_blobs(clone, f"{commit}^", *paths))
    changed: dict[str, frozenset[int] | None] = {}
    for path in paths:
        if path in before and path in there:
            changed[path] = _lines(clone, commit, path) if before[path] == there[path] else None
    code = [path for path in changed if language_of(path) in SYNTAX_LANGUAGES]
    return Task(commit, text, changed) if code and len(changed) == len(before) else None


def _lines(clone: Path, commit: str, path: str) -> frozenset[int]:
    """Those that the commit removes or replaces, and for what it adds the line before."""
    diff = _git(clone, "diff", "--unified=0", f"{commit}^", commit, "--", path)
    lines: set[int] = set()
    for start, count in _HUNK.findall(diff):
        first, length = int(start), int(count) if count else 1
        lines.update(range(first, first + length) if length else [max(first, 1)])
    return frozenset(lines)


def _blobs(clone: Path, tree: str, *paths: str) -> Iterator[tuple[str, str]]:
    """Path and blob id of the files of a tree."""
    for entry in _git(clone, "ls-tree", "-r", "-z", tree, "--", *paths).split("\0"):
        described, _, path = entry.partition("\t")
        if path:
            yield path, described.split()[2]


def _git(clone: Path, *arguments: str) -> str:
    command = ["git", "-C", str(clone), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=GIT_TIMEOUT_S, check=True)
    except (subprocess.CalledProcessError, OSError) as error:
        said = getattr(error, "stderr", b"") or b""
        raise ConfigError(f"{clone}: git {arguments[0]} failed: {said.decode('utf-8', 'replace')[:200]}") from error
    return done.stdout.decode("utf-8", "replace")
