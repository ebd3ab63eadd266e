"""Definitions of a file by its syntax tree. Errors in the source leave gaps, never an exception."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from tree_sitter import Node, Parser, QueryCursor

from pampax.codeintel.definitions import (
    LOCAL,
    MAX_NAME_CHARS,
    SCOPE,
    Definition,
    comment_doc,
    docstring_doc,
    signature,
)
from pampax.codeintel.grammars import Grammar
from pampax.codeintel.names import (
    C_LANGUAGES,
    SCRIPT_LANGUAGES,
    container_name,
    is_c_noise,
    is_import,
    name_path,
    without_macros,
)
from pampax.codeintel.visibility import exported_names, is_exported

# Two patterns may name one thing: the better kind wins, then the wider range.
_RANK: Mapping[str, int] = MappingProxyType({"type": 0, "function": 0, SCOPE: 1, "declaration": 2, "variable": 3})
_MAX_CHAIN = 64  # declarators in a row; real code has five
_MAX_LEADS = 200  # separate leading comments of one definition
_UNNAMED_LINKS = frozenset({"parenthesized_declarator", "reference_declarator", "attributed_declarator"})
_VALUE_FIELDS = ("value", "right")
_MODIFIERS = re.compile(rb"[^;{}()=,\n]*\Z")  # `export const`, `static final` and the like stand outside some nodes
_HEAD_BYTES = 2400  # looked at for a signature or a docstring's first paragraph
_MAX_BEFORE_BYTES = 300  # on a definition's line; minified files have a megabyte there


@dataclass(slots=True)
class _Found:
    """What one pass over the query's matches collects; the keys are byte offsets or rows."""

    named: dict[int, tuple[str, Node, Node, Node | None]] = field(default_factory=dict)
    locals: list[Node] = field(default_factory=list)
    lead_starts: dict[int, int] = field(default_factory=dict)  # start byte -> end byte
    lead_rows: dict[int, int] = field(default_factory=dict)  # last row -> first row
    docs: dict[int, Node] = field(default_factory=dict)  # start byte -> node


@dataclass(frozen=True, slots=True)
class SyntaxDefinitions:
    found: list[Definition]
    has_errors: bool


def syntax_definitions(grammar: Grammar, language: str, source: bytes, lines: Sequence[str]) -> SyntaxDefinitions:
    """Every definition in the tree, in no order and not yet nested. `lines` are the source's, split at newlines."""
    root = Parser(grammar.language).parse(source).root_node
    found = _collect(QueryCursor(grammar.definitions).matches(root), source)
    reader = _Reader(language, source, lines, found, exported_names(language, source))
    definitions = [reader.definition(*named) for named in found.named.values()]
    definitions += [_local(node) for node in found.locals]
    return SyntaxDefinitions([each for each in definitions if each is not None], root.has_error)


def _collect(matches: list[tuple[int, dict[str, list[Node]]]], source: bytes) -> _Found:
    found = _Found()
    for _, captures in matches:
        if "lead" in captures:
            _add_lead(found, captures["lead"][0], source)
        elif "local" in captures:
            found.locals.append(captures["local"][0])
        elif "doc" in captures:
            found.docs[captures["doc"][0].start_byte] = captures["doc"][0]
        else:
            _add_named(found, captures)
    return found


def _add_lead(found: _Found, node: Node, source: bytes) -> None:
    start, end = node.start_byte, node.end_byte
    found.lead_starts[start] = end
    before = _before_on_line(source, start)
    if before is None or before.strip():
        return  # behind code on the same line
    last = node.end_point[0] - (node.end_point[1] == 0)
    found.lead_rows[last] = min(node.start_point[0], found.lead_rows.get(last, last))


def _before_on_line(source: bytes, at: int) -> bytes | None:
    """What stands before the offset on its line, or None when that is very long."""
    line_start = source.rfind(b"\n", max(0, at - _MAX_BEFORE_BYTES), at) + 1
    return source[line_start:at] if line_start or at < _MAX_BEFORE_BYTES else None


def _add_named(found: _Found, captures: Mapping[str, list[Node]]) -> None:
    kind = next((kind for kind in _RANK if kind in captures), None)
    if kind is None:
        return
    node = captures[kind][0]
    container = captures.get("container", [None])[0]
    for name in captures["name"] if "name" in captures else [_declared(captures["declarator"][0])]:
        known = found.named.get(name.start_byte)
        if known is None or _preference(kind, node) < _preference(known[0], known[1]):
            found.named[name.start_byte] = (kind, node, name, container)


