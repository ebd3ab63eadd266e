"""A question as ranking sees it: its terms with weights, the names it holds, and what kind of question it is."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pampax.codeintel.languages import PLAIN_TEXT, language_of
from pampax.codeintel.terms import STOP_WORDS, query_terms
from pampax.search.frames import Frame, read_frames

MAX_TERMS = 64  # of a question; a pasted stack trace has hundreds, the first ones name the failing place
MAX_NAMES = 48  # looked up among the definitions

_MIN_NAME_CHARS = 3
_MAX_NAME_CHARS = 200  # of the folded column
_WORD = re.compile(r"\w+")
_TRACE = re.compile(
    r"Traceback \(most recent call last\)|^\s*at [\w.$<>]+\(.*:\d+\)|^\s*at .+:\d+:\d+\)?$|File \"[^\"]+\", line \d+"
    r"|panicked at|^goroutine \d+|thread '.*' panicked",
    re.MULTILINE,
)
_PATH = re.compile(r"[\w.+@-]*(?:/[\w.+@-]+)+/?|[\w-]+\.[a-z]{1,5}")
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*(?:(?:\.|::|#|->)[A-Za-z_$][\w$]*)*(?:\(\))?")
_CODE_SHAPE = re.compile(r"[a-z\d][A-Z]|_|\.|::|#|->|\(\)|^[A-Z]")
_ARCHITECTURE = re.compile(
    r"\b(architecture|overview|design|structure|structured|organi[sz]ed|organi[sz]ation|lifecycle|life cycle|pipeline"
    r"|flow|layers?|internals|interact|together|overall)\b|^how (does|do|is|are)\b.*\b(work|works|fit)\b",
    re.IGNORECASE,
)


class Intent(StrEnum):
    """What the question asks for; ranking weights differ between names and sentences."""

    SYMBOL = "symbol"
    QUESTION = "question"
    ARCHITECTURE = "architecture"
    ERROR_TRACE = "error_trace"
    PATH = "path"
    REGEX = "regex"
    LITERAL = "literal"


@dataclass(frozen=True, slots=True)
class Query:
    """`terms`: term -> weight in 0..1. `names`: folded words that may name a definition, in order of appearance.
    `frames`: the files and lines of a stack trace, innermost first."""

    text: str
    terms: dict[str, float]
    names: tuple[str, ...]
    intent: Intent
    frames: tuple[Frame, ...] = ()

    @property
    def single_token(self) -> bool:
        return len(self.text.split()) == 1

    def without_words(self) -> Query:
        """The same question for vectors alone: neither words, names nor paths match it."""
        return Query(self.text, {}, (), self.intent)


def read_query(text: str, intent: Intent | None = None) -> Query:
    """Takes a trimmed, non-empty question apart. `intent` overrides what its form suggests."""
    weights = query_terms(text)
    kept = dict(list(weights.items())[:MAX_TERMS])
    frames = read_frames(text)
    return Query(text, kept, _names(text), intent or intent_of(text, frames), frames)


def intent_of(text: str, frames: Sequence[Frame] = ()) -> Intent:
    if _TRACE.search(text):
        return Intent.ERROR_TRACE
    tokens = text.split()
    if len(tokens) == 1:
        if frames:  # a file and a line
            return Intent.PATH
        named_like_a_file = "/" in text or language_of(text) != PLAIN_TEXT
        return Intent.PATH if _PATH.fullmatch(text) and named_like_a_file else Intent.SYMBOL
    if len(tokens) <= 3 and all(_IDENTIFIER.fullmatch(token) and _CODE_SHAPE.search(token[1:]) for token in tokens):
        return Intent.SYMBOL
    return Intent.ARCHITECTURE if _ARCHITECTURE.search(text) else Intent.QUESTION


def named_words(text: str) -> tuple[str, ...]:
    """The words of a text as names of definitions are folded, each once."""
    words = (word.lower() for word in _WORD.findall(text))
    return tuple(dict.fromkeys(word for word in words if _MIN_NAME_CHARS <= len(word) <= _MAX_NAME_CHARS))


def _names(text: str) -> tuple[str, ...]:
    """A plain word of a sentence names a definition only by accident: there it takes a form that code has, or two
    words that are written as one."""
    found = _WORD.findall(text)
    words = [word.lower() for word in found]
    single = words if len(words) == 1 else [word.lower() for word in found if _CODE_SHAPE.search(word[1:])]
    pairs = [pair for pair in itertools.pairwise(words) if STOP_WORDS.isdisjoint(pair)]
    joined = [separator.join(pair) for separator in ("", "_") for pair in pairs]
    kept = [name for name in [*single, *joined] if _MIN_NAME_CHARS <= len(name) <= _MAX_NAME_CHARS]
    return tuple(dict.fromkeys(kept))[:MAX_NAMES]
