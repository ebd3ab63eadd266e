"""Definitions and uses of a file by its syntax tree. Errors in the source leave gaps, never an exception."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from tree_sitter import Node, Parser, QueryCursor

from pampax.codeintel.captures import Captures, Named, before_on_line, collect
from pampax.codeintel.definitions import (
    MAX_NAME_CHARS,
    REST,
    SCOPE,
    Definition,
    comment_doc,
    docstring_doc,
    signature,
)
from pampax.codeintel.grammars import Grammar
from pampax.codeintel.heads import without_body, without_opening
from pampax.codeintel.names import (
    C_LANGUAGES,
    container_name,
    is_c_noise,
    is_import,
    name_path,
    without_macros,
)
from pampax.codeintel.used_names import uses_of
from pampax.codeintel.uses import Uses
from pampax.codeintel.visibility import Exports, exports_of, is_exported

_MAX_LEADS = 200  # separate leading comments of one definition
_VALUE_FIELDS = ("value", "right")
_MODIFIERS = re.compile(rb"[^;{}()=,\n]*\Z")  # `export const`, `static final` and the like stand outside some nodes
_HEAD_BYTES = 2400  # looked at for a signature or a docstring's first paragraph
_SECTIONED = frozenset({"method"})  # what a bare `private` above makes private (Ruby: no constant, no `def self.x`)
_DOCUMENTED_BELOW = frozenset({"ocaml"})  # where nothing above does


@dataclass(frozen=True, slots=True)
class Syntax:
    found: list[Definition]
    uses: Uses
    has_errors: bool
    lost: list[range]  # rows of errors outside of all structure: what encloses the definitions there is missing


def read_syntax(grammar: Grammar, language: str, source: bytes, lines: Sequence[str]) -> Syntax:
    """Every definition in the tree, in no order and not yet nested, and what the code uses. `lines` are the source's,
    split at newlines."""
    root = Parser(grammar.language).parse(source).root_node
    found = collect(QueryCursor(grammar.definitions).matches(root), source)
    reader = _Reader(language, source, lines, found, exports_of(language, source))
    definitions = [reader.definition(named) for named in found.named.values()]
    definitions += [_closed(kind, node) for kind, node in found.closed]
    outer = [root] if root.is_error else (root.children if root.has_error else [])
    lost = [range(each.start_point[0], each.end_point[0] + 1) for each in outer if each.is_error]
    uses = uses_of(grammar.uses, language, root, source, frozenset(found.named))
    return Syntax([each for each in definitions if each is not None], uses, root.has_error, lost)


def _closed(kind: str, node: Node) -> Definition:
    start, end = node.start_point[0], node.end_point[0]
    return Definition("", kind, start, start, end, node.start_byte, node.end_byte)


class _Reader:
    """Turns captured nodes into definitions of one file."""

    def __init__(self, language: str, source: bytes, lines: Sequence[str], found: Captures, exports: Exports) -> None:
        self._language = language
        self._source = source
        self._lines = lines
        self._found = found
        self._exports = exports
        self._comments = sorted(found.comments)
        below = found.lead_rows.items() if language in _DOCUMENTED_BELOW else ()
        self._rows_below = {first: last for last, first in below}
        self._ends = _ends([each.node for each in found.named.values() if each.kind == REST])

    def definition(self, named: Named) -> Definition | None:
        node = named.node
        kind, container, name = self._named(named)
        if kind != SCOPE and (not 0 < len(name) <= MAX_NAME_CHARS or self._is_noise(kind, name, node)):
            return None
        first = self._past_leads(node.start_byte)
        last = self._ends.get(node.end_byte, node.end_byte) if named.kind == REST else node.end_byte
        start = node.start_point[0] + self._source.count(b"\n", node.start_byte, first)
        end = node.end_point[0] - (node.end_point[1] == 0) + self._source.count(b"\n", node.end_byte, last)
        top = self._top(node)
        body = named.body or _body(node)
        first -= len(self._modifiers(first))
        return Definition(
            name=name,
            kind=kind,
            top=top,
            start=start,
            end=max(start, end),
            first=node.start_byte,
            last=last,
            signature=self._head(kind, first, named, body),
            doc=self._doc(top, start, body) or self._doc_below(end),
            exported=self._is_exported(kind, name, first, named),
            container=container,
        )

    def _named(self, named: Named) -> tuple[str, str, str]:
        """(kind, container, name); an empty name is no definition."""
        *path, name = name_path(self._language, named.name.type, self._text(named.name, 4 * MAX_NAME_CHARS))
        container = ".".join(path)
        if named.container is not None:
            container = container_name(self._language, self._text(named.container, MAX_NAME_CHARS))
        if self._language in C_LANGUAGES and named.kind == "function":
            node = named.node
            untyped = node.type == "function_definition" and node.child_by_field_name("type") is None
            return without_macros(container, name, self._text(node) if untyped else "")
        return SCOPE if named.kind == REST else named.kind, container, name

    def _is_noise(self, kind: str, name: str, node: Node) -> bool:
        if self._language in C_LANGUAGES:
            return is_c_noise(
                kind, name, self._text(node), macro=node.type.startswith("preproc"), broken=node.has_error
            )
        return kind == "variable" and is_import(self._language, self._text(node))

    def _is_exported(self, kind: str, name: str, first: int, named: Named) -> bool | None:
        if named.node.type in _SECTIONED and self._found.in_private_section(named.node):
            return False
        before = self._decoded(first, min(named.name.start_byte, first + _HEAD_BYTES))
        return is_exported(self._language, kind, name, before, self._exports)

    def _past_leads(self, at: int) -> int:
        """The offset after annotations that the grammar counts as part of the definition."""
        for _ in range(_MAX_LEADS):
            end = self._found.lead_starts.get(at)
            if end is None:
                break
            space = self._source[end : end + _HEAD_BYTES]
            at = end + len(space) - len(space.lstrip())
        return at

    def _top(self, node: Node) -> int:
        row = node.start_point[0]
        if not _MODIFIERS.fullmatch(before_on_line(self._source, node.start_byte) or b""):
            return row  # behind something else, to which the comments above belong
        for _ in range(_MAX_LEADS):
            above = self._found.lead_rows.get(row - 1)
            if above is None:
                break
            row = above
        return row

    def _modifiers(self, first: int) -> bytes:
        """The words before a definition on its line that its node leaves out."""
        found = _MODIFIERS.search(before_on_line(self._source, first) or b"")
        return found[0] if found else b""

    def _head(self, kind: str, first: int, named: Named, body: Node | None) -> str:
        if named.head is not None:
            return signature(self._uncommented(first, named.head.end_byte))
        if body is not None and body.start_byte > first:
            return signature(without_opening(self._uncommented(first, body.start_byte)))
        return signature(without_body(self._language, kind, self._uncommented(first, named.node.end_byte)))

    def _doc(self, top: int, start: int, body: Node | None) -> str:
        literal = self._found.docs.get(body.start_byte) if body is not None else None
        if literal is None and self._found.lead_docs:
            literal = next(filter(None, map(self._found.lead_docs.get, range(top, start))), None)
        if literal is not None:
            return docstring_doc(self._text(literal))
        comments = [self._lines[row] for row in range(top, start) if row not in self._found.attribute_rows]
        return comment_doc(comments) if comments else ""

    def _doc_below(self, end: int) -> str:
        """What a comment right below says, with a blank line behind it: there it belongs to nothing else."""
        last = self._rows_below.get(end + 1)
        if last is None or (last + 1 < len(self._lines) and self._lines[last + 1].strip()):
            return ""
        return comment_doc(self._lines[end + 1 : last + 1])

    def _uncommented(self, start: int, end: int) -> str:
        """What stands between the offsets, up to a bound, without the comments in it."""
        end = min(end, start + _HEAD_BYTES)
        parts = []
        for number in range(bisect_left(self._comments, start), len(self._comments)):
            at = self._comments[number]
            if at >= end:
                break
            parts.append(self._decoded(start, at))
            start = self._found.comments[at]
        return " ".join([*parts, self._decoded(start, end)])

    def _text(self, node: Node, limit: int = _HEAD_BYTES) -> str:
        return self._decoded(node.start_byte, min(node.end_byte, node.start_byte + limit))

    def _decoded(self, start: int, end: int) -> str:
        return self._source[start:end].decode("utf-8", "replace")


def _ends(nodes: Sequence[Node]) -> dict[int, int]:
    """By where its node ends, where the scope ends that holds what follows it: at the next one, or with what encloses
    them."""
    ends: dict[int, int] = {}
    following: dict[int, int] = {}  # parent's id -> start of the one after
    for node in sorted(nodes, key=lambda each: -each.start_byte):
        parent = node.parent
        if parent is not None:
            ends[node.end_byte] = following.get(parent.id, parent.end_byte)
            following[parent.id] = node.start_byte
    return ends


def _body(node: Node) -> Node | None:
    """The block of a definition, also where it stands in the value of a variable or inside a template."""
    for _ in range(4):
        body = node.child_by_field_name("body")
        if body is not None:
            return body
        last = node.named_child(node.named_child_count - 1) if node.named_child_count else None
        if last is not None and last.type.endswith("_body"):
            return last
        inner = next((each for name in _VALUE_FIELDS if (each := node.child_by_field_name(name))), None)
        if inner is None and node.type == "template_declaration":
            inner = last
        if inner is None:
            return None
        node = inner
    return None
