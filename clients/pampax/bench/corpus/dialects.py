"""The languages of a generated repository, read from `dialects.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

# Not one of the names in «»: they are all lower case, with underscores.
_PLACE = re.compile("«([a-z_]+)»")

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dialect:
    """Templates of one language as format strings for `%` with a mapping; what each is for stands in the table."""

    language: str
    share: int
    path: str
    open: str
    use: str
    start: str
    type_open: str
    holds: str
    type_start: str
    method: str
    statements: tuple[str, ...]
    theirs: str
    method_close: str
    type_close: str
    case: Callable[[Words], str]
    type_case: Callable[[Words], str]
    one_type: bool


@cache
def dialects() -> Mapping[str, Dialect]:
    """Every language of the table, in its order."""
    table = tomllib.loads(files(__package__).joinpath("dialects.toml").read_text("utf-8"))
    return {language: _dialect(language, row) for language, row in table.items()}


@cache
def languages() -> tuple[str, ...]:
    """A language per file, over and over: each as often as its share, spread as evenly as possible."""
    turns = [
        ((turn + 0.5) / dialect.share, dialect.language)
        for dialect in dialects().values()
        for turn in range(dialect.share)
    ]
    return tuple(language for _, language in sorted(turns))


def snake(words: Words) -> str:
    return "_".join(words)


def kebab(words: Words) -> str:
    return "-".join(words)


def title(words: Words) -> str:
    return " ".join(words).capitalize()


def pascal(words: Words) -> str:
    return "".join(map(str.capitalize, words))


def camel(words: Words) -> str:
    return words[0] + "".join(map(str.capitalize, words[1:]))


_CASES = {"snake": snake, "kebab": kebab, "pascal": pascal, "camel": camel}


def _dialect(language: str, row: Mapping[str, str | int | bool | list[str]]) -> Dialect:
    texts = {name: _format(value) for name, value in row.items() if isinstance(value, str)}
    case, type_case = (_CASES[str(row.get(name, "pascal"))] for name in ("case", "type_case"))
    statements = row["statements"]
    assert isinstance(statements, list)
    return Dialect(
        **{name: text for name, text in texts.items() if name not in ("case", "type_case")},
        language=language,
        share=int(str(row["share"])),
        statements=tuple(map(_format, statements)),
        case=case,
        type_case=type_case,
        one_type=bool(row.get("one_type", False)),
    )


def _format(template: str) -> str:
    return _PLACE.sub(r"%(\1)s", template.replace("%", "%%"))
