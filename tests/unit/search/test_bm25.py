import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pampax.search.bm25 import TEXT, idf, score_chunks
from pampax.storage.posting import Posting


def posting(entries):
    ordinals, tfs, lengths = (list(column) for column in zip(*entries, strict=True)) if entries else ([], [], [])
    return Posting(np.array(ordinals, np.int32), np.array(tfs, np.uint8), np.array(lengths, np.uint16))


def test_scores_are_those_of_the_formula():
    postings = {"pool": posting([(0, 2, 10), (2, 1, 30)])}
    scored = score_chunks(postings, {"pool": 1.0}, np.ones(3, bool), 3, 20.0, TEXT)
    expected = [idf(3, 2) * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * length / 20)) for tf, length in ((2, 10), (1, 30))]
    assert scored.ordinals.tolist() == [0, 2]
    assert scored.scores.tolist() == pytest.approx(expected, rel=1e-6)


def test_a_term_that_no_live_chunk_holds_counts_for_nothing():
    live = np.array([False, True])
    scored = score_chunks({"gone": posting([(0, 1, 5)])}, {"gone": 1.0}, live, 1, 5.0, TEXT)
    assert not len(scored.ordinals)
    assert "gone" not in scored.idf


def test_an_ordinal_past_the_snapshot_is_not_seen():
    scored = score_chunks({"new": posting([(1, 1, 5), (9, 1, 5)])}, {"new": 1.0}, np.ones(3, bool), 3, 5.0, TEXT)
    assert scored.ordinals.tolist() == [1]
    assert scored.idf["new"] == pytest.approx(math.log(1 + (3 - 1 + 0.5) / 1.5))


@given(
    st.dictionaries(
        st.sampled_from("abcdef"),
        st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9), st.integers(1, 99)), unique_by=lambda e: e[0]),
    ),
    st.sets(st.integers(0, 30), min_size=1),
)
def test_dead_chunks_change_no_score(lists, alive):
    """An index that still holds deleted chunks answers as one that never had them."""
    live = np.zeros(31, bool)
    live[list(alive)] = True
    whole = {term: posting(sorted(entries)) for term, entries in lists.items()}
    clean = {term: posting(sorted(e for e in entries if e[0] in alive)) for term, entries in lists.items()}
    weights = dict.fromkeys(lists, 1.0)
    a = score_chunks(whole, weights, live, len(alive), 10.0, TEXT)
    b = score_chunks(clean, weights, live, len(alive), 10.0, TEXT)
    assert a.ordinals.tolist() == b.ordinals.tolist()
    assert a.scores.tolist() == b.scores.tolist()
    assert a.idf == b.idf
