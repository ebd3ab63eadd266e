"""A question that stands in the text word for word, as a message or a quoted line does.

Lists of words keep no order, so the texts are read: those of the best candidates that hold most of the question's
words, and no others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pampax.search.features import Features
from pampax.search.frames import read_frames
from pampax.search.postgres import Passage
from pampax.search.ranking import DECIMALS, RankedChunk
from pampax.search.weights import PHRASE

MOST_READ = 60  # of the best chunks
# Two words stand side by side by accident, and half of a sentence does.
LEAST_WORDS, LEAST_SHARE = 3, 0.5
MOST_LINES, MOST_WORDS = 32, 64  # of a question, and of a line

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Phrase:
    """The words of each line of a question, in lower case and in order. `least_coverage`: of the question's words, what
    a chunk must hold that could hold most of a line."""

    lines: tuple[tuple[str, ...], ...]
    least_coverage: float

    @classmethod
    def of(cls, text: str) -> Phrase | None:
        """None for what is too short to be one. Of several lines, as a stack trace has them, those that name a place in
        a file are left out."""
        lines = text.splitlines()[:MOST_LINES]
        told = lines if len(lines) == 1 else [line for line in lines if not read_frames(line)]
        words = (tuple(_WORD.findall(line.lower())[:MOST_WORDS]) for line in told)
        long = tuple(line for line in words if len(line) >= LEAST_WORDS)
        if not long:
            return None
        return cls(long, LEAST_SHARE * max(map(len, long)) / len(_WORD.findall(text)))

    def share(self, content: str) -> float:
        """Of the line's words that stand in the content one after the other, whatever is between them but words; of
        the line with the largest, 0 for a run that says nothing. One search in the text for each word, and one for each
        that a run grows by."""
        text = _spaced(_WORD.findall(content.lower()))
        return max(_share(line, text) for line in self.lines)


def _share(words: Sequence[str], text: str) -> float:
    longest = 0
    for start in range(len(words)):
        while start + longest < len(words) and _spaced(words[start : start + longest + 1]) in text:
            longest += 1
    share = longest / len(words)
    return share if longest >= LEAST_WORDS and share > LEAST_SHARE else 0.0


def _spaced(words: Sequence[str]) -> str:
    return f" {' '.join(words)} "


def worth_reading(phrase: Phrase, features: Features, chunks: Sequence[RankedChunk]) -> list[int]:
    """Ordinals of the chunks that may hold it, judged by how much of the question's words they hold."""
    coverage = features.chunks.values["coverage"]
    return [chunk.ordinal for chunk in chunks[:MOST_READ] if coverage[chunk.candidate] > phrase.least_coverage]


def with_phrase(phrase: Phrase, passages: Mapping[int, Passage], chunks: Sequence[RankedChunk]) -> list[RankedChunk]:
    """The chunks in their new order; those in `passages` were read."""
    shares = {ordinal: phrase.share(passage.content) for ordinal, passage in passages.items()}
    raised = [_raised(chunk, shares.get(chunk.ordinal, 0.0)) for chunk in chunks]
    return sorted(raised, key=lambda chunk: -chunk.score)


def _raised(chunk: RankedChunk, share: float) -> RankedChunk:
    return replace(chunk, phrase=share, score=round(chunk.score + PHRASE * share, DECIMALS)) if share else chunk
