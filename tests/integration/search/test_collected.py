"""Searches whose snapshot goes while they are under way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pampax.core.errors import FailedPrecondition
from pampax.indexing.run import collection
from pampax.search import service as use_cases
from pampax.search.request import SearchRequest
from pampax.storage.snapshots import NOT_INDEXED


@pytest.fixture
def before_the_texts_are_read(monkeypatch) -> Callable[[Callable[[], object]], None]:
    """Does something in the middle of the next searches for a name; for a sentence texts are read earlier."""
    read_results: Callable[..., Awaitable[Any]] = use_cases.read_results

    def arrange(what: Callable[[], object]) -> None:
        async def after_it(*arguments: Any, **options: Any) -> Any:
            what()
            return await read_results(*arguments, **options)

        monkeypatch.setattr(use_cases, "read_results", after_it)

    return arrange


async def test_a_search_under_way_keeps_what_a_publish_and_a_collection_take_from_later_ones(
    service, new_repository, monkeypatch, before_the_texts_are_read
) -> None:
    monkeypatch.setattr(collection, "COLLECT_EVERY_S", 0.0)
    made = new_repository(
        "refreshed", {"src/parse.py": "def parse_cookie(text):\n    return text\n", "a.py": "x = 1\n"}
    )
    made.index()

    def replace() -> None:
        (made.folder / "src/parse.py").unlink(missing_ok=True)
        made.index()

    before_the_texts_are_read(replace)
    request = SearchRequest(query="parse_cookie")
    assert "src/parse.py" in {result.path for result in (await service.search(made.caller, request)).results}
    assert "src/parse.py" not in {result.path for result in (await service.search(made.caller, request)).results}


async def test_a_search_whose_repository_is_deleted_under_way_goes_on_with_the_others(
    service, new_repository, sync_database, before_the_texts_are_read
) -> None:
    kept = new_repository("kept", {"src/parse.py": "def parse_cookie(text):\n    return text\n"})
    gone = new_repository("gone", {"lib/parse.py": "def parse_cookie(text):\n    return text * 2\n"}, beside=kept)
    assert (kept.index(), gone.index()) == ("succeeded", "succeeded")
    request = SearchRequest(query="parse_cookie")
    both = await service.search(kept.caller, request)
    assert {result.snapshot.repository for result in both.results} == {"kept", "gone"}

    def delete() -> None:
        with sync_database.tenant(kept.caller.tenant_id) as conn:
            conn.execute("DELETE FROM repository WHERE name = 'gone'")

    before_the_texts_are_read(delete)
    answer = await service.search(kept.caller, request)
    assert {result.snapshot.repository for result in answer.results} == {"kept"}


async def test_a_search_whose_snapshot_is_dropped_under_way_looks_again_even_while_the_rows_are_there(
    service, new_repository, sync_database, before_the_texts_are_read
) -> None:
    made = new_repository("dropped", {"src/parse.py": "def parse_cookie(text):\n    return text\n"})
    made.index()
    request = SearchRequest(query="parse_cookie", repositories=("dropped",))
    assert (await service.search(made.caller, request)).results

    def drop() -> None:
        """What was read before may have had holes: nobody can tell any more."""
        with sync_database.tenant(made.caller.tenant_id) as conn:
            conn.execute("DELETE FROM ref")
            conn.execute("DELETE FROM snapshot")

    before_the_texts_are_read(drop)
    with pytest.raises(FailedPrecondition) as caught:
        await service.search(made.caller, request)
    assert caught.value.reason == NOT_INDEXED
