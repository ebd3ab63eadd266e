"""Source text without what only looks like use of a name: imports, comments and literals. By pattern, not by parsing:
a piece of a file has no syntax tree."""

from __future__ import annotations

import re

# Longer lines and further text are data or generated; looking for names there costs time and finds nothing.
MAX_LINE_CHARS = 400
MAX_TEXT_CHARS = 8_000

_IMPORTS = re.compile(
    r"^[ \t]*(?:"
    r"from[ \t]+[\w.]+[ \t]+import[ \t]*(?:\([^)]*\)|[^\n]*)"  # Python
    r"|import[ \t]*\([^)]*\)"  # Go
    r"|(?:import|export)\b[^;\n(]*?\{[^}]*\}[ \t]*from[^\n]*"  # JavaScript
    r"|(?:pub[ \t]+)?use[ \t]+[\w:]+(?:\{[^;]*\})?;"  # Rust
    r"|(?:import|package|using|\#[ \t]*include|require|require_relative)\b[^\n]*"
    r")$",
    re.MULTILINE,
)
_TRIPLE = r'"""(?:[^\\]|\\.)*?"""|\'\'\'(?:[^\\]|\\.)*?\'\'\''
_DOUBLE = r'"(?:[^"\\\n]|\\.)*"'
_SINGLE = r"'(?:[^'\\\n]|\\.)*'"
_HASH_COMMENT = r"#[^\n]*"
_SLASH_COMMENT = r"//[^\n]*|/\*.*?\*/"

_HASH = re.compile(f"{_TRIPLE}|{_DOUBLE}|{_SINGLE}|{_HASH_COMMENT}", re.DOTALL)
_SLASH = re.compile(f"{_SLASH_COMMENT}|{_DOUBLE}|{_SINGLE}", re.DOTALL)
_LIFETIMES = re.compile(f"{_SLASH_COMMENT}|{_DOUBLE}", re.DOTALL)  # an apostrophe opens no string in Rust

HASH_LANGUAGES = frozenset(
    {"python", "ruby", "bash", "perl", "r", "julia", "elixir", "nim", "crystal", "powershell", "yaml", "toml",
     "makefile", "cmake", "dockerfile", "starlark", "bazel", "tcl", "awk"}
)  # fmt: skip
_LIFETIME_LANGUAGES = frozenset({"rust", "ocaml", "haskell", "scala"})


def readable(text: str) -> str:
    """The part of a text that somebody may have written by hand."""
    return "\n".join(line for line in text[:MAX_TEXT_CHARS].split("\n") if len(line) <= MAX_LINE_CHARS)


def without_imports(text: str) -> str:
    return _IMPORTS.sub("", text)


def without_prose(text: str, language: str) -> str:
    if language in HASH_LANGUAGES:
        return _HASH.sub(" ", text)
    return (_LIFETIMES if language in _LIFETIME_LANGUAGES else _SLASH).sub(" ", text)
