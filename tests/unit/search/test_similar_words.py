"""How words of names match, and that those found without comparing are those that comparing with each finds."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pampax.search.similar_words import SimilarWords, form_match, word_form

WORDS = st.text("abcegst_é1", max_size=9)


def word_match(a: str, b: str) -> float:
    return form_match(word_form(a), word_form(b))


@pytest.mark.parametrize(
    ("a", "b", "match"),
    [
        ("parsers", "parser", 1.0),
        ("auth", "authentication", 0.6),
        ("impl", "implementation", 0.6),
        ("cfg", "config", 0.35),
        ("msg", "message", 0.35),
        ("db", "database", 0.0),
        ("a", "application", 0.0),
        ("web", "socket", 0.0),
        ("", "", 0.0),
    ],
)
def test_words_match_exactly_by_prefix_or_by_abbreviation(a: str, b: str, match: float) -> None:
    assert word_match(a, b) == match


@given(st.text("abcdeg", max_size=8), st.text("abcdeg", max_size=8))
def test_word_match_is_symmetric(a: str, b: str) -> None:
    assert word_match(a, b) == word_match(b, a)


@given(st.lists(WORDS, max_size=30, unique=True), WORDS)
@example(["configuration", "cfg", "config", "con", "scheduler"], "config")
@example(["message", "msg", "messages"], "msg")
@example([], "word")
@example(["", "a"], "")
def test_all_that_match_are_found_with_their_match(words: list[str], term: str) -> None:
    places, matches = SimilarWords(words).matching(term)
    found = {words[place]: round(float(match), 2) for place, match in zip(places, matches, strict=True)}
    assert found == {word: word_match(term, word) for word in words if word_match(term, word)}


def test_letters_that_share_a_bit_are_told_apart() -> None:
    # q and \u0431 have the same bit of 64.
    places, _ = SimilarWords(["cqg\u0431", "cfgq"]).matching("cqg")
    assert places.tolist() == [0]
