"""Tree-sitter grammars with the queries that find definitions and uses, loaded at first use.

The queries in `queries` are nearly the whole knowledge per language. Captures of `definitions/*.scm`:
- @type, @function, @variable, @declaration, @scope (qualifies names, is no symbol) and @rest (a scope that holds what
  follows it) mark a definition, @name or @declarator (C's chain) its name, @container a name given elsewhere (a Go
  receiver), @body what its head ends before and @head what its head ends with, where the tree does not tell;
- @lead marks comments, @attribute decorators and the like, @doc docstrings (with @body: of what; or in an @attribute);
- @local marks bodies whose definitions nobody can name when they stand in a definition, @hidden those that nobody can
  name anywhere; @private and @public words after which a body's definitions are so.
Captures of `uses/*.scm`: @call, @inherit, @type and @read mark a name that is used so, @import and @binding statements
that `imports` and `bindings` read.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from tree_sitter import Language, Query, QueryError


@dataclass(frozen=True, slots=True)
class Grammar:
    language: Language
    definitions: Query
    uses: Query


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a grammar comes from: module, the function in it, and the query files, joined in order."""

    module: str
    queries: tuple[str, ...]
    function: str = "language"


_SOURCES: Mapping[str, _Source] = MappingProxyType(
    {
        "python": _Source("tree_sitter_python", ("python",)),
        "javascript": _Source("tree_sitter_javascript", ("javascript", "javascript_only")),
        "typescript": _Source("tree_sitter_typescript", ("javascript", "typescript"), "language_typescript"),
        "tsx": _Source("tree_sitter_typescript", ("javascript", "typescript", "tsx"), "language_tsx"),
        "java": _Source("tree_sitter_java", ("java",)),
        "go": _Source("tree_sitter_go", ("go",)),
        "rust": _Source("tree_sitter_rust", ("rust",)),
        "c": _Source("tree_sitter_c", ("c",)),
        "cpp": _Source("tree_sitter_cpp", ("c", "cpp")),
        "dart": _Source("tree_sitter_dart_orchard", ("dart",)),
        "csharp": _Source("tree_sitter_c_sharp", ("csharp",)),
        "php": _Source("tree_sitter_php", ("php",), "language_php"),
        "ruby": _Source("tree_sitter_ruby", ("ruby",)),
        "kotlin": _Source("tree_sitter_kotlin", ("kotlin",)),
        "scala": _Source("tree_sitter_scala", ("scala",)),
        "swift": _Source("tree_sitter_swift", ("swift",)),
        "lua": _Source("tree_sitter_lua", ("lua",)),
        "haskell": _Source("tree_sitter_haskell", ("haskell",)),
        "elixir": _Source("tree_sitter_elixir", ("elixir",)),
        "ocaml": _Source("tree_sitter_ocaml", ("ocaml",), "language_ocaml"),
        "ocaml interface": _Source("tree_sitter_ocaml", ("ocaml",), "language_ocaml_interface"),
        "zig": _Source("tree_sitter_zig", ("zig",)),
        "bash": _Source("tree_sitter_bash", ("bash",)),
    }
)


@cache
def grammar(language: str) -> Grammar | None:
    """The grammar of a language, or None where there is none, its wheel is not installed, or is of a version that
    this library or our query does not fit: then files are cut by lines and say so."""
    source = _SOURCES.get(language)
    if source is None:
        return None
    try:
        module = importlib.import_module(source.module)
    except ImportError:
        return None
    try:
        loaded = Language(getattr(module, source.function)())
        return Grammar(loaded, *(Query(loaded, _text(folder, source.queries)) for folder in ("definitions", "uses")))
    except (QueryError, ValueError):
        return None


def _text(folder: str, names: Sequence[str]) -> str:
    """Of the query files of these names, as far as the folder has them."""
    there = [files(__package__).joinpath("queries", folder, f"{name}.scm") for name in names]
    return "\n".join(file.read_text(encoding="utf-8") for file in there if file.is_file())


def dialect(language: str, lines: Sequence[str]) -> str:
    """The name of the grammar for a file of this language, told by its lines; "" for text around code (literate
    Haskell), which no grammar reads."""
    if language == "ocaml":
        return "ocaml interface" if _starting(lines, "val ") > _starting(lines, "let ") else language
    if language == "haskell" and ("\\begin{code}" in lines or _starting(lines, "> ") > _starting(lines, "import ")):
        return ""
    return language


def _starting(lines: Sequence[str], word: str) -> int:
    return sum(line.startswith(word) for line in lines)
