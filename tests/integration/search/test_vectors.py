"""Vectors: an own table with its index, snapshots that show a part of it, and answers without vectors."""

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass, replace

import psycopg
import pytest

from pampax.core.errors import DeadlineExceeded
from pampax.embedding.static import load_default
from pampax.search import vectors
from pampax.search.directories import Directories
from pampax.search.directory import Directory
from pampax.search.gather import Question, Sources, find_neighbours
from pampax.search.query import read_query
from pampax.search.request import Mode, SearchRequest
from pampax.storage.snapshots import Snapshot

SUBJECTS = [
    "socket",
    "cookie",
    "retry",
    "parser",
    "cache",
    "lock",
    "queue",
    "token",
    "buffer",
    "timer",
    "proxy",
    "header",
]
SEMANTIC = SearchRequest(query="how is a cookie parsed", mode=Mode.SEMANTIC, limit=5)


def files(*verbs):
    return {
        f"src/{verb}_{noun}.py": f"def {verb}_{noun}(value):\n    # {verb} the {noun}\n    return value.{noun}\n"
        for verb in verbs
        for noun in SUBJECTS
    }


@pytest.fixture(scope="module")
def large(new_repository, sync_database):
    """A repository with a vector table of its own, which holds more than its snapshot shows."""
    made = new_repository("large", files("parse", "open", "close"))
    made.index()
    with sync_database.tenant(made.caller.tenant_id) as conn:
        conn.execute("SELECT create_vector_table(repository_id, build_id) FROM repository_build")
    for path in files("close"):
        (made.folder / path).unlink()
    made.index()
    return made


async def test_an_own_table_is_read_through_its_index(service, large, sync_database):
    answer = await service.search(large.caller, SEMANTIC)
    table = answer.snapshots[0].vector_table
    assert table is not None
    with sync_database.tenant(large.caller.tenant_id) as conn:
        conn.execute("SET LOCAL enable_seqscan = off")  # twenty rows are read faster without any index
        statement = f"EXPLAIN SELECT ordinal FROM {table} ORDER BY embedding <=> '[{',1' * 256}]' LIMIT 5"
        plan = conn.execute(statement.replace("[,", "[")).fetchall()
    assert any(f"Index Scan using {table}_embedding_idx" in row["QUERY PLAN"] for row in plan)


async def test_the_index_and_an_exact_scan_agree(service, large):
    usual = await service.search(large.caller, SEMANTIC)
    exact = await service.search(large.caller, replace(SEMANTIC, exact_vectors=True))
    assert [(r.id, r.score) for r in usual.results] == [(r.id, pytest.approx(r.score)) for r in exact.results]
    assert usual.results


@pytest.mark.parametrize(("exact", "few"), [(False, 0), (True, 0), (True, vectors.FEW_DEAD)])
async def test_chunks_that_the_snapshot_does_not_show_are_no_neighbours(service, large, monkeypatch, exact, few):
    monkeypatch.setattr(vectors, "FEW_DEAD", few)
    request = replace(SEMANTIC, query="close the socket", limit=50, exact_vectors=exact)
    answer = await service.search(large.caller, request)
    assert answer.results
    assert not any("close" in result.path for result in answer.results)


async def test_a_refreshed_repository_in_the_shared_table_forgets_what_is_gone(service, new_repository):
    made = new_repository("small", files("parse"))
    made.index()
    (made.folder / "src/parse_cookie.py").unlink()
    made.index()
    answer = await service.search(made.caller, replace(SEMANTIC, limit=50))
    assert answer.results
    assert "src/parse_cookie.py" not in {result.path for result in answer.results}


@contextmanager
def locked(urls, table):
    """Nobody reads the table inside the block."""
    with psycopg.connect(urls.superuser) as conn:
        conn.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


async def test_vectors_that_are_late_are_left_out_and_named(service, new_repository, database_urls):
    made = new_repository("late", files("parse"))
    made.index()
    request = SearchRequest(query="parse cookie", explain=True)
    whole = await service.search(made.caller, request)
    with locked(database_urls, "chunk_vector"):
        without = await service.search(made.caller, request)
    assert (whole.degraded, without.degraded) == ((), ("semantic",))
    assert without.results[0].path == whole.results[0].path == "src/parse_cookie.py"
    assert "semantic" not in {part.source for result in without.results for part in result.evidence}
    assert (await service.search(made.caller, request)) == whole


async def test_vectors_whose_connection_is_killed_are_left_out_and_named(service, new_repository, database_urls):
    made = new_repository("killed", files("parse"))
    made.index()
    with locked(database_urls, "chunk_vector"), psycopg.connect(database_urls.superuser, autocommit=True) as conn:
        search = asyncio.create_task(service.search(made.caller, SearchRequest(query="parse cookie")))
        for _ in range(100):
            await asyncio.sleep(0.01)
            killed = conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE wait_event_type = 'Lock' AND query LIKE '%chunk_vector%' AND pid <> pg_backend_pid()"
            ).fetchall()
            if killed:
                break
        answer = await search
    assert answer.degraded == ("semantic",)
    assert answer.results[0].path == "src/parse_cookie.py"


