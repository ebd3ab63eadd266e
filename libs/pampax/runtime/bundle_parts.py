"""A bundle as it goes over the wire in parts, and the same put together again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pampax.v1.assembly_service_pb2 import Bundle, BundleHeader, BundlePart, BundlePiece, TokenBudget


def header_of(bundle: Bundle) -> BundlePart:
    """What is known before any piece: nothing is used yet."""
    budget = TokenBudget()
    budget.CopyFrom(bundle.budget)
    budget.ClearField("used")
    return BundlePart(header=BundleHeader(snapshots=bundle.snapshots, budget=budget))


def pieces_of(bundle: Bundle) -> Iterator[BundlePart]:
    """In order of value."""
    used = 0
    for position, item in sorted(enumerate(bundle.items), key=lambda one: (one[1].rank, one[0])):
        used += item.tokens
        yield BundlePart(piece=BundlePiece(item=item, position=position, tokens_used=used))


def summary_of(bundle: Bundle, *, markdown: bool) -> BundlePart:
    """The bundle without its pieces, and unless it is wanted without its text."""
    part = BundlePart(summary=bundle)
    part.summary.ClearField("items")
    if not markdown:
        part.summary.ClearField("markdown")
    return part


def whole_of(pieces: Iterable[BundlePiece], summary: Bundle) -> Bundle:
    """What `pieces_of` and `summary_of` came from, where the summary has the text."""
    whole = Bundle()
    whole.CopyFrom(summary)
    whole.items.extend(piece.item for piece in sorted(pieces, key=lambda piece: piece.position))
    return whole
