"""How many candidates an index of vectors is asked for."""

from __future__ import annotations

from pampax.storage.vector_index import MAX_EF_SEARCH, candidates


def test_a_larger_graph_is_asked_for_more() -> None:
    counts = [candidates(256, rows, rows) for rows in (20_000, 100_000, 500_000)]
    assert 256 <= counts[0] < counts[1] < counts[2]


def test_room_is_left_for_the_dead() -> None:
    assert candidates(256, 100_000, 50_000) >= 2 * candidates(256, 100_000, 100_000) - 1


def test_more_than_pgvector_takes_is_not_asked_for() -> None:
    assert candidates(256, 1_000_000, 100_000) == MAX_EF_SEARCH
    assert candidates(256, 0, 0) == 1