async def test_words_that_are_late_are_left_out_and_named(service, new_repository, database_urls, monkeypatch):
    monkeypatch.setattr("pampax.search.gather.LEXICAL_TIMEOUT_S", 0.3)
    made = new_repository("late-words", files("parse"))
    made.index()
    request = SearchRequest(query="parse cookie", explain=True, limit=1)
    await service.search(made.caller, replace(request, query="warm"))
    with locked(database_urls, "posting"):
        without = await service.search(made.caller, request)
        for mode in (Mode.LEXICAL, Mode.SYMBOL):
            with pytest.raises(DeadlineExceeded):
                await service.search(made.caller, replace(request, mode=mode))
    assert without.degraded == ("lexical",)
    assert without.results
    assert "text" not in {part.source for result in without.results for part in result.evidence}
    whole = await service.search(made.caller, request)
    assert whole.degraded == ()
    assert "text" in {part.source for result in whole.results for part in result.evidence}


async def test_lists_of_terms_are_read_once(service, new_repository, database_urls, monkeypatch):
    monkeypatch.setattr("pampax.search.gather.LEXICAL_TIMEOUT_S", 0.3)
    made = new_repository("kept-words", files("parse"))
    made.index()
    request = SearchRequest(query="parse cookie", explain=True, limit=1)
    whole = await service.search(made.caller, request)
    with locked(database_urls, "posting"):
        assert await service.search(made.caller, request) == whole
        later = await service.search(made.caller, replace(request, query="parse cookie jar"))
    assert later.degraded == ("lexical",)  # one of its words was never read


async def test_without_words_and_vectors_there_is_no_answer(service, new_repository, database_urls, monkeypatch):
    monkeypatch.setattr("pampax.search.gather.LEXICAL_TIMEOUT_S", 0.3)
    monkeypatch.setattr("pampax.search.gather.SEMANTIC_TIMEOUT_S", 0.3)
    made = new_repository("late-all", files("parse"))
    made.index()
    with locked(database_urls, "posting, chunk_vector"), pytest.raises(DeadlineExceeded):
        await service.search(made.caller, SearchRequest(query="parse cookie"))


async def test_pages_of_which_one_lacks_a_part_are_not_put_together(
    service, new_repository, database_urls, monkeypatch
):
    monkeypatch.setattr("pampax.search.gather.SEMANTIC_TIMEOUT_S", 0.3)
    made = new_repository("late-page", files("parse"))
    made.index()
    request = SearchRequest(query="parse cookie", limit=1)
    first = await service.search(made.caller, request)
    assert first.next_page_token
    with locked(database_urls, "chunk_vector"):
        without = await service.search(made.caller, request)
        with pytest.raises(DeadlineExceeded):
            await service.search(made.caller, replace(request, page_token=first.next_page_token))
    assert (without.degraded, without.next_page_token) == (("semantic",), "")


async def test_modes_without_vectors_need_none(service, large, database_urls):
    table = (await service.search(large.caller, SEMANTIC)).snapshots[0].vector_table
    with locked(database_urls, table):
        answer = await service.search(large.caller, SearchRequest(query="parse_cookie", mode=Mode.LEXICAL))
    assert answer.degraded == ()
    assert answer.results[0].path == "src/parse_cookie.py"


@dataclass(frozen=True)
class Neighbourhood:
    """What a search holds in its hands between resolving the snapshot and asking for vectors."""

    sources: Sources
    question: Question
    snapshot: Snapshot
    directory: Directory

    async def find(self):
        neighbours, degraded = await find_neighbours(self.sources, self.question, self.snapshot, self.directory)
        return (0 if neighbours is None else len(neighbours.ordinals)), degraded


@pytest.fixture
def resolved(service, new_repository, database):
    """Of a new repository."""

    async def make(name):
        made = new_repository(name, files("parse"))
        made.index()
        answer = await service.search(made.caller, SEMANTIC)
        question = Question(made.caller.tenant_id, SEMANTIC, read_query(SEMANTIC.query, None))
        directory = await Directories(database).get(made.caller.tenant_id, answer.snapshots[0])
        return Neighbourhood(Sources(database, load_default()), question, answer.snapshots[0], directory)

    return make


async def test_an_own_table_that_is_made_after_resolving_is_found(resolved, sync_database):
    begun = await resolved("growing")
    with sync_database.tenant(begun.question.tenant_id) as conn:
        conn.execute("SELECT create_vector_table(repository_id, build_id) FROM repository_build")
    assert await begun.find() == (len(SUBJECTS), ())


async def test_an_own_table_that_is_dropped_meanwhile_is_named(resolved, sync_database, database_urls):
    begun = await resolved("dropped")
    with sync_database.tenant(begun.question.tenant_id) as conn:
        conn.execute("SELECT create_vector_table(repository_id, build_id) FROM repository_build")
    with psycopg.connect(database_urls.superuser) as conn:  # as a reader sees it whose moment is before the drop
        conn.execute(f"DROP TABLE vector_{begun.snapshot.repository_id}_{begun.snapshot.build_id}")
    assert await begun.find() == (0, ("semantic",))


async def test_vectors_that_are_gone_are_named(resolved, sync_database):
    begun = await resolved("emptied")
    with sync_database.tenant(begun.question.tenant_id) as conn:
        conn.execute("DELETE FROM chunk_vector")
    assert await begun.find() == (0, ("semantic",))


async def test_a_question_without_a_known_word_is_whole(service, large):
    answer = await service.search(large.caller, replace(SEMANTIC, query="qzxv"))
    assert answer.degraded == ()
