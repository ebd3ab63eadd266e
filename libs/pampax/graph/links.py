"""Links of definitions that a use may mean: how sure they are, and what rivals do to that. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pampax.graph.model import Certainty, Definition, Link

MAX_RIVALS = 4  # definitions that a name may mean at once


def certain(definitions: Iterable[Definition], confidence: float, why: str) -> list[Link]:
    found = list(dict.fromkeys(definitions))
    named = [each for each in found if each.kind != "declaration"] or found
    if len(named) > MAX_RIVALS:
        return []
    return [Link(each, Certainty.PRECISE, confidence, why) for each in named]


def inferred(definitions: Sequence[Definition], confidence: float) -> list[Link]:
    named = [each for each in definitions if each.kind != "declaration"] or list(definitions)
    if not 0 < len(named) <= MAX_RIVALS:
        return []
    why = "the only one of that name" if len(named) == 1 else f"one of {len(named)} of that name"
    return [Link(each, Certainty.INFERRED, round(confidence / len(named), 3), why) for each in named]


def once(links: Iterable[Link]) -> list[Link]:
    best: dict[Definition, Link] = {}
    for link in links:
        known = best.get(link.definition)
        if known is None or known.confidence < link.confidence:
            best[link.definition] = link
    return list(best.values())


def shared(links: Sequence[Link]) -> list[Link]:
    """What several other repositories have under one name is one of them, and nobody knows which."""
    homes: dict[str, set[str]] = {}
    for link in links:
        homes.setdefault(link.definition.qualified_name, set()).add(link.definition.repository)
    return [_one_of(link, len(homes[link.definition.qualified_name])) for link in links]


def _one_of(link: Link, count: int) -> Link:
    if count == 1:
        return link
    why = f"{link.why}; one of {count} repositories that provide it"
    return replace(link, certainty=Certainty.INFERRED, confidence=round(link.confidence / count, 3), why=why)
