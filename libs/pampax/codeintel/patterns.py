"""Definitions found by regular expressions: for languages without a grammar and for C and C++ where macros break it.

A definition is taken to end at the last line that is indented deeper than its first, or at the closing line after it,
which holds for the block languages that people format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from pampax.codeintel.definitions import MAX_NAME_CHARS, Definition, comment_doc, signature

_MAX_LINE_CHARS = 300  # longer lines are data, and patterns would crawl over them
_MAX_COMMENT_LINES = 60
_MAX_HEAD_LINES = 20

_MODIFIERS = (
    r"(?:(?:public|private|protected|internal|open|final|sealed|abstract|static|async|override|export|default|partial"
    r"|inline|suspend|data|virtual|extern|pub|local|case|implicit|lazy|unsafe|readonly|fileprivate|mutating|indirect"
    r"|annotation|inner|companion|value|operator|infix|tailrec|actual|expect|fun(?=\s+interface)|@\w+(?:\([^()]*\))?)\s+)*"
)
_KEYWORDS: Mapping[str, str] = MappingProxyType(
    {
        "type": r"class|interface|struct|enum|trait|protocol|record|object|module|defmodule|defprotocol|namespace|actor"
        r"|union|type|extension|newtype|message|service|contract|library"
        r"|create\s+(?:or\s+replace\s+)?(?:table|view|type)",
        "function": r"def|defp|defmacro|fn|fun|func|function|sub|proc|procedure|rpc|macro|modifier|task"
        r"|create\s+(?:or\s+replace\s+)?(?:function|procedure)",
    }
)
_DEFINITION = re.compile(
    rf"^(?P<indent>[ \t]*){_MODIFIERS}(?:(?P<type>{_KEYWORDS['type']})|(?P<function>{_KEYWORDS['function']}))"
    r"(?:\s+(?:class|record|struct|if\s+not\s+exists))?\s+"
    r"(?:\([^()]*\)\s*)?(?:<[^()=]*>\s+)?(?:[^\W\d]\w*(?:<[^()=]*>\??|\?)\.)?"  # Kotlin: <T> List<T>.name
    r"(?P<name>(?:self\.)?[^\W\d]\w*(?:(?:::|[.:])\w+)*[?!]?)\s*(?![\w\s]*[=;,]\s*$)",
    re.IGNORECASE,
)
# Methods of C#, Java-like languages without a keyword: modifiers, a result type, a name, parameters.
_TYPED_METHOD = re.compile(
    r"^(?P<indent>[ \t]+)"
    r"(?:(?:public|private|protected|internal|static|async|override|virtual|abstract|sealed|final)\s+)+"
    r"[\w<>\[\],.? ]+?\s(?P<name>[A-Za-z_]\w*)\s*(?:<[\w, ]+>)?\([^;]*$"
)
# What either of the two begins with, so that most lines, which begin with something else, need not be tried.
_FIRST_WORDS = frozenset(
    word for part in (_MODIFIERS, *_KEYWORDS.values()) for word in re.findall(r"(?<![a-z\\])[a-z]+", part)
)
_FIRST = re.compile(r"[ \t]*(@|[A-Za-z]+)")
_SHELL_FUNCTION = re.compile(r"^(?P<indent>[ \t]*)(?P<name>[A-Za-z_][\w:.-]*)\s*\(\)\s*(?:[{(]|$)")
_C_FUNCTION = re.compile(
    r"^(?P<indent>)(?!else\b|return\b|typedef\b|using\b|if\b|while\b|for\b|switch\b|#)"
    r"(?=[A-Za-z_])[\w\s*&:<>,~\[\]]*?(?P<name>[A-Za-z_~][\w:~]*)\s*\([^;{}]*(?:\)[\w\s]*)?\{?\s*$"
)
_C_PROTOTYPE = re.compile(
    r"^(?P<indent>)(?!else\b|return\b|typedef\b|using\b|#)(?=[A-Za-z_])(?:[A-Za-z_]\w*[\s*&]+)+?(?P<name>[A-Za-z_]\w*)"
    r"\s*(?:\s[A-Z_]+\s*)?\([^{}]*(?:;\s*$|,\s*$|\(\s*$)"
)
_C_TYPE = re.compile(
    r"^(?P<indent>[ \t]*)(?:typedef\s+)?(?:class|struct|enum(?:\s+class)?|union)\s+"
    r"(?:[A-Z_]{3,}(?:\([^()]*\))?\s+)?(?P<name>[A-Za-z_]\w*)[^;()]*\{?\s*$"
)

_Patterns: TypeAlias = tuple[tuple[str, re.Pattern[str]], ...]
_BY_KEYWORD: _Patterns = (("function", _DEFINITION), ("function", _TYPED_METHOD))

_COMMENT_LINE = re.compile(
    r"^\s*(?:#(?!!|\s*(?:include|define|if|el|end|pragma|undef|error))|//|/\*|\*|--|;|%|@\w|\[<)"
)
_CLOSING = re.compile(r"^\s*(?:[})\]]|end\b|done\b|fi\b|esac\b)")
_OPENING = re.compile(r"^\s*\{")
_BODY_OR_END = re.compile(r"[{;]")
# Words before a parenthesis that are no function's name.
_RESERVED = frozenset(
    {"static_assert", "decltype", "sizeof", "alignas", "noexcept", "defined", "operator", "assert", "if"}
)
_PRIVATE = re.compile(r"\b(?:private|local|defp|defmacrop|fileprivate)\b|^static\b")
_C_FAMILY = frozenset({"c", "cpp", "objective-c", "objective-cpp", "cuda"})
# Prose and data: what looks like a definition there is an example or a value.
_WITHOUT_DEFINITIONS_TEXT = """
    asciidoc assembly batch css csv diff dockerfile erb gomod html ini json latex less makefile markdown
    restructuredtext scss text toml xml yaml
