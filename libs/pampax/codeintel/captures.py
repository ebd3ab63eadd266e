"""What the query of a grammar finds in a syntax tree, sorted by what it is for; nothing here knows a language."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tree_sitter import Node

from pampax.codeintel.definitions import HIDDEN, LOCAL, SCOPE

_KINDS = ("type", "function", SCOPE, "rest", "declaration", "variable")
# Two patterns may name one thing: the better kind wins, then the wider range, then the one that tells more.
_RANK: Mapping[str, int] = MappingProxyType(
    {"type": 0, "function": 0, SCOPE: 1, "rest": 1, "declaration": 2, "variable": 3}
)
_MAX_CHAIN = 64  # declarators in a row; real code has five
_UNNAMED_LINKS = frozenset({"parenthesized_declarator", "reference_declarator", "attributed_declarator"})
_MAX_BEFORE_BYTES = 300  # on a definition's line; minified files have a megabyte there


@dataclass(frozen=True, slots=True)
class Named:
    """A definition's nodes; what one pattern did not capture is None."""

    kind: str
    node: Node
    name: Node
    container: Node | None = None
    body: Node | None = None
    head: Node | None = None  # the last of what stands before the body

    @property
    def preference(self) -> tuple[int, int, int]:
        untold = (self.container, self.body, self.head).count(None)
        return _RANK[self.kind], self.node.start_byte - self.node.end_byte, untold


@dataclass(slots=True)
class Captures:
    """What one pass over the query's matches collects; the keys are byte offsets or rows where nothing else is said."""

    named: dict[int, Named] = field(default_factory=dict)  # by start of the name
    closed: list[tuple[str, Node]] = field(default_factory=list)  # LOCAL or HIDDEN, and the node
    comments: dict[int, int] = field(default_factory=dict)  # start byte -> end byte
    lead_starts: dict[int, int] = field(default_factory=dict)  # start byte -> end byte, attributes too
    lead_rows: dict[int, int] = field(default_factory=dict)  # last row -> first row
    attribute_rows: set[int] = field(default_factory=set)
    docs: dict[int, Node] = field(default_factory=dict)  # start of the literal or of the body that it opens -> node
    lead_docs: dict[int, Node] = field(default_factory=dict)  # row of an attribute that holds a doc -> node
    sections: dict[int, list[tuple[int, bool]]] = field(default_factory=dict)  # parent's id -> (start, public)

    def in_private_section(self, node: Node) -> bool:
        """Whether a bare `private` stands before the node in the same body, and no `public` after that."""
        parent = node.parent if self.sections else None
        sections = self.sections.get(parent.id, []) if parent is not None else []
        before = bisect_right(sections, (node.start_byte, True))
        return before > 0 and not sections[before - 1][1]


def collect(matches: list[tuple[int, dict[str, list[Node]]]], source: bytes) -> Captures:
    found = Captures()
    for _, captures in matches:
        if "lead" in captures or "attribute" in captures:
            _add_lead(found, captures, source)
        elif LOCAL in captures or HIDDEN in captures:
            found.closed.extend((kind, nodes[0]) for kind, nodes in captures.items())
        elif "private" in captures or "public" in captures:
            _add_section(found, captures)
        elif "doc" in captures:
            literal = captures["doc"][0]
            found.docs.setdefault(captures.get("body", [literal])[0].start_byte, literal)
        else:
            _add_named(found, captures)
    for section in found.sections.values():
        section.sort()
    return found


def before_on_line(source: bytes, at: int) -> bytes | None:
    """What stands before the offset on its line, or None when that is very long."""
    line_start = source.rfind(b"\n", max(0, at - _MAX_BEFORE_BYTES), at) + 1
    return source[line_start:at] if line_start or at < _MAX_BEFORE_BYTES else None


def _add_lead(found: Captures, captures: Mapping[str, list[Node]], source: bytes) -> None:
    is_comment = "lead" in captures
    node = captures["lead" if is_comment else "attribute"][0]
    start, end = node.start_byte, node.end_byte
    found.lead_starts[start] = end
    if is_comment:
        found.comments[start] = end
    before = before_on_line(source, start)
    if before is None or before.strip():
        return  # behind code on the same line
    first, last = node.start_point[0], node.end_point[0] - (node.end_point[1] == 0)
    found.lead_rows[last] = min(first, found.lead_rows.get(last, last))
    if not is_comment:
        found.attribute_rows.update(range(first, last + 1))
    if "doc" in captures:
        found.lead_docs[first] = captures["doc"][0]


def _add_section(found: Captures, captures: Mapping[str, list[Node]]) -> None:
    public = "public" in captures
    node = captures["public" if public else "private"][0]
    if node.parent is not None:
        found.sections.setdefault(node.parent.id, []).append((node.start_byte, public))


def _add_named(found: Captures, captures: Mapping[str, list[Node]]) -> None:
    kind = next((kind for kind in _KINDS if kind in captures), None)
    if kind is None:
        return
    others = [captures.get(role, [None])[0] for role in ("container", "body", "head")]
    for name in captures["name"] if "name" in captures else [_declared(captures["declarator"][0])]:
        named = Named(kind, captures[kind][0], name, *others)
        known = found.named.get(name.start_byte)
        if known is None or named.preference < known.preference:
            found.named[name.start_byte] = named


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