def _preference(kind: str, node: Node) -> tuple[int, int]:
    return _RANK[kind], node.start_byte - node.end_byte


def _declared(declarator: Node) -> Node:
    """The name at the end of a chain of C declarators: `*(*name[3])(int)`."""
    for _ in range(_MAX_CHAIN):
        if declarator.type == "operator_cast":
            break
        inner = declarator.child_by_field_name("declarator")
        if inner is None and declarator.type in _UNNAMED_LINKS and declarator.named_child_count:
            inner = declarator.named_child(declarator.named_child_count - 1)
        if inner is None:
            break
        declarator = inner
    return declarator


def _local(node: Node) -> Definition:
    start, end = node.start_point[0], node.end_point[0]
    return Definition("", LOCAL, start, start, end, node.start_byte, node.end_byte)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns captured nodes into definitions of one file."""

    language: str
    source: bytes
    lines: Sequence[str]
    found: _Found
    exported: frozenset[str]

    def definition(self, kind: str, node: Node, name_node: Node, container_node: Node | None) -> Definition | None:
        *path, name = name_path(self.language, name_node.type, self._text(name_node, 4 * MAX_NAME_CHARS))
        container = ".".join(path)
        if container_node is not None:
            container = container_name(self.language, self._text(container_node, MAX_NAME_CHARS))
        if self.language in C_LANGUAGES and kind == "function":
            untyped = node.type == "function_definition" and node.child_by_field_name("type") is None
            kind, container, name = without_macros(container, name, self._text(node) if untyped else "")
        if kind != SCOPE and (not 0 < len(name) <= MAX_NAME_CHARS or self._is_noise(kind, name, node)):
            return None
        first = self._past_leads(node.start_byte)
        start = node.start_point[0] + self.source.count(b"\n", node.start_byte, first)
        end = max(start, node.end_point[0] - (node.end_point[1] == 0))
        top = self._top(node)
        body = _body(node)
        head = self._head(kind, first, node, body)
        return Definition(
            name=name,
            kind=kind,
            top=top,
            start=start,
            end=end,
            first=node.start_byte,
            last=node.end_byte,
            signature=head,
            doc=self._doc(top, start, body),
            exported=name in self.exported or is_exported(self.language, kind, name, head[: head.find(name)]),
            container=container,
        )

    def _is_noise(self, kind: str, name: str, node: Node) -> bool:
        if self.language in C_LANGUAGES:
            return is_c_noise(
                kind, name, self._text(node), macro=node.type.startswith("preproc"), broken=node.has_error
            )
        return kind == "variable" and self.language in SCRIPT_LANGUAGES and is_import(self._text(node))

    def _past_leads(self, at: int) -> int:
        """The offset after annotations that the grammar counts as part of the definition."""
        for _ in range(_MAX_LEADS):
            end = self.found.lead_starts.get(at)
            if end is None:
                break
            space = self.source[end : end + _HEAD_BYTES]
            at = end + len(space) - len(space.lstrip())
        return at

    def _top(self, node: Node) -> int:
        row = node.start_point[0]
        if not _MODIFIERS.fullmatch(_before_on_line(self.source, node.start_byte) or b""):
            return row  # behind something else, to which the comments above belong
        for _ in range(_MAX_LEADS):
            above = self.found.lead_rows.get(row - 1)
            if above is None:
                break
            row = above
        return row

    def _head(self, kind: str, first: int, node: Node, body: Node | None) -> str:
        modifiers = _MODIFIERS.search(_before_on_line(self.source, first) or b"")
        first -= len(modifiers[0]) if modifiers else 0
        end = body.start_byte if body is not None and body.start_byte > first else node.end_byte
        text = self._decoded(first, min(end, first + _HEAD_BYTES))
        if body is None and kind in ("type", "variable"):
            line = text.partition("\n")[0]
            text = line if "=" in line else text.partition("{")[0]
        elif body is None and self.language in SCRIPT_LANGUAGES and "=>" in text:
            text = text[: text.index("=>") + 2]
        return signature(text)

    def _doc(self, top: int, start: int, body: Node | None) -> str:
        literal = self.found.docs.get(body.start_byte) if body is not None else None
        if literal is not None:
            return docstring_doc(self._text(literal))
        return comment_doc(self.lines[top:start]) if top < start else ""

    def _text(self, node: Node, limit: int = _HEAD_BYTES) -> str:
        return self._decoded(node.start_byte, min(node.end_byte, node.start_byte + limit))

    def _decoded(self, start: int, end: int) -> str:
        return self.source[start:end].decode("utf-8", "replace")


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
