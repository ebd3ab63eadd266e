"""Vectors: an own table with its index, snapshots that show a part of it, and answers without vectors."""

import asyncio
from contextlib import contextmanager
from dataclasses import replace

import psycopg
import pytest

from pampax.search.request import Mode, SearchRequest

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


@pytest.mark.parametrize("exact", [False, True])
async def test_chunks_that_the_snapshot_does_not_show_are_no_neighbours(service, large, exact):
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


async def test_modes_without_vectors_need_none(service, large, database_urls):
    table = (await service.search(large.caller, SEMANTIC)).snapshots[0].vector_table
    with locked(database_urls, table):
        answer = await service.search(large.caller, SearchRequest(query="parse_cookie", mode=Mode.LEXICAL))
    assert answer.degraded == ()
    assert answer.results[0].path == "src/parse_cookie.py"
