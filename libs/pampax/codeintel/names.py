"""What a definition is called, per language, and which finds are no definitions at all."""

from __future__ import annotations

import re

from pampax.codeintel.definitions import SCOPE, folded

C_LANGUAGES = frozenset({"c", "cpp"})
SCRIPT_LANGUAGES = frozenset({"javascript", "typescript", "tsx"})

_QUALIFIED_BY_COLONS = frozenset({"cpp", "rust"})
_TEMPLATE_ARGUMENTS = re.compile(r"<[^<>]*>")
_MAX_TEMPLATE_DEPTH = 8
_NOT_A_CONTAINER = re.compile(r"\.prototype$|^(?:module\.)?exports$|^this$|^window$|^globalThis$")
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
_IMPORT = re.compile(r"=\s*(?:[\w.]+\()?(?:await\s+import|require)\s*\(")


def name_path(language: str, node_type: str, text: str) -> list[str]:
    """The name, last, after the qualifiers written before it (`Outer::inner`)."""
    if node_type == "operator_cast":
        return [folded(text.partition("(")[0])]
    text = " ".join(text.split()).strip("\"'`[]")
    if language not in _QUALIFIED_BY_COLONS or text.startswith("operator"):
        return [text]
    for _ in range(_MAX_TEMPLATE_DEPTH):
        text, found = _TEMPLATE_ARGUMENTS.subn("", text)
        if not found:
            break
    parts = [part.strip() for part in text.split("::")]
    return parts if all(part.isidentifier() for part in parts[:-1]) else parts[-1:]


def container_name(language: str, text: str) -> str:
    """The owner that a definition names itself: `*List[T]` of a Go receiver, `Foo.prototype` of an assignment."""
    text = "".join(text.split())
    if language == "go":
        return text.lstrip("*(").partition("[")[0].rstrip(")")
    text = _NOT_A_CONTAINER.sub("", text)
    return text if _PLAIN_PATH.fullmatch(text) else ""


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


def is_import(text: str) -> bool:
    """`const x = require("x")`: the name is defined elsewhere."""
    return _IMPORT.search(text) is not None
