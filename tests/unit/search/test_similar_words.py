"""The words found without comparing are those that comparing with each finds."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from pampax.codeintel.terms import word_match
from pampax.search.similar_words import SimilarWords

WORDS = st.text("abcegst_é1", max_size=9)


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
