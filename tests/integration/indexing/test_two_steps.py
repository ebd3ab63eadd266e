"""A large first index: found by words first, by vectors when these are there, in the end the same as in one step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pampax.core.errors import Cancelled
from pampax.indexing import postgres
from pampax.indexing.model import IndexResult, RefState
from pampax.indexing.run import collection, derive, indexing, late_vectors, maintenance
from pampax.indexing.run.derive import Deriver
from pampax.indexing.run.late_vectors import LateVectors
from pampax.search.request import Mode

from .histories import History, histories
from .live_rows import content
from .systems import System
from .test_histories import FEW, WANTED, nothing_is_left_over, nothing_is_missing, take_care
from .trees import modules, write

FILES = 9
REF = "worktree"
NEVER = 1 << 40

Between: TypeAlias = Callable[[Callable[[], None]], AbstractContextManager[None]]


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is large, and everything is due."""
    monkeypatch.setattr(indexing, "TWO_STEPS_BYTES", 0)
    monkeypatch.setattr(late_vectors, "RANGE_CHUNKS", 2)
    monkeypatch.setattr(collection, "COLLECT_EVERY_S", 0.0)
    monkeypatch.setattr(collection, "MOST_DOCUMENTS", 3)


@pytest.fixture
def repository(system: System, tmp_path: Path) -> int:
    """Of nine files with a chunk each."""
    return system.new(write(tmp_path / "r", modules(FILES)), "path")


@pytest.fixture
def between(monkeypatch: pytest.MonkeyPatch) -> Between:
    """Does something after the first publish and before any vector."""

    @contextmanager
    def patched(act: Callable[[], None]) -> Iterator[None]:
        complete = LateVectors.complete

        def with_act(self: LateVectors, published: IndexResult) -> IndexResult:
            act()
            return complete(self, published)

        with monkeypatch.context() as patch:
            patch.setattr(LateVectors, "complete", with_act)
            yield

    return patched


def cancel_after(patch: pytest.MonkeyPatch, ranges: int) -> None:
    """A cancel that is heard when so many ranges of chunks have got their vectors."""
    left = [ranges]
    written = LateVectors._written

    def until(self: LateVectors, *asked: Any) -> None:
        if not left[0]:
            raise Cancelled("the operation was cancelled")
        left[0] -= 1
        written(self, *asked)

    patch.setattr(LateVectors, "_written", until)


