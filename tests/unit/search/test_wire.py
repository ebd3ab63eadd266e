"""What the search service refuses before it looks anything up."""

import pytest

from pampax.core.errors import InvalidRequest
from pampax.search.wire import search_request
from pampax.v1.search_service_pb2 import SearchChunksRequest


def test_only_the_gateway_knows_packs():
    with pytest.raises(InvalidRequest, match="the gateway narrows by a context pack"):
        search_request(SearchChunksRequest(query="x", pack="contexts/web"))


def test_several_patterns_arrive_in_their_order():
    assert search_request(SearchChunksRequest(query="x", path_globs=["b/", "a/"])).path_globs == ("b/", "a/")
