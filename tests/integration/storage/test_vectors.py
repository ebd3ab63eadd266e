"""Vector tables: rows move as a whole, HNSW finds what a scan finds, and row security goes with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray
from psycopg import errors as pg
from psycopg import sql

from pampax.storage.database import SyncDatabase
from pampax.storage.isolation import isolation_findings
from pampax.storage.session import SyncConnection

if TYPE_CHECKING:
    from tests.conftest import DatabaseUrls
    from tests.integration.storage.conftest import NewPlace, Place

DIMENSIONS = 256
CLUSTERS = 40
Vectors = NDArray[np.float32]

SCAN = sql.SQL(
    "SELECT ordinal FROM chunk_vector WHERE repository_id = %(r)s AND build_id = %(b)s"
    " ORDER BY embedding <=> %(q)s::halfvec, ordinal LIMIT 10"
)
# The index proposes, the distance decides: more candidates than asked for, then the exact order.
INDEXED = (
    "SELECT ordinal FROM (SELECT ordinal, embedding <=> %(q)s::halfvec AS distance FROM {}"
    " ORDER BY embedding <=> %(q)s::halfvec LIMIT 100) near ORDER BY distance, ordinal LIMIT 10"
)


def clustered(count: int, seed: int) -> Vectors:
    """Vectors around a few centres, as real embeddings are."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(size=(CLUSTERS, DIMENSIONS))
    return (centres[random.integers(0, CLUSTERS, count)] + 0.7 * random.normal(size=(count, DIMENSIONS))).astype("f4")


def literal(vector: Vectors) -> str:
    return "[" + ",".join(f"{value:.4f}" for value in vector.tolist()) + "]"


def load(conn: SyncConnection, place: Place, vectors: Vectors) -> None:
    """COPY into a temporary table, then INSERT ... SELECT: COPY is refused under row security."""
    conn.execute("CREATE TEMP TABLE new_vector (ordinal integer, embedding halfvec(256)) ON COMMIT DROP")
    with conn.cursor().copy("COPY new_vector FROM STDIN") as copy:
        for ordinal, vector in enumerate(vectors):
            copy.write_row((ordinal, literal(vector)))
    conn.execute(
        "INSERT INTO chunk_vector (repository_id, build_id, ordinal, embedding)"
        " SELECT %s, %s, ordinal, embedding FROM new_vector",
        [place.repository_id, place.build_id],
    )


def call(conn: SyncConnection, function: str, place: Place) -> Any:
    row = conn.execute(
        f"SELECT {function}(%s, %s) AS answer".encode(), [place.repository_id, place.build_id]
    ).fetchone()
    assert row is not None
    return row["answer"]


def count(conn: SyncConnection, table: str) -> int:
    row = conn.execute(sql.SQL("SELECT count(*) AS n FROM {}").format(sql.Identifier(table))).fetchone()
    assert row is not None
    return int(row["n"])


def vector_table_of(conn: SyncConnection, place: Place) -> str | None:
    row = conn.execute(
        "SELECT vector_table FROM repository_build WHERE repository_id = %s", [place.repository_id]
    ).fetchone()
    assert row is not None
    return row["vector_table"]  # type: ignore[no-any-return]  # a row's values have no type


@pytest.fixture
def loaded(sync_database: SyncDatabase, place: Place) -> Place:
    with sync_database.tenant(place.tenant_id) as conn:
        load(conn, place, clustered(50, seed=1))
    return place


def nearest(conn: SyncConnection, query: sql.SQL | sql.Composed, place: Place, vector: Vectors) -> list[int]:
    asked = {"r": place.repository_id, "b": place.build_id, "q": literal(vector)}
    return [row["ordinal"] for row in conn.execute(query, asked)]


def test_a_large_build_gets_the_same_answers_in_the_same_order_from_its_index(
    sync_database: SyncDatabase, place: Place
) -> None:
    queries = clustered(30, seed=3)
    with sync_database.tenant(place.tenant_id, timeout_s=60) as conn:
        load(conn, place, clustered(6_000, seed=2))
    with sync_database.tenant(place.tenant_id, timeout_s=60) as conn:
        exact = [nearest(conn, SCAN, place, query) for query in queries]
        table = call(conn, "create_vector_table", place)
    with sync_database.tenant(place.tenant_id, timeout_s=60) as conn:
        conn.execute("SET LOCAL hnsw.ef_search = 200")
        conn.execute("SET LOCAL enable_seqscan = off")
        indexed = sql.SQL(INDEXED).format(sql.Identifier(table))
        plan = conn.execute(sql.SQL("EXPLAIN ") + indexed, {"q": literal(queries[0])}).fetchall()
        approximate = [nearest(conn, indexed, place, query) for query in queries]

    assert any("_embedding_idx" in row["QUERY PLAN"] for row in plan)
    found = sum(len(set(one) & set(other)) for one, other in zip(exact, approximate, strict=True))
    assert found >= 0.98 * 10 * len(queries)
    whole = [(one, other) for one, other in zip(exact, approximate, strict=True) if set(one) == set(other)]
    assert len(whole) > len(queries) / 2
    assert all(one == other for one, other in whole)


