"""Page tokens: an offset bound to the request and the generations it was answered from."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace

from pampax.core.errors import FailedPrecondition, InvalidRequest
from pampax.search.request import SearchRequest
from pampax.search.weights import RANKING_VERSION
from pampax.storage.snapshots import Snapshot

MAX_DEPTH = 1_000  # results over all pages


def offset_of(request: SearchRequest, snapshots: Sequence[Snapshot]) -> int:
    """InvalidRequest for a token that is damaged or of another request, FailedPrecondition for a stale one."""
    if not request.page_token:
        return 0
    try:
        given = json.loads(base64.urlsafe_b64decode(request.page_token.encode()))
        offset, asked, state = int(given["o"]), str(given["q"]), str(given["s"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError, binascii.Error):
        raise InvalidRequest(
            "page_token is not one that a search returned; leave it out to start again",
            fields={"page_token": "not a token of this service"},
        ) from None
    if asked != _request_hash(request) or not 0 <= offset <= MAX_DEPTH:
        raise InvalidRequest(
            "page_token belongs to another request; repeat the request it came from, or leave it out",
            fields={"page_token": "made for another request"},
        )
    if state != _state_hash(snapshots):
        raise FailedPrecondition(
            "the index has changed since the first page; start again without page_token", reason="STALE_PAGE_TOKEN"
        )
    return offset


def next_token(request: SearchRequest, snapshots: Sequence[Snapshot], offset: int) -> str:
    """The token of the page that starts at `offset`; empty past the last page that can be asked for."""
    if offset >= MAX_DEPTH:
        return ""
    content = {"o": offset, "q": _request_hash(request), "s": _state_hash(snapshots)}
    return base64.urlsafe_b64encode(json.dumps(content, separators=(",", ":")).encode()).decode()


def _request_hash(request: SearchRequest) -> str:
    fields = asdict(replace(request, page_token="", max_staleness_s=None, explain=False, why_not=""))
    text = json.dumps(
        fields, sort_keys=True, default=lambda value: sorted(value) if isinstance(value, frozenset) else str(value)
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _state_hash(snapshots: Sequence[Snapshot]) -> str:
    text = json.dumps(
        [RANKING_VERSION, *((each.repository_id, each.snapshot_id, each.generation) for each in snapshots)]
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]
