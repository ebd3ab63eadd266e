"""What a definition is called, per language, and which finds are no definitions at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from pampax.codeintel.definitions import SCOPE, folded

C_LANGUAGES = frozenset({"c", "cpp"})
SCRIPT_LANGUAGES = frozenset({"javascript", "typescript", "tsx"})

_SEPARATORS: Mapping[str, str] = MappingProxyType({"cpp": "::", "rust": "::", "ruby": "::", "php": "\\", "elixir": "."})
_GENERIC_LANGUAGES = frozenset({"cpp", "rust", "kotlin", "scala", "swift"})
_TEMPLATE_ARGUMENTS = re.compile(r"<[^<>]*>|\[[^\[\]]*\]")
_MAX_TEMPLATE_DEPTH = 8
_NOT_A_CONTAINER = re.compile(r"\.prototype$|^(?:module\.)?exports$|^this$|^window$|^globalThis$|^_G$")
_TYPE_NAME = re.compile(r"[A-Z][\w']*")
# Quotes and marks around a name; a Ruby method may be called `[]`.
_MARKS: Mapping[str, str] = MappingProxyType(
    {"haskell": "()` ", "kotlin": "`", "ocaml": "() ", "ruby": ":", "scala": "`", "swift": "`"}
)
_PLAIN_PATH = re.compile(r"[\w.$]*")

# A macro before a block reads as a function of this name; the block is real, the function is not.
_BLOCK_KEYWORDS = frozenset({"namespace", "class", "struct", "union", "enum", "extern"})
_CONTROL_KEYWORDS = frozenset({"if", "else", "for", "while", "do", "switch", "return", "sizeof", "defined"})
_TYPE_KEYWORDS = frozenset({"void", "int", "char", "short", "long", "unsigned", "signed", "float", "double", "bool"})
_C_NAME = re.compile(r"~?[A-Za-z_]\w*|operator\W.*|operator \w.*")
# What is left of a declaration when a macro broke it in two, and the guard around a header.
_MACRO_REMAINS = re.compile(r"__\w*|[A-Z_][A-Z0-9_]*")
_HEADER_GUARD = re.compile(r"\w*_H(?:H|PP|XX)?_*")
_TEST_MACRO = re.compile(r"[A-Z][A-Z0-9_]*\s*\(\s*(\w+)\s*,\s*(\w+)\s*\)")
_SCRIPT_IMPORT = re.compile(r"[^=]*=\s*(?:[\w.]+\()?(?:await\s+import|require)\s*\(")
_IMPORTS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        **dict.fromkeys(SCRIPT_LANGUAGES, _SCRIPT_IMPORT),
        "lua": re.compile(r"local\b[^=]*=\s*require\b"),
        # const std = @import("std"); const Allocator = std.mem.Allocator;
        "zig": re.compile(r"const\s+(\w+)\s*=\s*(?:@import\b|[\w.]+\.\1\s*;)"),
    }
)


def name_path(language: str, node_type: str, text: str) -> list[str]:
    """The name, last, after the qualifiers written before it (`Outer::inner`)."""
    if node_type == "operator_cast":
        return [folded(text.partition("(")[0])]
    text = " ".join(text.split())
    text = text.strip(_MARKS.get(language, "\"'`[]")) or text
    if text.startswith("operator"):
        return [text]
    if node_type == "type_patterns":
        return [found[0] if (found := _TYPE_NAME.search(text)) else text]
    if language == "csharp" and not text[:1].isidentifier():
        return [f"operator{text}"]
    if language in _GENERIC_LANGUAGES:
        text = _without_arguments(text)
    separator = _SEPARATORS.get(language)
    parts = [part.strip() for part in text.split(separator)] if separator else [text]
    return parts if all(part.isidentifier() for part in parts[:-1]) else parts[-1:]


def container_name(language: str, text: str) -> str:
    """The owner that a definition names itself: `*List[T]` of a Go receiver, `Foo.prototype` of an assignment,
    `List<T>?` of a Kotlin extension."""
    text = "".join(text.split())
    if language == "go":
        return text.lstrip("*(").partition("[")[0].rstrip(")")
    if language == "kotlin":
        return _without_arguments(text).rstrip("?")
    text = _NOT_A_CONTAINER.sub("", text)
    return text if _PLAIN_PATH.fullmatch(text) else ""


def _without_arguments(text: str) -> str:
    """`List<T>` without `<T>`, `Show[A]` without `[A]`; a name that is all brackets stays."""
    for _ in range(_MAX_TEMPLATE_DEPTH):
        shorter, found = _TEMPLATE_ARGUMENTS.subn("", text)
        if not found or not shorter.strip():
            break
        text = shorter
    return text.strip()


def without_macros(container: str, name: str, untyped_text: str) -> tuple[str, str, str]:
    """(kind, container, name) of what C reads as a function: `BEGIN namespace x {` is a scope, and one without a
    result type (then its text is given) may be a test, `TEST(Suite, name) {`. An empty name is no definition."""
    if name in _BLOCK_KEYWORDS:
        return SCOPE, "", ""
    if name in _CONTROL_KEYWORDS:
        return "function", "", ""
    if name.isupper() and untyped_text:
        test = _TEST_MACRO.match(untyped_text)
        return ("function", test[1], test[2]) if test else ("function", "", "")
    return "function", container, name


def is_c_noise(kind: str, name: str, text: str, *, macro: bool, broken: bool) -> bool:
    """Header guards, and names that a declaration broken by a macro leaves behind."""
    if name in _TYPE_KEYWORDS or not _C_NAME.fullmatch(name):
        return True
    if macro:
        return _HEADER_GUARD.fullmatch(name) is not None
    if kind == "declaration":
        return name.isupper()
    remains = "=" not in text and _MACRO_REMAINS.fullmatch(name) is not None
    return kind == "variable" and (broken or remains)


def is_import(language: str, text: str) -> bool:
    """`const x = require("x")`: the name is defined elsewhere."""
    pattern = _IMPORTS.get(language)
    return pattern is not None and pattern.match(text) is not None
