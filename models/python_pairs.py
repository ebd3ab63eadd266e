"""Pairs of a Python file, by its syntax tree; the comments inside bodies are found by `line_pairs`."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator
from functools import lru_cache

from pairs import Pair, name_pair, pair
from prose import question

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def python_pairs(text: str) -> Iterator[Pair]:
    """Of each function and class: doc or cls, and name. Nothing if the file cannot be parsed."""
    lines = text.split("\n")
    for node in _statements(_parsed(text)):
        if isinstance(node, Definition):
            yield from _of(node, lines)


def opening(text: str) -> str | None:
    """The docstring of the module."""
    return ast.get_docstring(_parsed(text))


@lru_cache(maxsize=1)
def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module([], [])


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """As `ast.walk`, without going into expressions, which hold no definition and are most of a tree."""
    waiting: deque[ast.AST] = deque([tree])
    while waiting:
        node = waiting.popleft()
        for field in ("body", "handlers", "orelse", "finalbody", "cases"):
            below = getattr(node, field, None)
            waiting.extend(below if isinstance(below, list) else ())
        yield node


def _of(node: Definition, lines: list[str]) -> Iterator[Pair]:
    documented = ast.get_docstring(node, clean=False)
    start = node.body[0].lineno - 1
    end = node.end_lineno or start
    if documented:
        first = (node.body[0].end_lineno or start) if len(node.body) > 1 else end
        head, body = lines[node.lineno - 1 : start], lines[first:end]
    else:
        head, body = lines[node.lineno - 1 : start], lines[start:end]
    if documented and body:
        kind = "cls" if isinstance(node, ast.ClassDef) else "doc"
        yield from pair(kind, "python", question(documented), "\n".join([*head, *body]))
    if not isinstance(node, ast.ClassDef) and not node.name.startswith("__"):
        yield from name_pair("python", node.name, "\n".join(body))
