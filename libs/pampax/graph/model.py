"""Definitions, files and links as the graph sees them. Lines are 1-based and inclusive."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pampax.codeintel.uses import Uses
from pampax.graph.history import CoChange
from pampax.graph.modules import Modules
from pampax.graph.recorded import Recorded

TYPE, FUNCTION, VARIABLE = "type", "function", "variable"
# Languages whose code may use each other's definitions.
_FAMILIES = (
    frozenset({"javascript", "typescript", "tsx"}),
    frozenset({"c", "cpp"}),
    frozenset({"java", "kotlin", "scala", "groovy"}),
)


@dataclass(frozen=True, slots=True)
class Definition:
    """A symbol and the file that holds it."""

    path: str
    language: str
    name: str
    qualified_name: str
    kind: str
    start_line: int
    end_line: int
    signature: str
    exported: bool
    repository: str = ""

    @property
    def holder(self) -> str:
        """What the definition belongs to, "" at the top of a file."""
        return self.qualified_name.rpartition(".")[0]

    @property
    def order(self) -> tuple[str, str, int, int, str]:
        return self.repository, self.path, self.start_line, self.end_line, self.qualified_name


@dataclass(frozen=True, slots=True, eq=False)
class SourceFile:
    """A live file with what its code defines, in order, and uses; `recorded` is what a SCIP index says of just this
    text, if there is one."""

    path: str
    language: str
    lines: int
    uses: Uses
    definitions: tuple[Definition, ...]
    recorded: Recorded | None = None
    repository: str = ""

    def around(self, line: int) -> list[Definition]:
        """The definitions that hold the line, the outermost first."""
        held = [each for each in self.definitions if each.start_line <= line <= each.end_line]
        return sorted(held, key=lambda each: (each.start_line, -each.end_line))


class Certainty(StrEnum):
    """How a link is known: by scopes, imports and declared types, or because hardly anything else has that name."""

    PRECISE = "precise"
    INFERRED = "inferred"


@dataclass(frozen=True, slots=True)
class Link:
    """A definition that a use means. `confidence` lies in 0..1; `why` says it in words."""

    definition: Definition
    certainty: Certainty
    confidence: float
    why: str


class Shelf(Protocol):
    """What linking reads of one snapshot. Only what is live there."""

    @property
    def modules(self) -> Modules: ...

    async def files(self, paths: Collection[str]) -> Iterable[SourceFile]:
        """Those of the paths that exist."""
        ...

    async def definitions(self, names: Collection[str]) -> Iterable[Definition]:
        """All definitions of these names, as they are written; a bounded number of each name."""
        ...


class Mentions(Shelf, Protocol):
    """A shelf that knows where names stand, and what changes together."""

    async def co_changes(self, path: str) -> Sequence[CoChange]:
        """The live files that changed together with one."""
        ...

    async def mentioning(self, name: str, most: int) -> tuple[list[str], bool]:
        """At most so many files whose text holds the name, and whether there are more."""
        ...


_TEST = re.compile(r"(?:^|[/_.-])(?:tests?|specs?|testing|__tests__)(?:[/_.-]|$)|(?:Test|Tests|Spec)\.\w+$")


def is_test_path(path: str) -> bool:
    """Whether a file tests others, by its name."""
    return _TEST.search(path) is not None


def without_overloads(definitions: Iterable[Definition]) -> list[Definition]:
    """In order. Of those with one name in one place, which a call cannot tell apart, the longest stands for all."""
    best: dict[tuple[str, str], Definition] = {}
    for each in sorted(definitions, key=lambda each: each.order):
        known = best.get((each.path, each.qualified_name))
        if known is None or _length(each) > _length(known):
            best[each.path, each.qualified_name] = each
    return sorted(best.values(), key=lambda each: each.order)


def _length(each: Definition) -> tuple[bool, int]:
    """A declaration says less than whatever else has the name."""
    return each.kind != "declaration", each.end_line - each.start_line


def related(language: str, other: str) -> bool:
    return language == other or any({language, other} <= family for family in _FAMILIES)
