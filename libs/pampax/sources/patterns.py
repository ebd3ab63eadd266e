"""Gitignore-style patterns: a caller's include and exclude lists, and the rules of .gitignore files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore.base import GitIgnorePatternError
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from pampax.core.errors import InvalidRequest

# pathspec's expressions stop at a line end; no pattern can name one, so any other character stands in for it.
_LINE_END = str.maketrans("\n", "\ufffd")
_STARS = re.compile(r"\*+")
# Each wildcard multiplies the time that a hostile path can cost the matcher. This many in one part of a pattern, and
# this many `**` in the whole, keep the worst path within a fraction of a second.
_MOST_WILDCARDS = 3


@dataclass(frozen=True, slots=True)
class PathFilter:
    """Which paths a caller wants: matched by `include` (empty: all) and not by `exclude`."""

    include: GitIgnoreSpec
    exclude: GitIgnoreSpec

    def admits(self, path: str) -> bool:
        if not self.include.patterns and not self.exclude.patterns:
            return True
        text = path.translate(_LINE_END)
        if len(self.include) and not self.include.match_file(text):
            return False
        return not self.exclude.match_file(text)

    def shuts_out(self, folder: str) -> bool:
        """Whether no path below the folder is admitted; False where that takes more than a look."""
        if not len(self.exclude) or any(pattern.include is False for pattern in self.exclude.patterns):
            return False
        return self.exclude.match_file(folder.translate(_LINE_END) + "/")


def path_filter(include: Sequence[str] = (), exclude: Sequence[str] = ()) -> PathFilter:
    """Compile both lists. Raises InvalidRequest naming the pattern that does not hold."""
    return PathFilter(_compiled("include", include), _compiled("exclude", exclude))


def _compiled(field: str, patterns: Sequence[str]) -> GitIgnoreSpec:
    for pattern in patterns:
        if _crowded(pattern):
            message = f"{field} holds a pattern with too many wildcards ({pattern[:80]!r}): at most {_MOST_WILDCARDS}"
            raise InvalidRequest(message, fields={field: message})
    try:
        return GitIgnoreSpec.from_lines(patterns, backend="simple")
    except GitIgnorePatternError as error:
        message = f"{field} holds a pattern that is not gitignore syntax: {error}"
        raise InvalidRequest(message, fields={field: message}) from error


def _crowded(pattern: str) -> bool:
    parts = pattern.split("/")
    return max(len(_STARS.findall(part)) for part in parts) > _MOST_WILDCARDS or parts.count("**") > _MOST_WILDCARDS


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """One line of a .gitignore. `negated` brings files back; `folders_only` is a pattern that ended in a slash."""

    pattern: GitIgnoreSpecPattern
    negated: bool
    folders_only: bool

    def matches(self, path: str, *, is_folder: bool) -> bool:
        """Whether the rule names this very entry, not one of its parents: the walk has already judged those."""
        if self.folders_only and not is_folder:
            return False
        found = self.pattern.match_file(path)
        # pathspec's one named group is set where a parent folder matched instead of the whole path.
        return found is not None and found.match.lastgroup is None


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """The rules of one .gitignore, for paths relative to the folder that holds it."""

    rules: tuple[IgnoreRule, ...]

    def verdict(self, path: str, *, is_folder: bool) -> bool | None:
        """True: ignored; False: brought back; None: no rule says anything. The last matching rule decides."""
        text = path.translate(_LINE_END)
        for rule in reversed(self.rules):
            if rule.matches(text, is_folder=is_folder):
                return not rule.negated
        return None


# The rules of an ignore file with the folder that holds it, b"" for the root.
FolderRules: TypeAlias = tuple[bytes, IgnoreRules]


def ignored_by(path: bytes, rules: Sequence[FolderRules], *, is_folder: bool) -> bool:
    """What the innermost rule that says anything says; `rules` are outermost first, all of folders above the path."""
    for folder, own in reversed(rules):
        relative = path[len(folder) + 1 :] if folder else path
        verdict = own.verdict(relative.decode("utf-8", "surrogateescape"), is_folder=is_folder)
        if verdict is not None:
            return verdict
    return False


def ignore_rules(content: bytes, *, most: int | None = None) -> IgnoreRules:
    """Read an ignore file. Lines that git would not understand are passed over, as git does.

    `most`: for a file that a stranger may have written. No more rules than that are taken, and none whose wildcards
    could make the matcher slow.
    """
    text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    lines = text.split("\n")
    if most is None:
        return IgnoreRules(tuple(_parsed(lines)))
    return IgnoreRules(tuple(islice(_parsed(line for line in lines if not _crowded(line)), most)))


def _parsed(lines: Iterable[str]) -> Iterable[IgnoreRule]:
    for line in lines:
        trimmed = line if line.endswith("\\ ") else line.rstrip()
        folders_only = trimmed.endswith("/")
        try:
            pattern = GitIgnoreSpecPattern(trimmed.removesuffix("/"))
        except GitIgnorePatternError:
            continue
        if pattern.include is not None:
            yield IgnoreRule(pattern, negated=not pattern.include, folders_only=folders_only)
