"""The names that a syntax tree marks as used, with what they are reached through."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from tree_sitter import Node, Query, QueryCursor

from pampax.codeintel.bindings import bound_by
from pampax.codeintel.imports import imported_by
from pampax.codeintel.uses import EXPRESSION, Use, UseKind, Uses

MAX_USES = 20_000  # of a file: generated ones have more
MAX_NAME_BYTES = 200
_BEFORE_BYTES = 160
_STATEMENT_BYTES = 4_000  # of an import; a list of a thousand names has more
_DECLARATION_BYTES = 300

_KINDS: Mapping[str, UseKind] = MappingProxyType({kind.value: kind for kind in UseKind})
# What a use says most stands first: a name that is called is also read.
_RANK: Mapping[UseKind, int] = MappingProxyType({kind: rank for rank, kind in enumerate(UseKind)})
# Before a name, read from right to left: how it is reached, and the path that it is reached through.
_LINK = rb"\s*(?:\.[?!]?|>-|::|\\)\s*"
_BACKWARDS = re.compile(_LINK + rb"((?:\)[^()]{0,60}\()?[\w$]+(?:" + _LINK + rb"[\w$]+)*@*)?")
_LINK_ENDS = frozenset(b".:\\")
_ARROWS = frozenset({"c", "cpp", "php"})  # elsewhere `->` stands before a type
_SPACE = re.compile(rb"\s+")
_ARGUMENTS = re.compile(rb"\([^()]+\)")


def uses_of(query: Query, language: str, root: Node, source: bytes, defined: frozenset[int]) -> Uses:
    """`defined` are the offsets at which a definition's own name begins."""
    captured = QueryCursor(query).captures(root)
    strongest: dict[tuple[int, str, str], UseKind] = {}
    seen: set[int] = set()
    ends = _LINK_ENDS | frozenset(b">") if language in _ARROWS else _LINK_ENDS
    for capture, kind in _KINDS.items():
        for node in captured.get(capture, ())[:MAX_USES]:
            start = node.start_byte
            if start in seen or start in defined or node.end_byte - start > MAX_NAME_BYTES:
                continue
            seen.add(start)
            name = source[start : node.end_byte].decode("utf-8", "replace")
            key = (node.start_point[0] + 1, name, _through(source, start, ends))
            if key not in strongest or _RANK[kind] < _RANK[strongest[key]]:
                strongest[key] = kind
    uses = [Use(name, kind, through, line) for (line, name, through), kind in strongest.items()]
    return Uses(
        tuple(sorted(uses, key=lambda use: (use.line, use.name, use.through))[:MAX_USES]),
        tuple(
            imported
            for text, line in _texts(captured.get("import", ()), source, _STATEMENT_BYTES)
            for imported in imported_by(language, text, line)
        )[:MAX_USES],
        tuple(
            bound
            for text, line in _texts(captured.get("binding", ()), source, _DECLARATION_BYTES)
            for bound in bound_by(language, text, line)
        )[:MAX_USES],
    )


def _through(source: bytes, start: int, ends: frozenset[int]) -> str:
    """What stands before a name that is reached through something; `ends` are the last signs of what may link them."""
    before = source[max(0, start - _BEFORE_BYTES) : start]
    linked = before.rstrip()
    if not linked or linked[-1] not in ends or linked.endswith(b".."):  # what ranges and spreads link are two things
        return ""
    found = _BACKWARDS.match(before[::-1])
    if found is None:
        return ""
    if found[1] is None:
        return EXPRESSION
    return _SPACE.sub(b"", _ARGUMENTS.sub(b"()", found[1][::-1])).decode("utf-8", "replace")


def _texts(nodes: list[Node] | tuple[()], source: bytes, most: int) -> list[tuple[str, int]]:
    """Of each node its text, cut, and its first line; in file order."""
    ordered = sorted((node.start_byte, node.end_byte, node.start_point[0] + 1) for node in nodes)
    return [(source[start : min(end, start + most)].decode("utf-8", "replace"), line) for start, end, line in ordered]
