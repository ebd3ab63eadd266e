"""A bundle under way on a terminal, and how one came about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pampax.cli import words
from pampax.cli.session import Session
from pampax.cli.staleness import Staleness
from pampax.core.errors import Unavailable

if TYPE_CHECKING:
    from pampax.client.bundle import Bundle, BundleItem, BundlePart, BundlePiece

MOST_CUT = 12  # pieces told of those that were left out
_PER_TOKENS = 1_000


def show_stream(session: Session, parts: Iterable[BundlePart], staleness: Staleness) -> Bundle:
    """Pieces as they come; with --json a document a line. The summary, with its pieces in reading order."""
    pieces: list[BundlePiece] = []
    for part in parts:
        if part.header is not None:
            staleness.refuse(part.header.snapshots)
        if session.json:
            session.screen.event(part.document())
        elif part.piece is not None:
            _show_piece(session, part.piece)
        if part.piece is not None:
            pieces.append(part.piece)
        if part.summary is not None:
            staleness.warn(session, part.summary.snapshots)
            items: list[BundleItem] = [*sorted(pieces, key=lambda piece: piece.position)]
            return part.summary.model_copy(update={"items": items})
    raise Unavailable("the bundle ended before it was whole; try again")


def show_explanation(session: Session, bundle: Bundle) -> None:
    """Where the time went, how far the bundle can be relied on, pieces by value, and the cut list; on stderr."""
    timings = ", ".join(f"{each.stage} {words.duration(each.duration_ms)}" for each in bundle.timings)
    session.hint(f"timings: {timings or 'none, it came from the cache'}")
    if bundle.confidence is not None:
        session.hint(f"confidence {bundle.confidence.value:.2f}: {'; '.join(bundle.confidence.reasons)}")
    session.hint("value  per 1,000 tokens  piece")
    for item in sorted(bundle.items, key=lambda item: item.rank):
        place = f"{item.path}:{item.start_line}-{item.end_line}"
        session.hint(f"{_worth(item.value, item.value_per_token)}  {place} ({item.rendering}, {item.tokens} tokens)")
    for left in bundle.omitted[:MOST_CUT]:
        place = f"{left.path}:{left.start_line}-{left.end_line}"
        session.hint(f"{_worth(left.value, left.value_per_token)}  cut: {place} ({left.tokens} tokens): {left.reason}")
    more = len(bundle.omitted) - MOST_CUT
    if more > 0:
        session.hint(f"and {more} more cut; --json has them all")


def _show_piece(session: Session, piece: BundlePiece) -> None:
    where = f"{piece.path}:{piece.start_line}-{piece.end_line}"
    symbol = f" {piece.symbol}" if piece.symbol else ""
    session.screen.line((f"{piece.rank}. ", "dim"), (where, "bold"), symbol)
    used = f"{words.number(piece.tokens_used)} tokens so far"
    session.screen.line((f"   {piece.reason}; {piece.rendering}, {used}", "dim"))
    if piece.rendering == "full":
        session.screen.code(piece.content or "", piece.language, piece.start_line)
    elif piece.content:
        session.screen.text("\n".join(f"   {line}" for line in piece.content.split("\n")))
    session.screen.line("")


def _worth(value: float, per_token: float) -> str:
    return f"{value:5.2f}  {per_token * _PER_TOKENS:16.2f}"
