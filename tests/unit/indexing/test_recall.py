"""The check asks the vector index as the search does; the services share no code, so the figures are compared here."""

from pampax.indexing.checking import recall
from pampax.search import gather, vectors


def test_the_check_asks_for_as_much_as_a_search() -> None:
    asked = (recall.WANTED, recall.SPARE, recall.MAX_EF_SEARCH)
    assert asked == (gather.MAX_NEIGHBOURS, vectors.SPARE, vectors.MAX_EF_SEARCH)
