"""Definitions of a file before they become symbols and chunk borders, and how they nest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pampax.codeintel.model import MAX_DOC_CHARS, MAX_SIGNATURE_CHARS, Symbol

MAX_NAME_CHARS = 200  # a longer name is a parse gone wrong, and database indexes refuse it
SCOPE = "scope"  # qualifies the names inside (namespace, impl, extension block) and is no symbol itself
REST = "rest"  # a scope whose node ends before what it holds: all that follows it
LOCAL = "local"  # an anonymous function: what it defines inside another definition cannot be named from outside
HIDDEN = "hidden"  # what it defines cannot be named from outside, wherever it stands

_COMMENT_MARK = re.compile(
    r"^\s*(?:/{2,}!?|/\*[*!]?|\*+/|\(\*+|\*+\)|\*|#+!?|--+(?:\[=*\[)?|\{-|;+|%+|=(?:begin|end)\b)?\s?(?:[|^]\s)?"
)
_COMMENT_END = re.compile(r"\s*(?:\*+[/)]|-\}|--\]=*\])\s*$")
_QUOTES = re.compile(r"^~?\w{0,2}(\"\"\"|'''|\"|')|(\"\"\"|'''|\"|')\s*$")
_DOC_STOP = re.compile(
    r"^\s*(?:@\w|\\param|:param|:return|- Parameters?\b|<(?:param|typeparam|returns|remarks|exception|example)\b|Args:"
    r"|Parameters\b:?$|-{3,}$)"
)
# Tags of C# documentation: what they refer to stays, the rest goes.
_REFERENCE_TAG = re.compile(r'<(?:see|seealso|paramref|typeparamref)\s+\w+="(?:[A-Z]:)?([^"<>]*)"\s*/?>')
_TAG = re.compile(r"</?(?:summary|para|see|c|inheritdoc)(?:\s[^<>]*)?/?>")
_OPEN_SPACE = re.compile(r"([(\[]) ")
_CLOSE_SPACE = re.compile(r",? ([)\]])")
_ANNOTATION = re.compile(r"^\s*(?:@\w|#\[)")


@dataclass(frozen=True, slots=True)
class Definition:
    """Rows are 0-based and inclusive; `top` is `start` moved up over leading comments, decorators and attributes."""

    name: str
    kind: str  # a Symbol's kind, SCOPE or LOCAL
    top: int
    start: int
    end: int
    first: int  # offsets in the source that order and nest definitions: first character, one past the last
    last: int
    signature: str = ""
    doc: str = ""
    exported: bool | None = True  # None: as what encloses it
    container: str = ""  # what the definition itself says it belongs to
    qualified_name: str = ""
    parent: int = -1  # index of the enclosing definition in the list that `nested` returns


def nested(found: Iterable[Definition], *, flat: bool = False) -> list[Definition]:
    """Definitions in source order with parents, qualified names and inherited visibility; those that no one outside a
    function can name are dropped, except types. `flat` languages (C) do not qualify by nesting."""
    kept: list[Definition] = []
    open_: list[tuple[Definition, int, bool]] = []  # enclosing definition, its index in kept or its parent's, hides
    for definition in sorted(found, key=lambda each: (each.first, -each.last)):
        while open_ and (open_[-1][0].last <= definition.first or _same_range(open_[-1][0], definition)):
            open_.pop()
        _, parent, hidden = open_[-1] if open_ else (None, -1, False)
        hides = hidden or definition.kind in ("function", HIDDEN) or (definition.kind == LOCAL and parent >= 0)
        if definition.kind in (LOCAL, HIDDEN) or (hidden and definition.kind != "type"):
            open_.append((definition, parent, hides))
            continue
        open_.append((definition, len(kept), hides))
        placed = _placed(definition, kept[parent] if parent >= 0 else None, parent, flat)
        kept.append(replace(placed, exported=False) if hidden else placed)
    return kept


def symbols_of(definitions: Iterable[Definition]) -> tuple[Symbol, ...]:
    return tuple(
        Symbol(
            name=each.name,
            qualified_name=each.qualified_name,
            kind=each.kind,
            start_line=each.start + 1,
            end_line=each.end + 1,
            signature=each.signature,
            doc=each.doc,
            exported=bool(each.exported),
        )
        for each in definitions
        if each.kind != SCOPE
    )


def folded(text: str, limit: int = MAX_SIGNATURE_CHARS) -> str:
    """On one line, whitespace folded, cut to the limit."""
    return " ".join(text[: 8 * limit].split())[:limit].rstrip()


def signature(head: str) -> str:
    """A head as people would write it on one line: without its opening mark and the space that line breaks leave."""
    return _OPEN_SPACE.sub(r"\1", _CLOSE_SPACE.sub(r"\1", folded(head))).rstrip("{;:, ")


def comment_doc(lines: Sequence[str]) -> str:
    """The first paragraph of leading comment lines, without their markers; annotations among them are passed over."""
    return _first_paragraph(_comment_text(line) for line in lines if not _ANNOTATION.match(line))


def docstring_doc(literal: str) -> str:
    return _first_paragraph(_QUOTES.sub("", literal.strip()).splitlines())


def _comment_text(line: str) -> str:
    text = _COMMENT_END.sub("", _COMMENT_MARK.sub("", line, count=1))
    return _TAG.sub("", _REFERENCE_TAG.sub(r"\1", text)) if "<" in text else text


def _first_paragraph(lines: Iterable[str]) -> str:
    paragraph: list[str] = []
    for line in lines:
        text = line.strip()
        if _DOC_STOP.match(text) or (not text and paragraph):
            break
        if text:
            paragraph.append(text)
    return folded(" ".join(paragraph), MAX_DOC_CHARS)


def _same_range(one: Definition, other: Definition) -> bool:
    """Several names of one statement (`int a, b;`) stand side by side."""
    return one.first == other.first and one.last == other.last and not {LOCAL, HIDDEN} & {one.kind, other.kind}


def _placed(definition: Definition, outer: Definition | None, parent: int, flat: bool) -> Definition:
    path = [definition.container, definition.name]
    if outer is not None and not flat:
        path.insert(0, outer.qualified_name)
    visible = definition.exported
    if visible is None:
        visible = bool(outer and outer.exported)
    elif outer is not None and outer.kind != SCOPE:
        visible = visible and bool(outer.exported)
    return replace(definition, qualified_name=".".join(filter(None, path)), exported=visible, parent=parent)
