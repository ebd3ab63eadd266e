"""Definitions in less than their text: an outline of heads, or the one head that says what a place is."""

from __future__ import annotations

from collections.abc import Sequence

from pampax.assembly.markup import shortened
from pampax.assembly.plain_code import HASH_LANGUAGES
from pampax.assembly.source import Definition, Place, SourceFile

MAX_DOC_CHARS = 120
MAX_OUTLINE_LINES = 200
_DASH_LANGUAGES = frozenset({"sql", "lua", "haskell", "elm", "ada"})


def outline(definitions: Sequence[Definition], language: str) -> str:
    """A line per definition with its number, nested ones indented, and the first sentence of what is said of it.

    Single values (fields, constants) are left out when there are others. Empty for fewer than two definitions.
    """
    heads = [each for each in definitions if each.kind != "variable"] or list(definitions)
    if len(heads) < 2:
        return ""
    ordered = sorted(heads, key=lambda each: (each.start_line, -each.end_line))
    mark = _comment(language)
    lines: list[str] = []
    holders: list[Definition] = []
    for each in ordered:
        while holders and holders[-1].end_line < each.start_line:
            holders.pop()
        indent = "    " * len(holders)
        said = f"  {mark} {shortened(each.doc, MAX_DOC_CHARS)}" if each.doc else ""
        lines.append(f"{each.start_line}: {indent}{each.signature}{said}")
        holders.append(each)
    left = len(lines) - MAX_OUTLINE_LINES
    return "\n".join(lines if left <= 0 else [*lines[:MAX_OUTLINE_LINES], f"{mark} and {left} more"])


def first_line(file: SourceFile, place: Place, symbol: str) -> str:
    """The head of the definition that a place is about; of text without definitions its first line that says something,
    such as a heading. Empty where there is none."""
    main = main_definition(file, place, symbol)
    if main is not None or file.definitions:
        return main.signature if main else ""
    lines = (file.lines.get(number, "").strip() for number in range(place.start_line, place.end_line + 1))
    return next((line for line in lines if any(char.isalnum() for char in line)), "")


def main_definition(file: SourceFile, place: Place, symbol: str) -> Definition | None:
    """The definition that a place is about: the named one, else the first that starts there, else the one around."""
    named = [each for each in file.definitions if each.qualified_name == symbol and each.start_line <= place.end_line]
    if named:
        return max(named, key=lambda each: each.start_line)
    inside = file.starting_in(place.start_line, place.end_line)
    return inside[0] if inside else file.around(place.start_line)


def _comment(language: str) -> str:
    if language in HASH_LANGUAGES:
        return "#"
    return "--" if language in _DASH_LANGUAGES else "//"