"""
_WITHOUT_DEFINITIONS = frozenset(_WITHOUT_DEFINITIONS_TEXT.split())


def pattern_definitions(language: str, lines: Sequence[str], starts: Sequence[int]) -> list[Definition]:
    """Definitions by their first lines, in file order, not yet nested. `starts` holds the offset of each line and,
    last, the offset behind the text."""
    if language in _WITHOUT_DEFINITIONS:
        return []
    patterns = _patterns(language)
    by_first_word = patterns is _BY_KEYWORD
    found = []
    for row, line in enumerate(lines):
        if not line or len(line) > _MAX_LINE_CHARS or (by_first_word and not _may_define(line)):
            continue
        for default_kind, pattern in patterns:
            match = pattern.match(line)
            if match and match["name"] not in _RESERVED:
                kind = "type" if match.groupdict().get("type") else default_kind
                if kind == "function" and language in _C_FAMILY and not _has_body(row, lines):
                    kind = "declaration"
                found.append(_definition(match["name"], kind, row, lines, starts))
                break
    return [each for each in found if len(each.name) <= MAX_NAME_CHARS]


def _has_body(row: int, lines: Sequence[str]) -> bool:
    """Whether a brace comes before a semicolon: what tells a C function from its prototype."""
    for line in lines[row : row + _MAX_HEAD_LINES]:
        found = _BODY_OR_END.search(line)
        if found:
            return found[0] == "{"
    return False


def missing_from(known: Iterable[Definition], candidates: Iterable[Definition]) -> list[Definition]:
    """Candidates whose name the syntax tree did not give: it has gaps where macros or errors hide the structure."""
    names = {each.name for each in known}
    return [each for each in candidates if each.name not in names]


def _patterns(language: str) -> _Patterns:
    if language in _C_FAMILY:
        return (("type", _C_TYPE), ("function", _C_FUNCTION), ("declaration", _C_PROTOTYPE))
    if language in ("bash", "fish"):
        return (("function", _SHELL_FUNCTION), ("function", _DEFINITION))
    return _BY_KEYWORD


def _may_define(line: str) -> bool:
    """Whether one of _BY_KEYWORD may match. Letters outside ASCII are left to them, since some are equal to ours in
    another case."""
    if not line.isascii():
        return True
    first = _FIRST.match(line)
    return first is not None and (first[1] == "@" or first[1].lower() in _FIRST_WORDS)


def _definition(name: str, kind: str, row: int, lines: Sequence[str], starts: Sequence[int]) -> Definition:
    *container, last = [part for part in re.split(r"[.:]+", name) if part] or [name]
    top, end = _top(row, lines), _end(row, lines)
    return Definition(
        name=last,
        kind=kind,
        top=top,
        start=row,
        end=end,
        first=starts[row],
        last=starts[end + 1],
        signature=signature(lines[row]),
        doc=comment_doc(lines[top:row]) if top < row else "",
        exported=not (last.startswith("_") or _PRIVATE.search(lines[row].partition(name)[0])),
        container="" if container == ["self"] else ".".join(container),
    )


def _top(row: int, lines: Sequence[str]) -> int:
    top = row
    while top > 0 and row - top < _MAX_COMMENT_LINES and _COMMENT_LINE.match(lines[top - 1]):
        top -= 1
    return top


def _end(row: int, lines: Sequence[str]) -> int:
    indent = _indent(lines[row])
    end = row
    for at in range(row + 1, len(lines)):
        line = lines[at]
        if not line.strip():
            continue
        if _indent(line) <= indent:
            if _OPENING.match(line) and end == row:
                end = at
                continue
            return at if _CLOSING.match(line) and _indent(line) == indent else end
        end = at
    return end


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
