"""Whether a request looks for a pattern, and which."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pampax.core.errors import InvalidRequest
from pampax.search.pattern.matcher import Matcher, Pattern
from pampax.search.query import Intent
from pampax.search.request import Mode, SearchRequest

MAX_GUESSED_WORDS = 6  # what has more is a sentence, whatever signs stand in it

_QUOTED = re.compile(r"""(["'`])([^"'`\n]{3,})\1""")
_SLASHED = re.compile(r"/(.*[\\\[(*+?{^$|].*)/")
_SIGNS = re.compile(r"\.[*+]|\\[wWsSdDbB.()\[\]{}]|\[[^\]\s]+\][*+{]|\(\?[imsP:]|\(\w+(?:\|\w+)+\)")


@dataclass(frozen=True, slots=True)
class Asked:
    """`surely`: by the request's mode or intent, and not only by the form of its text."""

    matcher: Matcher
    surely: bool

    @property
    def intent(self) -> Intent:
        return Intent.REGEX if self.matcher.pattern.regex else Intent.LITERAL


def read_pattern(request: SearchRequest) -> tuple[Asked | None, tuple[str, ...]]:
    """None for a question in words, and notices for a person. InvalidRequest for a pattern that is none, where one is
    asked for; where the text only looks like one, a notice tells."""
    regex = request.mode is Mode.REGEX or request.intent is Intent.REGEX
    if regex or request.mode is Mode.LITERAL or request.intent is Intent.LITERAL:
        return Asked(Matcher(Pattern(request.query, regex, request.ignore_case)), surely=True), ()
    if request.mode is not Mode.HYBRID or request.intent is not None:
        return None, ()
    guessed = _guessed(request)
    if guessed is None:
        return None, ()
    try:
        return Asked(Matcher(guessed), surely=False), ()
    except InvalidRequest as error:
        why = error.fields["query"]
        return None, (f"{guessed.text!r} is looked for by its words, as a pattern it cannot be used: {why}",)


def _guessed(request: SearchRequest) -> Pattern | None:
    text = request.query.strip()
    quoted = _QUOTED.fullmatch(text)
    if quoted:
        return Pattern(quoted[2], regex=False, any_case=request.ignore_case)
    slashed = _SLASHED.fullmatch(text)
    if slashed:
        return Pattern(slashed[1], regex=True, any_case=request.ignore_case)
    if _SIGNS.search(text) and len(text.split()) <= MAX_GUESSED_WORDS:
        return Pattern(text, regex=True, any_case=request.ignore_case)
    return None
