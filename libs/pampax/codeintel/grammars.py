"""Tree-sitter grammars with the query that finds their definitions, loaded at first use.

The queries in `queries/*.scm` are the whole knowledge per language. Their captures: @type, @function, @variable,
@declaration and @scope (qualifies names, is no symbol) mark a definition, @name or @declarator (C's chain) its name,
@container a name given elsewhere (a Go receiver); @lead marks comments, decorators and attributes, @doc docstrings,
@local bodies whose definitions nobody can name.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from tree_sitter import Language, Query, QueryError


@dataclass(frozen=True, slots=True)
class Grammar:
    language: Language
    definitions: Query


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
        "tsx": _Source("tree_sitter_typescript", ("javascript", "typescript"), "language_tsx"),
        "java": _Source("tree_sitter_java", ("java",)),
        "go": _Source("tree_sitter_go", ("go",)),
        "rust": _Source("tree_sitter_rust", ("rust",)),
        "c": _Source("tree_sitter_c", ("c",)),
        "cpp": _Source("tree_sitter_cpp", ("c", "cpp")),
        "dart": _Source("tree_sitter_dart_orchard", ("dart",)),
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
    folder = files(__package__) / "queries"
    text = "\n".join((folder / f"{name}.scm").read_text(encoding="utf-8") for name in source.queries)
    try:
        loaded = Language(getattr(module, source.function)())
        return Grammar(loaded, Query(loaded, text))
    except (QueryError, ValueError):
        return None
