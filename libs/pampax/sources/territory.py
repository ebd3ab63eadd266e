"""What of a folder is worth watching: its folders without the ignored ones, and which of their changes count."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from pampax.core.errors import LocalIOError
from pampax.sources.below import Chain, opened_root
from pampax.sources.folder import own_ignore_file
from pampax.sources.ground import Ground, find_ground
from pampax.sources.ignoring import IGNORE_FILE, OwnRules
from pampax.sources.patterns import FolderRules, ignore_rules, ignored_by, path_filter
from pampax.sources.walk import entries_of, joined, rules_of

Rules: TypeAlias = tuple[FolderRules, ...]

LOCKED_S = 60.0

_NO_GIT = Ground(b"", (), frozenset(), frozenset(), frozenset(), "")
_RULE_NAMES = (b".gitignore", IGNORE_FILE)
# In a folder that is ignored and holds a file that git tracks.
_EVERYTHING: Rules = ((b"", ignore_rules(b"*")),)


class Meaning(StrEnum):
    """Of a change."""

    NOTHING = "nothing"
    CONTENT = "content"  # a file that counts
    STATE = "state"  # git stands on another commit or branch, or tracks other files
    GROUND = "ground"  # folders or rules: what is watched has to be found out anew


class Change(StrEnum):
    """What has happened to a path. `TOUCHED` was there before and is there still."""

    CAME = "came"
    WENT = "went"
    TOUCHED = "touched"


class Territory:
    """A folder as it is now; to be made anew after a change whose meaning is GROUND.

    Raises LocalIOError, and InvalidRequest for a bad pattern. Reads no files but those with rules, and enters no
    ignored folder; the cost grows with the entries of the others.
    """

    def __init__(self, root: Path, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> None:
        self.root = root.resolve()
        self._wanted = path_filter(include, exclude)
        self._ground = find_ground(self.root) or _NO_GIT
        self._own = OwnRules(self._own_ignore_file)
        # Each folder that is not ignored, b"" for the root, with the rules that hold in it.
        self._folders: dict[bytes, Rules] = {}
        self._ignored: set[bytes] = set()
        with opened_root(self.root) as root_fd, Chain(root_fd) as chain:
            for folder, rules in self._explored(chain):
                self._folders[folder] = rules
        for file in self._ground.tracked:
            self._add_parents(file)

    @property
    def places(self) -> list[Path]:
        """The folders to watch, without what is below them; git's own and that of the user's ignore file as well."""
        found = [self.root / os.fsdecode(folder) if folder else self.root for folder in self._folders]
        outside = {Path(file).parent for file in self._ground.rule_files | self._ground.state_files}
        return found + sorted(place for place in outside.difference(found) if place.is_dir())

    @property
    def changing(self) -> bool:
        """Whether git is at work on the files right now. A lock that has been there for long is not waited for: a git
        that was killed leaves its own, and one with an editor open keeps it."""
        try:
            return bool(self._ground.lock) and time.time() - os.lstat(self._ground.lock).st_mtime < LOCKED_S
        except OSError:
            return False

    def meaning(self, path: str, change: Change) -> Meaning:
        """Of a change to what has this absolute path."""
        if path in self._ground.state_files:
            return Meaning.STATE
        if path in self._ground.rule_files:
            return Meaning.GROUND
        relative = os.path.relpath(path, self.root)
        if relative == ".":
            return Meaning.GROUND if change is Change.WENT else Meaning.NOTHING
        raw = os.fsencode(relative)
        folder, _, name = raw.rpartition(b"/")
        if folder not in self._folders or name in (b".git", b".."):
            return Meaning.NOTHING
        if name in _RULE_NAMES:
            return Meaning.GROUND
        if raw in self._folders or raw in self._ignored or (os.path.isdir(path) and not os.path.islink(path)):  # noqa: PTH112, PTH114
            return self._meaning_of_folder(raw, change)
        return Meaning.CONTENT if self._counts(raw, folder) else Meaning.NOTHING

    def _meaning_of_folder(self, raw: bytes, change: Change) -> Meaning:
        if change is Change.TOUCHED:
            return Meaning.NOTHING
        left_out = raw not in self._folders and self._leaves_out(raw, self._folders[raw.rpartition(b"/")[0]])
        return Meaning.NOTHING if left_out else Meaning.GROUND

    def _counts(self, raw: bytes, folder: bytes) -> bool:
        if self._own.ignores(raw) or not self._wanted.admits(raw.decode("utf-8", "replace")):
            return False
        if raw in self._ground.tracked:
            return True
        return not ignored_by(self._ground.prefix + raw, self._folders[folder], is_folder=False)

    def _leaves_out(self, raw: bytes, rules: Rules) -> bool:
        """Whether nothing below this folder counts; noted if so, for a name does not tell what has gone."""
        ignored = (
            ignored_by(self._ground.prefix + raw, rules, is_folder=True)
            or self._own.ignores(raw, is_folder=True)
            or self._wanted.shuts_out(raw.decode("utf-8", "replace"))
        )
        if ignored:
            self._ignored.add(raw)
        return ignored

    def _explored(self, chain: Chain) -> Iterator[tuple[bytes, Rules]]:
        pending: list[tuple[bytes, Rules]] = [(b"", self._ground.rules)]
        while pending:
            folder, above = pending.pop()
            try:
                entries = entries_of(chain, folder)
            except OSError:
                continue  # removed meanwhile, or not ours to read
            if folder and self._ground.lock and any(name == b".git" for name, _ in entries):
                continue  # a repository of its own, which git lists as one entry
            rules = above + self._rules_of(chain, folder, entries)
            yield folder, rules
            for name, is_folder in entries:
                path = joined(folder, name)
                if is_folder and name != b".git" and not self._leaves_out(path, rules):
                    pending.append((path, rules))

    def _rules_of(self, chain: Chain, folder: bytes, entries: Sequence[tuple[bytes, bool]]) -> Rules:
        """Those in the folder itself, as git would have them: for paths from the work tree's top."""
        return tuple(
            ((self._ground.prefix + own).rstrip(b"/"), rules) for own, rules in rules_of(chain, folder, entries)
        )

    def _add_parents(self, file: bytes) -> None:
        folder = file.rpartition(b"/")[0]
        while folder not in self._folders and (self.root / os.fsdecode(folder)).is_dir():
            self._folders[folder] = _EVERYTHING
            folder = folder.rpartition(b"/")[0]

    def _own_ignore_file(self, folder: bytes) -> bytes | None:
        try:
            with opened_root(self.root) as root_fd, Chain(root_fd) as chain:
                return own_ignore_file(chain, folder)
        except LocalIOError:
            return None
