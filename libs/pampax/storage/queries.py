"""Named SQL: every statement stands in a `queries.sql` beside the module that runs it, with a line of purpose."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import LiteralString

FILE_NAME = "queries.sql"
_BLOCK = re.compile(r"^-- name: *(?P<name>\S+) *$", re.MULTILINE)
_NAME = re.compile(r"[a-z][a-z0-9_]*")


# Of every statement that this process has loaded, placeholders left empty. What is logged or traced names a statement.
_NAMES: dict[str, str] = {}
_PLACEHOLDER = re.compile(r"\{\w+\}")


def name_of(statement: str) -> str | None:
    """The name that a statement has in its file; None for one that stands in none."""
    return _NAMES.get(statement)


class Queries:
    """The statements of one file. Bind them to module constants, so that a wrong name fails at import."""

    def __init__(self, statements: dict[str, LiteralString], origin: str) -> None:
        self._statements = statements
        self._origin = origin

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._statements)

    def __getitem__(self, name: str) -> LiteralString:
        try:
            return self._statements[name]
        except KeyError:
            raise KeyError(f"{self._origin} has no query {name!r}; it has {', '.join(sorted(self.names))}") from None

    def __getattr__(self, name: str) -> LiteralString:
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(error.args[0]) from None


def load_queries(package: str | None) -> Queries:
    """The queries of a package; call it with `__package__` (or `__name__`) while the module is imported."""
    spec = find_spec(package) if package else None
    if spec is None or spec.origin is None:
        raise ValueError(f"{package!r} is no package with a {FILE_NAME}; call load_queries(__package__)")
    path = Path(spec.origin).parent / FILE_NAME
    return parse(path.read_text(encoding="utf-8"), str(path))


def parse(text: str, origin: str) -> Queries:
    """ValueError for a block without a purpose, without SQL, named twice or with SQL before the first name."""
    preamble, *rest = _BLOCK.split(text)
    if any(line and not line.startswith("--") for line in preamble.splitlines()):
        raise ValueError(f"{origin}: SQL before the first `-- name:`; name it")
    statements: dict[str, LiteralString] = {}
    for name, block in zip(rest[::2], rest[1::2], strict=True):
        if not _NAME.fullmatch(name):
            raise ValueError(f"{origin}: {name!r} is no query name; write it in lower case with underscores")
        if name in statements:
            raise ValueError(f"{origin}: query {name!r} stands there twice; rename one")
        statements[name] = _statement(name, block.strip(), origin)
        _NAMES[_PLACEHOLDER.sub("{}", statements[name])] = name
    return Queries(statements, origin)


def _statement(name: str, block: str, origin: str) -> LiteralString:
    lines = block.splitlines()
    purpose = [line for line in lines if line.startswith("--")]
    body = "\n".join(line for line in lines if not line.startswith("--")).strip()
    if not purpose or not lines[0].startswith("-- "):
        raise ValueError(f"{origin}: query {name!r} has no line of purpose; add a comment below its name")
    if not body:
        raise ValueError(f"{origin}: query {name!r} has no SQL")
    return body.removesuffix(";")
