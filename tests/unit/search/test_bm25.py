import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pampax.search.bm25 import OF_NAMES, Parameters, Scored, idf, live_lists, score_chunks
from pampax.search.directory import build_directory
from pampax.storage.posting import Posting

TEXT = Parameters(k1=1.2, b=0.75, mean_length=20.0)


def posting(entries):
    ordinals, tfs, lengths = (list(column) for column in zip(*entries, strict=True)) if entries else ([], [], [])
    return Posting(np.array(ordinals, np.int32), np.array(tfs, np.uint8), np.array(lengths, np.uint16))


def scored_by(postings, weights, snapshot, parameters):
    return score_chunks(live_lists(postings, snapshot, parameters), weights, snapshot)


def directory(live):
    return build_directory((), np.array(live, bool), 20 * sum(live))


def test_scores_are_those_of_the_formula():
    postings = {"pool": posting([(0, 2, 10), (2, 1, 30)])}
    scored = scored_by(postings, {"pool": 1.0}, directory([True] * 3), TEXT)
    expected = [idf(3, 2) * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * length / 20)) for tf, length in ((2, 10), (1, 30))]
    assert scored.ordinals.tolist() == [0, 2]
    assert scored.scores.tolist() == pytest.approx(expected, rel=1e-6)
    assert scored.coverage.tolist() == [1.0, 1.0]


def test_a_term_that_no_live_chunk_holds_counts_for_nothing():
    scored = scored_by({"gone": posting([(0, 1, 5)])}, {"gone": 1.0}, directory([False, True]), TEXT)
    assert not len(scored.ordinals)
    assert "gone" not in scored.idf


def test_an_ordinal_past_the_snapshot_is_not_seen():
    scored = scored_by({"new": posting([(1, 1, 5), (9, 1, 5)])}, {"new": 1.0}, directory([True] * 3), TEXT)
    assert scored.ordinals.tolist() == [1]
    assert scored.idf["new"] == pytest.approx(math.log(1 + (3 - 1 + 0.5) / 1.5))


def test_the_strongest_keep_equals_of_the_last_one():
    scores = np.array([1, 3, 2, 2, 0.5], np.float32)
    scored = Scored(np.arange(5, dtype=np.int32), scores, scores, {})
    assert scored.strongest(2).ordinals.tolist() == [1, 2, 3]
    assert scored.strongest(5) is scored


Lists = st.dictionaries(
    st.sampled_from("abcdef"),
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9), st.integers(1, 99)), unique_by=lambda e: e[0]),
)


@given(Lists, st.sets(st.integers(0, 30), min_size=1))
def test_dead_chunks_change_no_score(lists, alive):
    """An index that still holds deleted chunks answers as one that never had them."""
    snapshot = directory([ordinal in alive for ordinal in range(31)])
    whole = {term: posting(sorted(entries)) for term, entries in lists.items()}
    clean = {term: posting(sorted(e for e in entries if e[0] in alive)) for term, entries in lists.items()}
    weights = dict.fromkeys(lists, 1.0)
    a, b = scored_by(whole, weights, snapshot, OF_NAMES), scored_by(clean, weights, snapshot, OF_NAMES)
    assert a.ordinals.tolist() == b.ordinals.tolist()
    assert a.scores.tolist() == b.scores.tolist()
    assert a.idf == b.idf


@given(Lists, st.randoms(use_true_random=False))
def test_the_order_in_which_lists_arrive_changes_no_bit(lists, chance):
    shuffled = list(lists.items())
    chance.shuffle(shuffled)
    weights, snapshot = dict.fromkeys("abcdef", 0.7), directory([True] * 31)
    a, b = (
        scored_by({term: posting(sorted(entries)) for term, entries in arrived}, weights, snapshot, TEXT)
        for arrived in (lists.items(), shuffled)
    )
    assert a.scores.tobytes() == b.scores.tobytes()
    assert a.coverage.tobytes() == b.coverage.tobytes()
