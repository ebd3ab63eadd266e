"""From a comment to the question that it answers: its first sentence, or nothing if it is not plain English."""

from __future__ import annotations

import re

MIN_WORDS, MAX_WORDS = 3, 60
MIN_LETTERS = 0.6  # share of letters and spaces among the characters; less is a table or a rule
NO_QUESTION = re.compile(
    r"licen[cs]e|copyright|warranty|all rights reserved|spdx|\bauthors?\b|\btodo\b|fixme|\bxxx\b|\bhack\b|noqa|nolint|"
    r"pylint|eslint|tslint|prettier|istanbul ignore|c8 ignore|clippy::|rubocop:|type: ignore|pragma|mypy:|@ts-|"
    r"shellcheck|auto-?generated|generated (by|from|file|code)|do not edit|deprecated|inheritdoc|see also|https?:|"
    r"www\.|coverage:|webpackchunk|sourcemapping|-\*-|vim:|@suppress|phpcs|phpstan|psalm",
    re.IGNORECASE,
)
CODE_CHARACTERS = re.compile(r"[{}\[\]<>;=|\\^~$#@*+]|//|->|::|\w\(|\)\.|&&|__|\.\.\.?\w")
# Lines from which on a comment lists parameters, results or examples.
TAG_LINE = re.compile(
    r"^([@\\]\w|:\w+.*:|<(param|returns|remarks|example)|(args?|arguments|parameters?|returns?|raises|throws|examples?|notes?"
    r"|usage|since|see)\s*:?\s*$|[-=~^*#]{3,}|```|>>>|#+ )",
    re.IGNORECASE,
)
_MARKUP = (
    (re.compile(r"\{@\w+\s+([^}|\s]+)[^}]*\}"), r"\1"),  # {@link name}
    (re.compile(r"<(?:see|paramref|c)\s+\w+=\"(?:\w:)?([^\"]+)\"\s*/?>"), r"\1"),  # <see cref="name"/>
    (re.compile(r"</?[A-Za-z][^<>]*>"), " "),
    (re.compile(r":[\w:]+:`~?([^`<]+)(?:<[^`]*)?`"), r"\1"),  # :class:`name`
    (re.compile(r"\[+`?([\w:.]+)`?\]+(?:\([^)]*\))?"), r"\1"),  # [`name`](target)
    (re.compile(r"\(\)"), ""),
    (re.compile(r"[`'\"*]|(?<=\s)\|(?=\s)"), ""),
)
_SENTENCE_END = re.compile(r"(?<=[a-z)\d])[.!?:](?=\s|$)")


def question(comment: str, min_words: int = MIN_WORDS) -> str | None:
    """The first sentence of a comment or docstring without its markers."""
    text = _first_sentence(comment)
    words = text.split()
    if not min_words <= len(words) <= MAX_WORDS or not text.isascii():
        return None
    if NO_QUESTION.search(text) or CODE_CHARACTERS.search(text):
        return None
    letters = sum(each.isalpha() or each == " " for each in text)
    return text if letters >= MIN_LETTERS * len(text) else None


def _first_sentence(comment: str) -> str:
    lines: list[str] = []
    for line in comment.strip().splitlines():
        plain = line.strip()
        if TAG_LINE.match(plain) or (lines and not plain):
            break
        lines.append(plain)
    text = " ".join(lines)
    for pattern, by in _MARKUP:
        text = pattern.sub(by, text)
    text = " ".join(text.split())
    end = _SENTENCE_END.search(text)
    return (text[: end.start()] if end else text).strip(" .,:-!")


_INNER_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


def words_of(name: str) -> list[str]:
    """An identifier or path taken apart: `parseHTTPHeader_v2` -> parse, http, header, v, 2."""
    return [each.lower() for each in _INNER_WORD.findall(name)]
