"""One function, several clauses: Haskell and Elixir repeat its name, and write its type or its defaults before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pampax.codeintel.definitions import Definition

CLAUSE_LANGUAGES = frozenset({"elixir", "haskell"})
_CLAUSES = frozenset({"function", "declaration", "variable"})


def joined_clauses(found: Iterable[Definition]) -> list[Definition]:
    """Definitions in source order, neighbours of one name as one: with the head and the doc of the first. What is
    declared further above gives its head and its doc to where it is defined."""
    joined: dict[int, Definition] = {}
    open_: list[int] = []  # keys of the definitions around the next one
    declared: dict[tuple[int, str], int] = {}  # by what is around it and its name
    for key, definition in enumerate(sorted(found, key=lambda each: (each.first, -each.last))):
        before = None
        while open_ and (joined[open_[-1]].last <= definition.first or _side_by_side(joined[open_[-1]], definition)):
            before = open_.pop()
        around = open_[-1] if open_ else -1
        if before is not None and _is_clause_of(joined[before], definition):
            joined[before] = _with_clause(joined[before], definition)
            open_.append(before)
            continue
        if definition.kind == "declaration":
            declared[around, definition.name] = key
        elif definition.kind in _CLAUSES and (above := declared.pop((around, definition.name), None)) is not None:
            head = joined.pop(above)
            definition = replace(definition, signature=head.signature, doc=definition.doc or head.doc)
        open_.append(key)
        joined[key] = definition
    return list(joined.values())


def _side_by_side(one: Definition, other: Definition) -> bool:
    """Several names of one declaration."""
    return one.kind == other.kind == "declaration" and (one.first, one.last) == (other.first, other.last)


def _is_clause_of(first: Definition, later: Definition) -> bool:
    if first.name != later.name or not {first.kind, later.kind} <= _CLAUSES:
        return False
    return {first.kind, later.kind} != {"variable"}


def _with_clause(first: Definition, later: Definition) -> Definition:
    kind = "function" if "function" in (first.kind, later.kind) else later.kind
    if kind == "variable" and "->" in first.signature:
        kind = "function"  # that names no arguments
    return replace(first, kind=kind, end=max(first.end, later.end), last=later.last)
