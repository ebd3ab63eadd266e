"""Walk a plain folder, honouring .gitignore files at every level and .git/info/exclude, as git would."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from pampax.sources.below import opened_parent, read_below
from pampax.sources.patterns import IgnoreRules, ignore_rules

# An ignore file above this is not one; reading it would only cost memory.
_IGNORE_FILE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """A path that the source may hold, relative, in bytes as on disk. `reason` is set when it is known to be left out.

    `mode` is the file mode recorded by git where the disk cannot tell (core.fileMode is off), else 0.
    """

    path: bytes
    reason: str = ""
    mode: int = 0


@dataclass(frozen=True, slots=True)
class _Level:
    """A folder that awaits its turn. `rules`: outermost first, each with the folder it belongs to."""

    path: bytes
    rules: tuple[tuple[bytes, IgnoreRules], ...]


def walk(root_fd: int) -> Iterator[Candidate]:
    """Every entry that is not a folder and not ignored, in no fixed order; unreadable folders too.

    Links are yielded, never followed, so the walk ends. `.git` is neither entered nor yielded.
    """
    pending = [_Level(b"", ())]
    while pending:
        level = pending.pop()
        try:
            entries = _entries(root_fd, level.path)
        except FileNotFoundError:
            continue  # removed since its parent was read
        except OSError:
            yield Candidate(level.path, "unreadable")
            continue
        rules = level.rules + _rules_of(root_fd, level.path)
        for name, is_folder in entries:
            path = _joined(level.path, name)
            if name == b".git" or _ignored(path, rules, is_folder=is_folder):
                continue
            if is_folder:
                pending.append(_Level(path, rules))
            else:
                yield Candidate(path)


def _entries(root_fd: int, folder: bytes) -> list[tuple[bytes, bool]]:
    """Names and whether each is a real folder."""
    with opened_parent(root_fd, _joined(folder, b".")) as (descriptor, _), os.scandir(descriptor) as scan:
        return [(os.fsencode(entry.name), entry.is_dir(follow_symlinks=False)) for entry in scan]


def _rules_of(root_fd: int, folder: bytes) -> tuple[tuple[bytes, IgnoreRules], ...]:
    """The folder's own rules, weakest first."""
    found = []
    for name in (b".git/info/exclude", b".gitignore"):
        try:
            content = read_below(root_fd, _joined(folder, name), _IGNORE_FILE_BYTES)
        except OSError:
            continue  # no such file, or one that git would not read either
        found.append((folder, ignore_rules(content)))
    return tuple(found)


def _ignored(path: bytes, rules: tuple[tuple[bytes, IgnoreRules], ...], *, is_folder: bool) -> bool:
    for folder, own in reversed(rules):
        relative = path[len(folder) + 1 :] if folder else path
        verdict = own.verdict(relative.decode("utf-8", "surrogateescape"), is_folder=is_folder)
        if verdict is not None:
            return verdict
    return False


def _joined(folder: bytes, name: bytes) -> bytes:
    return folder + b"/" + name if folder else name