def test_many_vectors_are_made_in_a_process_beside_and_are_the_same(
    system: System, repository: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rows() -> list[str]:
        asked = "SELECT embedding::text AS row FROM chunk_vector WHERE repository_id = %s AND build_id ="
        asked += " (SELECT max(build_id) FROM chunk_vector WHERE repository_id = %s)"
        return sorted(row["row"] for row in system.query(asked, [repository, repository]))

    system.index(repository, "")
    here = rows()
    monkeypatch.setattr(derive, "BESIDE_FROM_CHUNKS", FILES)
    system.index(repository, "", full=True)
    assert len(here) == FILES
    assert rows() == here


def vectors(system: System, repository_id: int) -> list[int]:
    rows = system.query("SELECT ordinal FROM chunk_vector WHERE repository_id = %s ORDER BY 1", [repository_id])
    return [row["ordinal"] for row in rows]


def state(system: System, repository_id: int) -> RefState:
    async def read() -> RefState:
        async with system.searching.tenant(system.caller.tenant_id) as conn:
            (found,) = await postgres.repositories(conn, [repository_id])
            return found.refs[0]

    return system.loop.run_until_complete(read())


QUESTION = {Mode.REGEX: r"task_3_\d\b", Mode.LITERAL: "task_3_1"}


def test_words_are_found_before_vectors_and_the_answers_say_so(
    system: System, repository: int, between: Between
) -> None:
    seen: dict[str, Any] = {}

    def look() -> None:
        seen["state"] = state(system, repository)
        for mode in Mode:
            seen[mode.value] = system.answer(repository, REF, QUESTION.get(mode, "task_3_1 value"), mode)

    with between(look):
        system.index(repository, "")
    first: RefState = seen["state"]
    assert (first.generation, first.chunks, first.pending_vectors) == (1, FILES, FILES)
    hybrid, semantic = seen["hybrid"], seen["semantic"]
    assert hybrid.results[0].path == "pkg3/mod_3.py"
    assert hybrid.degraded == semantic.degraded == ("semantic",)
    assert hybrid.notices == semantic.notices
    assert "vectors pending, 0 of 9 embedded" in hybrid.notices[0]
    assert semantic.results == ()
    for mode in ("lexical", "symbol", "regex", "literal"):
        assert (seen[mode].degraded, seen[mode].notices) == ((), ())
        assert seen[mode].results[0].path == "pkg3/mod_3.py"
    last = state(system, repository)
    assert (last.generation, last.chunks, last.pending_vectors) == (2, FILES, 0)
    assert last.published_at == first.published_at  # the source was not read again
    for mode in Mode:
        after = system.answer(repository, REF, QUESTION.get(mode, "task_3_1 value"), mode)
        assert (after.degraded, after.notices) == ((), ())
        assert after.results
    assert vectors(system, repository) == list(range(FILES))


def test_answers_count_what_is_embedded_so_far(
    system: System, repository: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        cancel_after(patch, 2)
        operation_id = system.index(repository, "", ends=["cancelled"])
    assert state(system, repository).pending_vectors == FILES - 4
    answer = system.answer(repository, REF, "task_3_1 value", Mode.HYBRID)
    assert "vectors pending, 4 of 9 embedded" in answer.notices[0]
    assert vectors(system, repository) == list(range(4))
    (row,) = system.query("SELECT stage, total FROM operation WHERE operation_id = %s", [operation_id])
    assert (row["stage"], row["total"]) == ("cancelled", FILES)


def test_pages_of_a_snapshot_without_vectors_fit_together(system: System, repository: int, between: Between) -> None:
    pages: list[Any] = []

    def look() -> None:
        token = ""
        for _ in range(FILES):
            pages.append(system.answer(repository, REF, "value", Mode.HYBRID, limit=2, page_token=token))
            token = pages[-1].next_page_token
            if not token:
                break

    with between(look):
        system.index(repository, "")
    assert len({result.id for page in pages for result in page.results}) == FILES


def test_a_small_repository_is_published_once(system: System, repository: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "TWO_STEPS_BYTES", 32 * 1024 * 1024)
    system.index(repository, "")
    assert (state(system, repository).generation, state(system, repository).pending_vectors) == (1, 0)


def test_a_repository_that_answers_is_published_once(system: System, repository: int) -> None:
    system.index(repository, "")
    system.index(repository, "", full=True)
    assert state(system, repository).generation == 3  # the first index took two
    marked = "SELECT 1 FROM repository_build WHERE repository_id = %s AND vectors_to IS NOT NULL"
    assert not system.query(marked, [repository])


def test_whoever_takes_an_operation_up_between_the_steps_embeds_the_rest(
    system: System, repository: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded: list[int] = []
    embed = Deriver.vectors
    operation_id = system.queued(repository, "")

    def counted(self: Deriver, chunks: Any) -> Any:
        embedded.append(len(chunks))
        if len(embedded) == 4:
            system.query("UPDATE operation SET lease_token = lease_token + 1, lease_expires_at = now() RETURNING 1")
        return embed(self, chunks)

    monkeypatch.setattr(Deriver, "vectors", counted)
    assert system.run(operation_id)["state"] == "running"  # what the first worker still does has no effect
    done = len(vectors(system, repository))
    assert 0 < done < FILES
    embedded.clear()
    row = system.run(operation_id)
    assert (row["state"], row["attempts"]) == ("succeeded", 2)
    assert sum(embedded) == FILES - done
    assert vectors(system, repository) == list(range(FILES))
    assert row["result"]["status"]["generation"] == state(system, repository).generation == 2
    assert (row["result"]["changed"], row["result"].get("pending_vectors")) == (True, None)


@pytest.mark.parametrize("full", [False, True])
def test_a_shutdown_between_the_steps_hands_the_operation_on(
    system: System, repository: int, between: Between, monkeypatch: pytest.MonkeyPatch, full: bool
) -> None:
    stopping = [False]
    monkeypatch.setattr(system.runner, "_stop_requested", lambda: stopping[0])
    operation_id = system.queued(repository, "", full=full)
    with between(lambda: stopping.__setitem__(0, True)):
        assert system.run(operation_id)["state"] == "running"
    assert state(system, repository).pending_vectors == FILES
    stopping[0] = False
    assert system.run(operation_id)["state"] == "succeeded"
    assert state(system, repository).pending_vectors == 0


def test_an_operation_that_is_given_up_between_the_steps_has_not_succeeded(
    system: System, repository: int, between: Between, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping = [False]
    monkeypatch.setattr(system.runner, "_stop_requested", lambda: stopping[0])
    operation_id = system.queued(repository, "")
    with between(lambda: stopping.__setitem__(0, True)):
        system.run(operation_id)
    stopping[0] = False
    system.query("UPDATE operation SET attempts = 5 WHERE operation_id = %s RETURNING 1", [operation_id])
    row = system.run(operation_id)
    assert (row["state"], row["error"]["reason"]) == ("failed", "ATTEMPTS_EXHAUSTED")
    assert "vectors are missing" in row["error"]["message"]
    system.index(repository, "")
    assert state(system, repository).pending_vectors == 0


def test_an_unheard_commit_doubles_nothing(system: System, repository: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_written", "_publish"):
        once = getattr(LateVectors, name)

        def twice(self: LateVectors, *asked: Any, once: Callable[..., Any] = once) -> Any:
            once(self, *asked)
            return once(self, *asked)

        monkeypatch.setattr(LateVectors, name, twice)
    system.index(repository, "")
    assert vectors(system, repository) == list(range(FILES))
    assert state(system, repository).generation == 2


def test_a_ref_that_is_deleted_between_the_steps_stays_away(system: System, repository: int, between: Between) -> None:
    with between(lambda: system.forget(repository, REF)):
        system.index(repository, "")
    assert not system.query("SELECT 1 FROM ref WHERE repository_id = %s", [repository])
    system.index(repository, "")
    assert (state(system, repository).chunks, state(system, repository).pending_vectors) == (FILES, 0)
    assert len(vectors(system, repository)) == FILES


def test_a_repository_that_is_deleted_between_the_steps_is_told(
    system: System, repository: int, between: Between
) -> None:
    async def delete() -> None:
        async with system.searching.tenant(system.caller.tenant_id) as conn:
            await postgres.delete_repository(conn, repository)

    with between(lambda: system.loop.run_until_complete(delete())):
        system.runner.run(system.queued(repository, ""), system.caller.tenant_id)
    assert not vectors(system, repository)
    assert not system.query("SELECT 1 FROM repository_build WHERE repository_id = %s", [repository])


def test_vectors_of_a_large_repository_go_to_their_own_table_and_are_indexed_when_all_are_there(
    system: System, repository: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "EXACT_SCAN_CHUNKS", 3)
    with monkeypatch.context() as patch:
        cancel_after(patch, 3)
        system.index(repository, "", ends=["cancelled"])
    (counters,) = system.query("SELECT vector_table FROM repository_build WHERE repository_id = %s", [repository])
    table = counters["vector_table"]
    indexes = "SELECT count(*) AS n FROM pg_indexes WHERE tablename = %s AND indexdef LIKE '%%hnsw%%'"
    assert system.query(indexes, [table]) == [{"n": 0}]
    assert system.query(f"SELECT count(*) AS n FROM {table}") == [{"n": 6}]
    for _ in range(2):
        system.index(repository, "")
        assert system.query(indexes, [table]) == [{"n": 1}]
        assert system.query(f"SELECT count(*) AS n FROM {table}") == [{"n": FILES}]
    assert not vectors(system, repository)


def test_after_the_last_ref_was_deleted_nothing_waits_for_a_vector(
    system: System, repository: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        cancel_after(patch, 1)
        system.index(repository, "", ends=["cancelled"])
    system.forget(repository, REF)
    monkeypatch.setattr(indexing, "TWO_STEPS_BYTES", NEVER)
    system.index(repository, "")
    assert (state(system, repository).generation, state(system, repository).pending_vectors) == (1, 0)


@pytest.mark.timeout(max(120, 30 * WANTED))
@settings(
    max_examples=WANTED or FEW,
    derandomize=not WANTED,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    steps=histories,
    cuts=st.lists(st.sampled_from([0, 1, 3, NEVER]), min_size=8, max_size=8),
    kind=st.sampled_from(["path", "git_url"]),
    own_table=st.booleans(),
)
def test_an_index_in_two_steps_that_are_cut_apart_equals_one_in_one_step(
    system: System, monkeypatch: pytest.MonkeyPatch, steps: list[Any], cuts: list[int], kind: str, own_table: bool
) -> None:
    """Refreshes, collections, full runs and deleted refs come between; cut so many ranges after the first publish."""
    monkeypatch.setattr(maintenance, "EXACT_SCAN_CHUNKS", 3 if own_table else 5_000)
    history = History(system.folder / f"tree{next(system.numbers)}")
    grown = system.new(history.root, kind)
    with monkeypatch.context() as patch:
        cancel_after(patch, cuts[0])
        system.index(grown, "main", ends=["succeeded", "cancelled"])
    for (changes, care), cut in zip(steps, cuts[1:], strict=False):
        for change in changes:
            history.apply(change)
        with monkeypatch.context() as patch:
            cancel_after(patch, cut)
            take_care(system, history, grown, care, ends=["succeeded", "cancelled"])
        nothing_is_missing(system, grown)
    for branch in history.branches():
        history.switch(branch)
        system.index(grown, branch)
        fresh = system.new(history.root, kind)
        with monkeypatch.context() as patch:
            patch.setattr(indexing, "TWO_STEPS_BYTES", NEVER)
            system.index(fresh, branch)
        assert content(system.query, grown, branch) == content(system.query, fresh, branch)
        assert system.answers(grown, branch) == system.answers(fresh, branch)
    system.pass_an_hour(grown)
    system.index(grown, history.branch)
    nothing_is_missing(system, grown)
    nothing_is_left_over(system, grown)


def test_documents_are_put_together_up_to_the_bounds() -> None:
    size = late_vectors.RANGE_BYTES
    documents = [(5, 1, 10), (6, 1, 10), (7, 3, 10), (10, 1, size), (11, 0, 1), (11, 1, 1), (40, 1, 1)]
    assert list(late_vectors.ranges_of(documents)) == [(5, 7), (7, 10), (10, 11), (11, 12), (40, 41)]
    assert list(late_vectors.ranges_of([])) == []
