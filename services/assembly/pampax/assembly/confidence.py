"""How far a bundle can be relied on: how clearly search has found something, whether what is shown speaks of the task,
and how much of what was wanted has fitted. Pure; the weights are judgement, not measurement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from pampax.assembly.bundle import Confidence, Item
from pampax.assembly.markup import code
from pampax.assembly.searching import Hit
from pampax.codeintel.terms import distinct_terms

STANDING, WORDS, FITTED = 0.25, 0.5, 0.25  # shares of the whole
RIVALS = 9  # hits that the best one is compared with
CLEARLY, HARDLY = 4.0, 1.0  # points ahead of the middle rival
MAX_MISSING = 5  # words named


def confidence_of(
    hits: Sequence[Hit], words: Mapping[str, frozenset[str]], items: Sequence[Item], fitted: float
) -> Confidence:
    """`words` are those of the task that say something, each with its terms; `fitted` is the share of the wanted value
    that is shown. 0 for a bundle without pieces."""
    if not items:
        return Confidence(0.0, ("nothing is shown",))
    ahead = _ahead(hits)
    missing = _missing(words, items)
    found = 1 - len(missing) / len(words) if words else 1.0
    standing = min(max(ahead / CLEARLY, 0.0), 1.0)
    value = STANDING * standing + WORDS * found + FITTED * min(fitted, 1.0)
    return Confidence(round(value, 2), (_standing(hits, ahead), _found(words, missing), _fit(fitted)))


def _ahead(hits: Sequence[Hit]) -> float:
    """Points between the best hit and the middle one of those behind it."""
    scores = sorted((hit.score for hit in hits), reverse=True)
    if not scores:
        return 0.0
    rivals = scores[1 : 1 + RIVALS]
    return scores[0] - median(rivals) if rivals else CLEARLY


def _standing(hits: Sequence[Hit], ahead: float) -> str:
    if not hits:
        return "search found nothing"
    if len(hits) == 1:
        return "search found one match"
    how = "clearly" if ahead >= CLEARLY else "hardly" if ahead < HARDLY else "somewhat"
    return f"the best match stands out {how} from the next {min(len(hits) - 1, RIVALS)}"


def _missing(words: Mapping[str, frozenset[str]], items: Iterable[Item]) -> list[str]:
    held: set[str] = set()
    for item in items:
        held |= distinct_terms(f"{item.path}\n{item.symbol}\n{item.content}")
    return [word for word, terms in words.items() if not terms & held]


def _found(words: Mapping[str, frozenset[str]], missing: Sequence[str]) -> str:
    if not words:
        return "the task has no word that says something"
    told = f"{len(words) - len(missing)} of {len(words)} words of the task are found in what is shown"
    if not missing:
        return told
    more = len(missing) - MAX_MISSING
    named = ", ".join(code(word) for word in missing[:MAX_MISSING])
    return f"{told}, not {named}" + (f" and {more} more" if more > 0 else "")


def _fit(fitted: float) -> str:
    return f"{min(fitted, 1.0):.0%} of the wanted value is shown"
