"""Lists that are kept: within bounds, and the least recently used leave first."""

import numpy as np
import pytest

from pampax.search import postings as module
from pampax.search.directory import build_directory
from pampax.search.postgres import NAMES, WORDS
from pampax.search.postings import ENTRY_BYTES, KeptPostings
from pampax.storage.posting import Posting
from pampax.storage.snapshots import Snapshot

SNAPSHOT = Snapshot(1, "demo", "main", 1, 1, "1", "", False, 1, 0.0, 4, 1, 4, None)
DIRECTORY = build_directory((), np.ones(4, np.bool_), 40)


@pytest.fixture
def asked(monkeypatch):
    terms: list[str] = []

    async def read(conn, snapshot, missing, fields):
        terms.extend(missing)
        held = Posting(np.array([0, 2], np.int32), np.array([1, 2], np.uint8), np.array([5, 6], np.uint16))
        return {term: held for term in missing if term != "nowhere"}, {}

    monkeypatch.setattr(module, "read_postings", read)
    return terms


async def test_what_is_kept_is_not_read_again_even_when_nothing_holds_it(asked):
    kept = KeptPostings()
    for _ in range(2):
        found = await kept.read(None, SNAPSHOT, DIRECTORY, ("pool", "nowhere"), (WORDS, NAMES))
        assert found[WORDS]["pool"].ordinals.tolist() == [0, 2]
        assert [len(found[WORDS]["nowhere"].ordinals), len(found[NAMES]["pool"].ordinals)] == [0, 0]
    assert asked == ["pool", "nowhere"]


async def test_the_least_recently_used_leave_first(asked, monkeypatch):
    monkeypatch.setattr(module, "MAX_BYTES", 2 * (ENTRY_BYTES + 16))
    kept = KeptPostings()
    for term in ("a", "b", "a", "c", "a", "b"):
        await kept.read(None, SNAPSHOT, DIRECTORY, (term,), (WORDS,))
    assert asked == ["a", "b", "c", "b"]
