"""A question that stands in the text word for word, as a message or a quoted line does.

Lists of words keep no order, so the texts are read: those of the best candidates that hold most of the question's
words, and no others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pampax.search.features import Features
from pampax.search.postgres import Passage
from pampax.search.ranking import DECIMALS, RankedChunk
from pampax.search.weights import PHRASE

MOST_READ = 60  # of the best chunks
# Two words stand side by side by accident, and half of a sentence does.
LEAST_WORDS, LEAST_SHARE = 3, 0.5

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Phrase:
    """The words of a question, in lower case and in order."""

    words: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Phrase | None:
        """None for what is too short to be one."""
        words = tuple(_WORD.findall(text.lower()))
        return cls(words) if len(words) >= LEAST_WORDS else None

    def share(self, content: str) -> float:
        """Of the words that stand in the content one after the other, whatever is between them but words; 0 for a run
        that says nothing. One search in the text for each word, and one for each that the run grows by."""
        text = _spaced(_WORD.findall(content.lower()))
        longest = 0
        for start in range(len(self.words)):
            while start + longest < len(self.words) and _spaced(self.words[start : start + longest + 1]) in text:
                longest += 1
        share = longest / len(self.words)
        return share if longest >= LEAST_WORDS and share > LEAST_SHARE else 0.0


def _spaced(words: Sequence[str]) -> str:
    return f" {' '.join(words)} "


def worth_reading(features: Features, chunks: Sequence[RankedChunk]) -> list[int]:
    """Ordinals of the chunks that hold most of the question's words, by what they are worth."""
    coverage = features.chunks.values["coverage"]
    return [chunk.ordinal for chunk in chunks[:MOST_READ] if coverage[chunk.candidate] > LEAST_SHARE]


def with_phrase(phrase: Phrase, passages: Mapping[int, Passage], chunks: Sequence[RankedChunk]) -> list[RankedChunk]:
    """The chunks in their new order; those in `passages` were read."""
    shares = {ordinal: phrase.share(passage.content) for ordinal, passage in passages.items()}
    raised = [_raised(chunk, shares.get(chunk.ordinal, 0.0)) for chunk in chunks]
    return sorted(raised, key=lambda chunk: -chunk.score)


def _raised(chunk: RankedChunk, share: float) -> RankedChunk:
    return replace(chunk, phrase=share, score=round(chunk.score + PHRASE * share, DECIMALS)) if share else chunk
