"""Chunks whose words are close to those of the question go up, by as much as their evidence says."""

from __future__ import annotations

import pytest

from pampax.embedding.static import load_default
from pampax.search.closeness import with_closeness
from pampax.search.postgres import Passage
from pampax.search.ranking import RankedChunk
from pampax.search.weights import CLOSENESS


def chunk(ordinal: int, score: float) -> RankedChunk:
    return RankedChunk(ordinal, ordinal, ordinal, 0, 1.0, 0.0, score)


def passage(ordinal: int, content: str) -> Passage:
    return Passage(ordinal, b"", "python", 1, 1, "function", "", content)


QUESTION = "delete a file"
FAR, NEAR = passage(1, "class Colour: ..."), passage(2, "def remove_file(path): ...")


def test_the_closer_of_two_equals_goes_first_and_gains_what_its_evidence_says() -> None:
    first, second = with_closeness(load_default(), QUESTION, [FAR, NEAR], [chunk(1, 5.0), chunk(2, 5.0)])
    assert (first.ordinal, second.ordinal) == (2, 1)
    assert first.score == pytest.approx(5.0 + CLOSENESS * first.closeness)
    assert (second.score, second.closeness) == (5.0, 0.0)


def test_chunks_that_were_not_read_stay_behind() -> None:
    chunks = [chunk(1, 5.0), chunk(2, 4.9), chunk(3, 4.8), chunk(4, 4.7)]
    found = with_closeness(load_default(), QUESTION, [FAR, NEAR], chunks)
    assert [each.ordinal for each in found] == [2, 1, 3, 4]
    assert [each.score for each in found[2:]] == [4.8, 4.7]


def test_a_question_without_known_words_changes_nothing() -> None:
    chunks = [chunk(1, 5.0), chunk(2, 5.0)]
    assert with_closeness(load_default(), "", [FAR, NEAR], chunks) == chunks
