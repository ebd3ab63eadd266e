"""Pieces as agents read them: lines with their numbers, and an id to ask for more with."""

from __future__ import annotations

import re

from pampax.assembly.bundle import Rendering
from pampax.assembly.markup import code, fenced, shortened
from pampax.assembly.pieces import Piece

ADVICE = "An id gives the full text of its lines, and more around it: `get_code_chunk`, or `GET /v1/chunks/ID`."
MAX_REASON_CHARS = 80
_BRACKETS = re.compile(r" \([^()]*\)")


def section(piece: Piece, where: str) -> str:
    """A piece with its heading; `where` is its place. What takes a line is an entry of a list."""
    name = f" {named(piece.id)}" if piece.id else ""
    reason = brief(piece.reason)
    if piece.rendering <= Rendering.SIGNATURE:
        shown = code(piece.content or piece.symbol) if piece.content or piece.symbol else ""
        return f"- {' '.join(filter(None, [where, shown]))}{name}: {reason}"
    outline = " (outline)" if piece.rendering is Rendering.SKELETON else ""
    symbol = f" {code(piece.symbol)}" if piece.symbol else ""
    content = piece.content if outline else numbered(piece.content, piece.place.start_line)
    return f"## {where}{symbol}{outline}{name}: {reason}\n{fenced(content, piece.language)}"


def brief(reason: str) -> str:
    """Without what stands in brackets, and never cut inside of code."""
    text = shortened(_BRACKETS.sub("", reason), MAX_REASON_CHARS)
    return text if text.count("`") % 2 == 0 else f"{text.rpartition('`')[0].rstrip()}…"


def named(piece_id: str) -> str:
    return f"id {piece_id}"


def numbered(content: str, first: int) -> str:
    """Each line behind its number in the file; an outline has them already."""
    return "\n".join(f"{number}: {line}".rstrip(" ") for number, line in enumerate(content.split("\n"), first))
