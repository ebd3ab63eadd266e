import base64
from dataclasses import replace

import pytest

from pampax.core.errors import FailedPrecondition, InvalidRequest
from pampax.search.pages import MAX_DEPTH, next_token, offset_of
from pampax.search.request import SearchRequest
from pampax.storage.snapshots import Snapshot

SNAPSHOT = Snapshot(1, "demo", "main", 7, 1, "1-abc", "", False, 3, 0.0, 10, 2, 100, None)
REQUEST = SearchRequest(query="pool")
INFINITE = base64.urlsafe_b64encode(b'{"o": Infinity}').decode()
NESTED = base64.urlsafe_b64encode(b"[" * 3_000).decode()  # brackets by the thousand


def paged(token, request=REQUEST):
    return replace(request, page_token=token)


def test_a_token_leads_to_its_offset():
    assert offset_of(paged(next_token(REQUEST, [SNAPSHOT], 10)), [SNAPSHOT]) == 10


def test_no_token_means_the_first_page():
    assert offset_of(REQUEST, [SNAPSHOT]) == 0


@pytest.mark.parametrize("token", ["x", "!!!", "é", base64.urlsafe_b64encode(b"[]").decode(), "e30=", NESTED, INFINITE])
def test_a_damaged_token_is_refused(token):
    with pytest.raises(InvalidRequest, match="page_token"):
        offset_of(paged(token), [SNAPSHOT])


def test_a_token_of_another_request_is_refused():
    token = next_token(REQUEST, [SNAPSHOT], 10)
    with pytest.raises(InvalidRequest, match="another request"):
        offset_of(paged(token, SearchRequest(query="other")), [SNAPSHOT])


def test_a_stale_page_token_is_refused():
    token = next_token(REQUEST, [SNAPSHOT], 10)
    with pytest.raises(FailedPrecondition, match="changed"):
        offset_of(paged(token), [replace(SNAPSHOT, generation=4)])


def test_pages_end_at_the_greatest_depth():
    assert next_token(REQUEST, [SNAPSHOT], MAX_DEPTH) == ""
