"""Annotated repositories: sources, questions about them, and where the answers are."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from pampax.codeintel.terms import path_terms, query_terms


@dataclass(frozen=True, slots=True)
class Target:
    """An answer: a path below the repository, and its first and last line where only those answer."""

    path: str
    lines: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A question and all equally good answers. `category`: semantic, architecture, symbol, literal or trace."""

    text: str
    language: str
    category: str
    targets: tuple[Target, ...]

    @property
    def blind(self) -> bool:
        """Whether no word of the question is in the name of a file that answers."""
        asked = set(query_terms(self.text))
        return all(asked.isdisjoint(path_terms(PurePosixPath(each.path).name)[0]) for each in self.targets)


@dataclass(frozen=True, slots=True)
class Annotated:
    """`include` and `exclude` are gitignore-style, as a repository has them."""

    name: str
    folder: Path
    queries: tuple[Query, ...]
    include: tuple[str, ...] = field(default=())
    exclude: tuple[str, ...] = field(default=())
