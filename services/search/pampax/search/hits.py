"""What the search of one snapshot finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pampax.search.directory import Directory
from pampax.search.evidence import Evidence
from pampax.search.filters import Allowed
from pampax.search.postgres import Passage
from pampax.search.why_not import WhyNot
from pampax.storage.snapshots import Snapshot


@dataclass(frozen=True, slots=True, eq=False)
class Hit:
    """A chunk under the first of its paths that the request allows. `place` orders those of one repository that have
    the same score; `evidence` is made where it is shown. `matched_lines`: where a pattern matches in it, 1-based.
    `passage` is its text where that was read already."""

    snapshot: Snapshot
    path: str
    other_paths: tuple[str, ...]
    ordinal: int
    score: float
    place: int
    evidence: Callable[[], tuple[Evidence, ...]]
    matched_lines: tuple[int, ...] = ()
    passage: Passage | None = None

    @property
    def order(self) -> tuple[float, str, int]:
        """Sorts the hits of several repositories; scores are rounded already."""
        return -self.score, self.snapshot.repository, self.place


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """`hits` are best first; `degraded` names the parts that failed, `pending` those that are still to come, and
    `notice` tells a person what is missing. `reranker`: the model that had its say."""

    snapshot: Snapshot
    hits: tuple[Hit, ...]
    degraded: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    notice: str = ""
    why_not: WhyNot | None = None
    reranker: str = ""


def paths_of(directory: Directory, allowed: Allowed, document: int) -> tuple[str, tuple[str, ...]]:
    """The first path that is allowed, and all others of the same content."""
    first = allowed.paths(directory, document)[0]
    others = tuple(directory.files[file].path for file in directory.files_of[document] if file != first)
    return directory.files[first].path, others
