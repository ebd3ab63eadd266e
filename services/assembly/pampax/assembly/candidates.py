"""Candidates for a bundle: places with a value and the reason why somebody who works on the task wants to see them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from pampax.assembly.bundle import Evidence
from pampax.assembly.source import FileKey, Place

MAX_REASONS = 3  # of one piece; the strongest are kept
MAX_RANKS = 4
# A place that is wanted for a second reason is worth this share of the lesser value more.
FURTHER_REASON = 0.3
MAX_VALUE = 2.0


class Origin(IntEnum):
    """Why a candidate was looked at; of candidates for the same lines the one that stands first here stays."""

    OUTLINE = 0  # of a file that the request names
    SEED = 1
    HIT = 2
    TEST = 3
    DEFINITION = 4
    USER = 5  # of what was found
    CHANGED = 6  # together with what was found
    REST = 7  # of a definition that a hit cuts
    NEIGHBOUR = 8


@dataclass(frozen=True, slots=True, order=True)
class Reason:
    """In words, beginning in lower case and without a stop. `rank` is that of a search hit, else 0."""

    text: str
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """`value` is its use for the task, the best hit being 1."""

    place: Place
    origin: Origin
    value: float
    symbol: str
    reasons: tuple[Reason, ...]
    evidence: tuple[Evidence, ...]

    @property
    def reason(self) -> str:
        return said(self.reasons)


def candidate(
    place: Place,
    origin: Origin,
    value: float,
    symbol: str,
    reason: str,
    evidence: Sequence[Evidence] = (),
    rank: int = 0,
) -> Candidate:
    """Rounded, so that the last bits of a sum cannot order equals differently on another machine."""
    own = tuple(evidence) or (Evidence(origin.name.lower(), 0, round(value, 4), round(value, 4), reason),)
    return Candidate(place, origin, round(value, 4), symbol, (Reason(reason, rank),), own)


def combined(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Each place once, best first, in an order that does not depend on the order given.

    A candidate whose lines another one holds adds its reason to that one; outlines stand beside what they outline. A
    neighbour that meets anything else is dropped.
    """
    by_file: dict[FileKey, list[Candidate]] = {}
    for each in sorted(candidates, key=lambda each: (each.origin, best_first(each))):
        _take_in(by_file.setdefault(each.place.file, []), each)
    return tuple(sorted((each for kept in by_file.values() for each in kept), key=best_first))


def taken_in(
    musts: Iterable[Candidate], candidates: Iterable[Candidate]
) -> tuple[tuple[Candidate, ...], tuple[Candidate, ...]]:
    """What must be shown, with the reasons of all that it shows, and the candidates that are left."""
    kept = list(combined(musts))
    left: list[Candidate] = []
    for each in sorted(candidates, key=best_first):
        at = next((at for at, must in enumerate(kept) if must.place.holds(each.place)), None)
        if at is None:
            left.append(each)
        else:
            kept[at] = _joined(kept[at], each)
    return tuple(sorted(kept, key=best_first)), tuple(left)


def best_first(each: Candidate) -> tuple[float, Place, Origin, str, tuple[Reason, ...], tuple[Evidence, ...]]:
    """A key that leaves no ties, so that no order depends on the order given."""
    return (-each.value, each.place, each.origin, each.symbol, each.reasons, each.evidence)


def reasons_of(candidates: Sequence[Candidate]) -> tuple[Reason, ...]:
    """The reasons of candidates that are shown as one piece, best first, each once."""
    return tuple(dict.fromkeys(reason for each in sorted(candidates, key=best_first) for reason in each.reasons))


def said(reasons: Sequence[Reason]) -> str:
    """One line: of several hits the first speaks for all, of everything else the first few."""
    hits = [reason for reason in reasons if reason.rank]
    others = [reason.text for reason in reasons if not reason.rank]
    more = sorted(reason.rank for reason in hits[1:])
    matches = (
        [hits[0].text + (f", with {'match' if len(more) == 1 else 'matches'} {_listed(more)}" if more else "")]
        if hits
        else []
    )
    first, rest = (matches, others) if not reasons or reasons[0].rank else (others[:1], matches + others[1:])
    return "; ".join([*first, *rest][:MAX_REASONS])


def evidence_of(candidates: Sequence[Candidate]) -> tuple[Evidence, ...]:
    evidence = [part for each in sorted(candidates, key=best_first) for part in each.evidence]
    return tuple(dict.fromkeys(evidence))


def _take_in(kept: list[Candidate], each: Candidate) -> None:
    at = next((at for at, other in enumerate(kept) if _takes(other, each)), None)
    if at is not None:
        kept[at] = _joined(kept[at], each)
    elif not (each.origin >= Origin.REST and any(_shows_part(other, each) for other in kept)):
        kept.append(each)


def _listed(ranks: Sequence[int]) -> str:
    named = [str(rank) for rank in ranks[:MAX_RANKS]]
    left = len(ranks) - len(named)
    return ", ".join(named) + (f" and {left} more" if left else "")


def _takes(kept: Candidate, other: Candidate) -> bool:
    return kept.origin is not Origin.OUTLINE and kept.place.holds(other.place)


def _shows_part(kept: Candidate, other: Candidate) -> bool:
    return kept.origin is not Origin.OUTLINE and kept.place.meets(other.place)


def _joined(kept: Candidate, other: Candidate) -> Candidate:
    if other.origin is Origin.NEIGHBOUR:
        return kept
    low, high = sorted((kept.value, other.value))
    return replace(
        kept,
        value=round(min(high + FURTHER_REASON * low, MAX_VALUE), 4),
        symbol=kept.symbol or other.symbol,
        reasons=reasons_of([kept, other]),
        evidence=evidence_of([kept, other]),
    )
