"""The value and the reason of what search found."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from pampax.assembly.candidates import Candidate, Origin, candidate
from pampax.assembly.markup import code
from pampax.assembly.plain_code import readable, without_imports
from pampax.assembly.searching import Hit
from pampax.codeintel.terms import GENERIC_WORDS, STOP_WORDS, distinct_terms

# Scores are log-odds: so many points fewer are worth a third.
POINTS_PER_THIRD = 3.0
# What a chunk loses that consists of imports alone.
IMPORTS_LOSS = 0.6
MAX_WORDS = 5
MAX_PHRASES = 3

_WORD = re.compile(r"\w+")
_PHRASES = {
    "semantic": "close in meaning",
    "closeness": "close in meaning",
    "path": "its path matches",
    "definition": "defines a name from the task",
    "symbol": "its name matches",
    "names": "the names it defines match",
}
# What a task begins with says what to do, not where.
_ASKING = frozenset({"add", "allow", "change", "fix", "introduce", "let", "make", "please", "support"})
_SILENT = frozenset({"text", "chunk", "size", "kind_of_path", "place"})


def hit_candidates(hits: Sequence[Hit], task: str) -> list[Candidate]:
    """The best hit is worth 1, or a little less when it is full of imports."""
    best = max((hit.score for hit in hits), default=0.0)
    words = task_words(task)
    return [
        candidate(
            hit.place, Origin.HIT, math.exp((hit.score - best) / POINTS_PER_THIRD) * _substance(hit.content),
            hit.symbol, _reason(hit, words), hit.evidence, hit.rank,
        )
        for hit in hits
    ]  # fmt: skip


def _substance(content: str) -> float:
    """1, less for text that only says what it imports."""
    text = readable(content)
    lines = sum(1 for line in text.split("\n") if line.strip())
    left = sum(1 for line in without_imports(text).split("\n") if line.strip())
    return 1.0 - IMPORTS_LOSS * (1 - left / max(lines, 1))


def _reason(hit: Hit, words: dict[str, frozenset[str]]) -> str:
    """As in: match 3 for the task (mentions `cookie` and `redirect`; close in meaning)."""
    terms = distinct_terms(f"{hit.symbol}\n{hit.content}")
    held = [code(word) for word, wanted in words.items() if wanted & terms][:MAX_WORDS]
    strong = sorted((part for part in hit.evidence if part.score > 0), key=lambda part: (-part.score, part.source))
    phrases = [_PHRASES.get(part.source, part.detail or part.source) for part in strong if part.source not in _SILENT]
    phrases = list(dict.fromkeys(phrases))
    if held:
        phrases.insert(0, f"mentions {', '.join(held)}")
    which = "best match" if hit.rank == 1 else f"match {hit.rank}"
    return f"{which} for the task ({'; '.join(phrases[:MAX_PHRASES]) or 'its file fits'})"


def task_words(task: str) -> dict[str, frozenset[str]]:
    """The words of the task that say something, each with the terms that the index knows it by."""
    first, *rest = _WORD.findall(task) or [""]
    words = dict.fromkeys(rest if rest and first.lower() in _ASKING else [first, *rest])
    telling = [word for word in words if word.lower() not in STOP_WORDS | GENERIC_WORDS and not word.isdecimal()]
    return {word: terms for word in telling if (terms := frozenset(distinct_terms(word)))}
