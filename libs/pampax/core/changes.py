"""What a commit changed, as far as it tells which files belong together."""

from __future__ import annotations

from dataclasses import dataclass

# Of a commit that says anything: with more files changed, it is a move, a formatter or a licence that joins them.
MOST_FILES = 30


@dataclass(frozen=True, slots=True)
class Change:
    """A commit with one parent. `at`: when it was committed, in seconds since 1970; `files`: how many it changed, in
    the whole repository. `paths` are those of them that the indexed folder holds, relative to it, as far as they are
    text; none for a commit of more than MOST_FILES."""

    commit: str
    at: int
    files: int
    paths: tuple[str, ...]
