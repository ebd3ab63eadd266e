"""Questions about the graph, with their bounds."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pampax.core.errors import InvalidRequest
from pampax.graph.walking import Direction, Relation
from pampax.search.request import check_names

MAX_DEPTH = 8
MAX_NODES, DEFAULT_NODES = 1_000, 100
MAX_SYMBOLS, DEFAULT_SYMBOLS = 200, 50
MAX_TEXT_CHARS = 1_000

_PLACE = re.compile(r"(?P<path>[^#]*[./][^#]*?)(?::(?P<line>\d{1,9})|#(?P<name>.+))?")


@dataclass(frozen=True, slots=True)
class Start:
    """Where a traversal begins or ends: a name, or a path with a line or a name."""

    text: str
    path: str = ""
    line: int | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Traversal:
    """`repositories` are names without prefix; None asks every readable one."""

    start: Start
    repositories: tuple[str, ...] | None
    ref: str | None
    direction: Direction
    relations: frozenset[Relation]
    depth: int
    most: int
    end: Start | None


@dataclass(frozen=True, slots=True)
class NameQuestion:
    name: str
    repositories: tuple[str, ...] | None
    ref: str | None
    most: int


def read_start(text: str, field: str) -> Start:
    """InvalidRequest for one that is empty, too long or holds what no name and no path holds."""
    text = text.strip()
    if not text or len(text) > MAX_TEXT_CHARS or "\0" in text:
        raise refused(field, f"must be a name, PATH, PATH:LINE or PATH#NAME of 1 to {MAX_TEXT_CHARS} characters")
    place = _PLACE.fullmatch(text) if "/" in text or "#" in text or re.search(r":\d+$", text) else None
    if place is None:
        return Start(text, name=text)
    path = re.sub(r"^(?:\./)+", "", place["path"])
    return Start(text, path=path, line=int(place["line"]) if place["line"] else None, name=place["name"] or "")


def check_bounds(traversal: Traversal) -> None:
    check_names(traversal.repositories or (), traversal.ref)
    if not 1 <= traversal.depth <= MAX_DEPTH:
        raise refused("depth", f"must be from 1 to {MAX_DEPTH}")
    if not 1 <= traversal.most <= MAX_NODES:
        raise refused("max_nodes", f"must be from 1 to {MAX_NODES}")


def refused(field: str, mistake: str) -> InvalidRequest:
    return InvalidRequest(f"{field} {mistake}", fields={field: mistake})
