"""Where a piece begins: below the licence of its file, and above the decorators and comments of its definition."""

from __future__ import annotations

import re
from dataclasses import replace

from pampax.assembly.candidates import Candidate, Origin
from pampax.assembly.source import Place, SourceFile

MAX_LICENCE_LINES = 60
MAX_LEADING_LINES = 3  # above a definition; as many as are read around every candidate

_LICENCE = re.compile(r"copyright|licen[cs]e|spdx|all rights reserved", re.IGNORECASE)
_COMMENT = re.compile(r"\s*(?:#(?!!|include|define|if|pragma)|//|/\*|\*|--|;;|<!--|\"\"\"|$)")
_LEADS = re.compile(r"\s*(?:@\w|#\[|///?|#\s)")


def fitted(each: Candidate, file: SourceFile) -> Candidate:
    """The same candidate with its first line moved, when that is worth it."""
    start = each.place.start_line
    if start == 1:
        start = _below_licence(file, each.place)
    elif each.origin is Origin.DEFINITION:
        start = _above_leads(file, start)
    if start == each.place.start_line:
        return each
    return replace(each, place=replace(each.place, start_line=start))


def _below_licence(file: SourceFile, place: Place) -> int:
    """The line after a comment that opens the file and speaks of rights; 1 when nothing would be left."""
    licence = False
    number = 1
    while number <= min(place.end_line, MAX_LICENCE_LINES):
        line = file.lines.get(number)
        if line is None or not _COMMENT.match(line):
            break
        licence = licence or _LICENCE.search(line) is not None
        number += 1
    return number if licence and number <= min(place.end_line, MAX_LICENCE_LINES) else 1


def _above_leads(file: SourceFile, start: int) -> int:
    """The first of the lines directly above that lead to the definition; `start` when they go on further than known."""
    first = start
    while start - first <= MAX_LEADING_LINES and _LEADS.match(file.lines.get(first - 1, "")):
        first -= 1
    return first if start - first <= MAX_LEADING_LINES and (first == 1 or first - 1 in file.lines) else start
