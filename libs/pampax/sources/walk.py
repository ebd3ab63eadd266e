"""Walk a plain folder, honouring .gitignore files at every level and .git/info/exclude, as git would."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pampax.sources.below import Chain
from pampax.sources.candidate import Candidate
from pampax.sources.ignoring import IGNORED, OwnRules
from pampax.sources.patterns import FolderRules, ignore_rules, ignored_by

# An ignore file above this is not one; reading it would only cost memory.
_IGNORE_FILE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class _Level:
    """A folder that awaits its turn. `rules`: outermost first, each with the folder it belongs to."""

    path: bytes
    rules: tuple[FolderRules, ...]


def walk(chain: Chain, own: OwnRules) -> Iterator[Candidate]:
    """Every entry that is not a folder and that git would not ignore, in no fixed order; unreadable folders too.

    What `own` leaves out is yielded with that reason, a folder as one, and not entered. Links are yielded, never
    followed, so the walk ends. `.git` is neither entered nor yielded.
    """
    pending = [_Level(b"", ())]
    while pending:
        level = pending.pop()
        try:
            entries = entries_of(chain, level.path)
        except FileNotFoundError:
            continue  # removed since its parent was read
        except OSError:
            yield Candidate(level.path, "unreadable")
            continue
        rules = level.rules + rules_of(chain, level.path, entries)
        for name, is_folder in entries:
            path = joined(level.path, name)
            if name == b".git" or (rules and ignored_by(path, rules, is_folder=is_folder)):
                continue
            if own.ignores(path, is_folder=is_folder):
                yield Candidate(path, IGNORED)
            elif is_folder:
                pending.append(_Level(path, rules))
            else:
                yield Candidate(path)


def entries_of(chain: Chain, folder: bytes) -> list[tuple[bytes, bool]]:
    """Names and whether each is a real folder. Raises OSError."""
    descriptor, _ = chain.parent(joined(folder, b"."))
    with os.scandir(descriptor) as scan:
        return [(os.fsencode(entry.name), entry.is_dir(follow_symlinks=False)) for entry in scan]


def rules_of(chain: Chain, folder: bytes, entries: Sequence[tuple[bytes, bool]]) -> tuple[FolderRules, ...]:
    """The rules of the folder that holds these entries, weakest first."""
    names = {name for name, _ in entries}
    found = []
    for entry, file in ((b".git", b".git/info/exclude"), (b".gitignore", b".gitignore")):
        if entry not in names:
            continue
        try:
            content = chain.read(joined(folder, file), _IGNORE_FILE_BYTES)
        except OSError:
            continue  # no such file, or one that git would not read either
        found.append((folder, ignore_rules(content)))
    return tuple(found)


def joined(folder: bytes, name: bytes) -> bytes:
    return folder + b"/" + name if folder else name
