"""The check asks the vector index as the search does; the services share no code, so the figures are compared here."""

from pampax.indexing.checking.recall import WANTED
from pampax.search.gather import MAX_NEIGHBOURS


def test_the_check_wants_as_many_as_a_search() -> None:
    assert WANTED == MAX_NEIGHBOURS
