"""Which files change together: counted in the commits before a snapshot's, when it is asked, as links are.

A commit joins its files the more, the fewer they are and the younger it is: that orders what changed together with a
file. What is told of two files is plainer: the share of the commits of the one in which the other changed, too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import NamedTuple

from pampax.core.changes import Change

MAX_HISTORY_BYTES = 64 * 1024 * 1024  # packed, before compression; 200 to 500 KB for 2,000 commits
LEAST_TOGETHER = 2  # once is chance
MOST_BESIDE = 20  # of one file
# By the newest commit's clock, so that the same history always says the same. Of the files that a commit changes, given
# one and 1,800 older commits, 51 % are among the first five with these weights, 49 % with none (the newest 200 commits
# of 30 repositories).
HALF_LIFE_S = 2 * 365 * 86_400
# Commits that are added to those of a file as if it had changed alone there: two of two is no certainty.
UNSEEN = 2


class CoChange(NamedTuple):
    """Another file that changed in `together` of the `of` commits that changed a file; `confidence` lies in 0..1."""

    path: str
    confidence: float
    together: int
    of: int

    @property
    def why(self) -> str:
        return f"changed together in {self.together} of {self.of} commits"


class History:
    """Commits, the newest first. `digest`: of all that is known, since a history that was not read to its end may grow
    under one commit."""

    def __init__(self, commits: tuple[Change, ...] = (), digest: str = "") -> None:
        self.commits = commits
        self.digest = digest
        self._newest = max((each.at for each in commits), default=0)
        self._of: dict[str, list[Change]] = {}
        for each in commits:
            for path in each.paths:
                self._of.setdefault(path, []).append(each)

    def knows(self, path: str) -> bool:
        """Whether a commit that says anything changed it."""
        return path in self._of

    def beside(self, path: str, is_live: Callable[[str], bool] = lambda _path: True) -> tuple[CoChange, ...]:
        """The live files that changed together with one, those that weigh most first, at most MOST_BESIDE."""
        of = len(self._of.get(path, ()))
        found = [
            (weight, CoChange(other, together / (of + UNSEEN), together, of))
            for other, (together, weight) in self._counted(path).items()
            if together >= LEAST_TOGETHER and is_live(other)
        ]
        found.sort(key=lambda each: (-each[0], each[1].path))
        return tuple(each for _, each in found[:MOST_BESIDE])

    def candidates(self, paths: Iterable[str]) -> set[str]:
        """What may stand beside one of them."""
        return {
            other
            for path in paths
            for other, (together, _) in self._counted(path).items()
            if together >= LEAST_TOGETHER
        }

    def _counted(self, path: str) -> dict[str, tuple[int, float]]:
        """Common commits, and what they weigh, by the other file."""
        found: dict[str, tuple[int, float]] = {}
        for each in self._of.get(path, ()):
            weight = 0.5 ** (max(self._newest - each.at, 0) / HALF_LIFE_S) / max(each.files - 1, 1)
            for other in each.paths:
                if other != path:
                    together, sum_ = found.get(other, (0, 0.0))
                    found[other] = together + 1, sum_ + weight
        return found


def pack(commits: Iterable[Change]) -> bytes:
    """As JSON of columns."""
    places: dict[str, int] = {}
    rows = [
        (each.commit, each.at, each.files, [places.setdefault(path, len(places)) for path in each.paths])
        for each in commits
    ]
    return json.dumps([list(places), rows], separators=(",", ":"), ensure_ascii=False).encode()


def unpack(data: bytes) -> tuple[Change, ...]:
    """ValueError when the bytes are none of `pack`."""
    try:
        paths, rows = json.loads(data)
        return tuple(
            Change(commit, at, files, tuple(paths[place] for place in places)) for commit, at, files, places in rows
        )
    except (TypeError, IndexError) as error:
        raise ValueError("this is not the history of a commit") from error