def test_making_the_table_moves_every_row(sync_database: SyncDatabase, loaded: Place, new_place: NewPlace) -> None:
    neighbour = new_place()
    with sync_database.tenant(neighbour.tenant_id) as conn:
        load(conn, neighbour, clustered(3, seed=1))

    with sync_database.tenant(loaded.tenant_id) as conn:
        table = call(conn, "create_vector_table", loaded)

    with sync_database.tenant(loaded.tenant_id) as conn:
        assert (count(conn, table), count(conn, "chunk_vector")) == (50, 0)
        assert vector_table_of(conn, loaded) == table
    with sync_database.tenant(neighbour.tenant_id) as conn:
        assert count(conn, "chunk_vector") == 3


def test_a_move_that_fails_leaves_the_rows_where_they_were(sync_database: SyncDatabase, loaded: Place) -> None:
    def move_and_stumble() -> None:
        with sync_database.tenant(loaded.tenant_id) as conn:
            call(conn, "create_vector_table", loaded)
            raise RuntimeError("stumbled")

    with pytest.raises(RuntimeError, match="stumbled"):
        move_and_stumble()

    with sync_database.tenant(loaded.tenant_id) as conn:
        assert count(conn, "chunk_vector") == 50
        assert vector_table_of(conn, loaded) is None


def test_the_new_table_is_guarded_like_every_other(
    sync_database: SyncDatabase, database_urls: DatabaseUrls, loaded: Place, new_place: NewPlace
) -> None:
    with sync_database.tenant(loaded.tenant_id) as conn:
        table = call(conn, "create_vector_table", loaded)

    with sync_database.tenant(new_place().tenant_id) as conn:
        assert count(conn, table) == 0
    with psycopg.connect(database_urls.superuser, row_factory=psycopg.rows.dict_row) as superuser:
        assert isolation_findings(superuser) == []


def test_rows_are_added_and_taken_away_later(sync_database: SyncDatabase, loaded: Place) -> None:
    with sync_database.tenant(loaded.tenant_id) as conn:
        table = sql.Identifier(call(conn, "create_vector_table", loaded))
        insert = sql.SQL("INSERT INTO {} (ordinal, embedding) VALUES (50, %s)").format(table)
        conn.execute(insert, [literal(clustered(1, seed=5)[0])])
        conn.execute(sql.SQL("DELETE FROM {} WHERE ordinal < 10").format(table))

    with sync_database.tenant(loaded.tenant_id) as conn:
        assert count(conn, table.as_string().strip('"')) == 41


def test_dropping_removes_table_and_name(sync_database: SyncDatabase, loaded: Place) -> None:
    with sync_database.tenant(loaded.tenant_id) as conn:
        table = call(conn, "create_vector_table", loaded)

    with sync_database.tenant(loaded.tenant_id) as conn:
        call(conn, "drop_vector_table", loaded)

    with sync_database.tenant(loaded.tenant_id) as conn:
        assert vector_table_of(conn, loaded) is None
    with pytest.raises(pg.UndefinedTable), sync_database.tenant(loaded.tenant_id) as conn:
        count(conn, table)


def test_dropping_what_is_not_there_does_nothing(sync_database: SyncDatabase, place: Place) -> None:
    with sync_database.tenant(place.tenant_id) as conn:
        call(conn, "drop_vector_table", place)


@pytest.mark.parametrize("function", ["create_vector_table", "drop_vector_table"])
def test_another_tenants_vectors_cannot_be_moved_or_dropped(
    sync_database: SyncDatabase, loaded: Place, new_place: NewPlace, function: str
) -> None:
    with sync_database.tenant(loaded.tenant_id) as conn:
        table = call(conn, "create_vector_table", loaded)

    intrude(lambda: _call_as(sync_database, new_place(), function, loaded))

    with sync_database.tenant(loaded.tenant_id) as conn:
        assert count(conn, table) == 50


def _call_as(sync_database: SyncDatabase, who: Place, function: str, place: Place) -> None:
    with sync_database.tenant(who.tenant_id) as conn:
        call(conn, function, place)


def intrude(attempt: Callable[[], None]) -> None:
    """Either refused or without effect."""
    try:
        attempt()
    except pg.NoDataFound:
        return
