"""Row security as a service meets it: in every table that holds tenant data, nobody sees or touches another's rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors as pg
from psycopg import sql
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb

from pampax.core.errors import ConfigError
from pampax.storage.database import Database, SyncDatabase
from pampax.storage.isolation import isolation_findings
from pampax.storage.session import begin_statement

if TYPE_CHECKING:
    from tests.conftest import DatabaseUrls, PostgresServer, Tenant
    from tests.integration.storage.conftest import NewOperation, NewPlace, Place

# Every table with tenant data but the vector tables, which are made while the system runs.
TABLES = (
    "api_key", "blob", "chunk", "chunk_vector", "commit_history", "context_pack", "document", "file", "git_credential",
    "index_check", "operation", "posting", "principal", "quarantine", "ref", "repository", "repository_build",
    "role_binding", "scip_file", "snapshot", "symbol", "tenant", "upload",
)  # fmt: skip
VECTOR_TABLE = "the vector table"  # of the tenant in question; its name holds the repository
VECTOR = "[" + ",".join(["0.5"] * 256) + "]"
FILLING = """
INSERT INTO blob (repository_id, blob_id, size, content) VALUES (%(r)s, %(blob)s, 1, 'x');
INSERT INTO scip_file (repository_id, blob_id, path_key, links) VALUES (%(r)s, %(blob)s, '0123456789abcdef', 'x');
INSERT INTO commit_history (repository_id, commit_id, whole, commits, changes) VALUES (%(r)s, 'c', true, 1, 'x');
INSERT INTO snapshot (repository_id, build_id, live_chunks, live_files, chunk_count, file_count, term_count)
    VALUES (%(r)s, %(b)s, '', '', 0, 0, 0);
INSERT INTO ref (repository_id, name, snapshot_id, generation)
    SELECT repository_id, 'main', snapshot_id, 1 FROM snapshot WHERE repository_id = %(r)s;
INSERT INTO file (repository_id, build_id, ordinal, path, path_key, blob_id, language)
    VALUES (%(r)s, %(b)s, 0, 'a.py', 'k', %(blob)s, 'python');
INSERT INTO document (repository_id, build_id, blob_id, language, first_chunk, chunk_count, lines, bytes, term_count)
    VALUES (%(r)s, %(b)s, %(blob)s, 'python', 0, 1, 1, 1, 1);
INSERT INTO quarantine (repository_id, build_id, blob_id, language, path, reason, by_lines)
    VALUES (%(r)s, %(b)s, %(blob)s, 'python', 'a.py', 'crash', true);
INSERT INTO chunk (repository_id, build_id, ordinal, blob_id, language, start_line, end_line, kind, symbol)
    VALUES (%(r)s, %(b)s, 0, %(blob)s, 'python', 1, 2, 'function', 'f');
INSERT INTO symbol (repository_id, build_id, chunk, name, folded, qualified_name, kind, start_line, end_line,
                    signature, doc, exported)
    VALUES (%(r)s, %(b)s, 0, 'F', 'f', 'a.F', 'function', 1, 2, 'F()', '', true);
INSERT INTO posting (repository_id, build_id, field, term, segment, entries) VALUES (%(r)s, %(b)s, 0, 't', 0, 'x');
INSERT INTO chunk_vector (repository_id, build_id, ordinal, embedding) VALUES (%(r)s, %(b)s, 0, %(vector)s);
SELECT create_vector_table(%(r)s, %(b)s);
INSERT INTO chunk_vector (repository_id, build_id, ordinal, embedding) VALUES (%(r)s, %(b)s, 1, %(vector)s);
INSERT INTO upload (upload_id, repository_id, ref, manifest) VALUES (%(id)s, %(r)s, 'main', 'x');
INSERT INTO git_credential (repository_id, kind, sealed, key_id) VALUES (%(r)s, 'token', 'x', 'k');
INSERT INTO index_check (repository_id) VALUES (%(r)s);
INSERT INTO context_pack (owner_id, name, shared, description, repositories, ref, languages, path_globs, kinds, mode,
                          result_limit, token_budget)
    SELECT principal_id, 'p', true, '', '{}', '', '{}', '{}', '{}', '', 0, 0 FROM principal;
"""


@pytest.fixture(scope="module")
def filled(sync_database: SyncDatabase, new_place: NewPlace, new_operation: NewOperation) -> tuple[Place, Place]:
    """Two tenants with rows in every table."""
    places = new_place(), new_place()
    for place in places:
        new_operation(place)
        values = {"r": place.repository_id, "b": place.build_id, "blob": uuid4().bytes + b"0000", "vector": VECTOR}
        with sync_database.tenant(place.tenant_id) as conn:
            for statement in FILLING.split(";")[:-1]:
                conn.execute(statement.encode(), {**values, "id": uuid4()})
    return places


@pytest.fixture
def superuser(database_urls: DatabaseUrls) -> Iterator[psycopg.Connection[DictRow]]:
    with psycopg.connect(database_urls.superuser, autocommit=True, row_factory=dict_row) as conn:
        yield conn


def named(table: str, place: Place) -> sql.Identifier:
    return sql.Identifier(f"vector_{place.repository_id}_{place.build_id}" if table == VECTOR_TABLE else table)


def tenants_in(conn: psycopg.Connection[DictRow], table: sql.Identifier) -> set[UUID]:
    return {row["tenant_id"] for row in conn.execute(sql.SQL("SELECT tenant_id FROM {}").format(table))}


def row_of(conn: psycopg.Connection[DictRow], table: sql.Identifier, tenant_id: UUID) -> Mapping[str, Any]:
    row = conn.execute(sql.SQL("SELECT * FROM {} WHERE tenant_id = %s").format(table), [tenant_id]).fetchone()
    assert row is not None, f"the fixture left {table.as_string()} empty"
    return row


def test_the_tables_under_test_are_all_that_the_catalogue_has(
    superuser: psycopg.Connection[DictRow], filled: tuple[Place, Place]
) -> None:
    found = superuser.execute(
        "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'"
        " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition"
    )

    vector_tables = {named(VECTOR_TABLE, place).as_string().strip('"') for place in filled}
    assert {row["relname"] for row in found} == {*TABLES, *vector_tables}


def test_the_schema_has_no_weakness(superuser: psycopg.Connection[DictRow], filled: tuple[Place, Place]) -> None:
    assert isolation_findings(superuser) == []


@pytest.mark.parametrize("table", [*TABLES, VECTOR_TABLE])
def test_a_tenant_sees_its_own_rows_alone(sync_database: SyncDatabase, filled: tuple[Place, Place], table: str) -> None:
    ours, theirs = filled

    with sync_database.tenant(ours.tenant_id) as conn:
        assert tenants_in(conn, named(table, ours)) == {ours.tenant_id}
        assert tenants_in(conn, named(table, theirs)) <= {ours.tenant_id}


@pytest.mark.parametrize("table", [*TABLES, VECTOR_TABLE])
def test_rows_of_another_tenant_cannot_be_written(
    sync_database: SyncDatabase,
    superuser: psycopg.Connection[DictRow],
    filled: tuple[Place, Place],
    table: str,
) -> None:
    ours, theirs = filled
    target = named(table, theirs)
    row = row_of(superuser, target, theirs.tenant_id)
    insert = sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM jsonb_populate_record(NULL::{}, %s)")
    columns = sql.SQL(", ").join(map(sql.Identifier, row))
    copy = superuser.execute(
        sql.SQL("SELECT to_jsonb(t) AS row FROM {} t WHERE tenant_id = %s").format(target), [theirs.tenant_id]
    ).fetchone()
    assert copy is not None

    with pytest.raises(pg.InsufficientPrivilege), sync_database.tenant(ours.tenant_id) as conn:
        conn.execute(insert.format(target, columns, columns, target), [Jsonb(copy["row"])])


@pytest.mark.parametrize("table", [*TABLES, VECTOR_TABLE])
@pytest.mark.parametrize("verb", ["UPDATE {} SET tenant_id = tenant_id", "DELETE FROM {}"])
def test_rows_of_another_tenant_cannot_be_changed_or_deleted(
    sync_database: SyncDatabase,
    superuser: psycopg.Connection[DictRow],
    filled: tuple[Place, Place],
    table: str,
    verb: str,
) -> None:
    ours, theirs = filled
    target = named(table, theirs)
    statement = sql.SQL(verb + " WHERE tenant_id = %s").format(target)

    try:
        with sync_database.tenant(ours.tenant_id) as conn:
            assert conn.execute(statement, [theirs.tenant_id]).rowcount == 0
    except pg.InsufficientPrivilege:
        pass  # services hold no such right on this table at all

    row_of(superuser, target, theirs.tenant_id)


@pytest.mark.parametrize("table", [*TABLES, VECTOR_TABLE])
def test_own_rows_cannot_be_given_to_another_tenant(
    sync_database: SyncDatabase, filled: tuple[Place, Place], table: str
) -> None:
    ours, theirs = filled
    statement = sql.SQL("UPDATE {} SET tenant_id = %s").format(named(table, ours))

    with pytest.raises(pg.InsufficientPrivilege), sync_database.tenant(ours.tenant_id) as conn:
        conn.execute(statement, [theirs.tenant_id])


@pytest.mark.parametrize("setting", [None, ""])
@pytest.mark.parametrize(
    ("role", "table"),
    # The vector tables belong to pampax_definer; the owner has no right on them at all.
    [*(("service", table) for table in (*TABLES, VECTOR_TABLE)), *(("owner", table) for table in TABLES)],
)
def test_without_a_tenant_nothing_is_seen(
    database_urls: DatabaseUrls, filled: tuple[Place, Place], table: str, setting: str | None, role: str
) -> None:
    with psycopg.connect(getattr(database_urls, role), row_factory=dict_row) as conn:
        if setting is not None:
            conn.execute("SELECT set_config('pampax.tenant', %s, true)", [setting])

        assert tenants_in(conn, named(table, filled[0])) == set()


@pytest.mark.parametrize("table", TABLES)
def test_a_pooled_connection_forgets_the_tenant(
    database_urls: DatabaseUrls, filled: tuple[Place, Place], table: str
) -> None:
    database = SyncDatabase(database_urls.service, pool_max=1, component="test")
    try:
        with database.tenant(filled[0].tenant_id) as conn:
            assert tenants_in(conn, sql.Identifier(table))
            backend = conn.info.backend_pid
        with database.untenanted() as conn:
            assert conn.info.backend_pid == backend
            assert tenants_in(conn, sql.Identifier(table)) == set()
    finally:
        database.close()


def test_the_tenant_ends_with_its_transaction(database_urls: DatabaseUrls, filled: tuple[Place, Place]) -> None:
    with psycopg.connect(database_urls.service, autocommit=True, row_factory=dict_row) as conn:
        conn.execute(begin_statement(filled[0].tenant_id, 10, read_only=False))
        assert tenants_in(conn, sql.Identifier("repository")) == {filled[0].tenant_id}
        conn.commit()

        assert tenants_in(conn, sql.Identifier("repository")) == set()


def test_a_tenant_left_on_the_session_does_not_leak_into_the_next_transaction(
    database_urls: DatabaseUrls, filled: tuple[Place, Place]
) -> None:
    database = SyncDatabase(database_urls.service, pool_max=1, component="test")
    try:
        with database.untenanted() as conn:
            conn.execute("SELECT set_config('pampax.tenant', %s, false)", [str(filled[0].tenant_id)])
        with database.untenanted() as conn:
            assert tenants_in(conn, sql.Identifier("repository")) == set()
        with database.tenant(filled[1].tenant_id) as conn:
            assert tenants_in(conn, sql.Identifier("repository")) == {filled[1].tenant_id}
    finally:
        database.close()


def partitions(conn: psycopg.Connection[DictRow]) -> list[str]:
    return [
        row["relname"] for row in conn.execute("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'")
    ]


def test_a_service_may_not_read_a_partition_directly(
    database_urls: DatabaseUrls, superuser: psycopg.Connection[DictRow], filled: tuple[Place, Place]
) -> None:
    names = partitions(superuser)
    assert len(names) == 4 * 64

    with psycopg.connect(database_urls.service, autocommit=True, row_factory=dict_row) as conn:
        for name in names:
            with pytest.raises(pg.InsufficientPrivilege):
                conn.execute(sql.SQL("SELECT FROM {}").format(sql.Identifier(name)))


def test_the_owner_reads_nothing_from_a_partition_directly(
    database_urls: DatabaseUrls, superuser: psycopg.Connection[DictRow], filled: tuple[Place, Place]
) -> None:
    full = [name for name in partitions(superuser) if tenants_in(superuser, sql.Identifier(name))]
    assert len(full) >= 4

    with psycopg.connect(database_urls.owner, row_factory=dict_row) as conn:
        assert [tenants_in(conn, sql.Identifier(name)) for name in full] == [set()] * len(full)


def test_a_repository_of_another_tenant_cannot_be_referred_to(
    sync_database: SyncDatabase, filled: tuple[Place, Place]
) -> None:
    ours, theirs = filled

    with pytest.raises(pg.ForeignKeyViolation), sync_database.tenant(ours.tenant_id) as conn:
        conn.execute(
            "INSERT INTO blob (repository_id, blob_id, size, content) VALUES (%s, %s, 1, 'x')",
            [theirs.repository_id, b"1" * 20],
        )


def test_copy_into_a_guarded_table_is_refused(sync_database: SyncDatabase, filled: tuple[Place, Place]) -> None:
    with pytest.raises(pg.FeatureNotSupported), sync_database.tenant(filled[0].tenant_id) as conn:
        conn.execute("COPY chunk FROM STDIN")


async def test_both_databases_refuse_a_superuser(database_urls: DatabaseUrls) -> None:
    database = Database(database_urls.superuser, component="test")

    with pytest.raises(ConfigError, match="a superuser"):
        await database.open()
    with pytest.raises(ConfigError, match="pampax_service"):
        async with database.untenanted():
            pass
    with pytest.raises(ConfigError, match="a superuser"):
        SyncDatabase(database_urls.superuser, component="test").open()


@pytest.mark.parametrize("how", ["ALTER ROLE watcher BYPASSRLS", "GRANT postgres TO watcher"])
async def test_both_databases_refuse_a_role_that_sees_past_row_security(
    database_urls: DatabaseUrls, postgres_server: PostgresServer, how: str
) -> None:
    url = database_urls.service.replace(database_urls.service.split("//")[1].split("@")[0], "watcher:w")
    postgres_server.execute("CREATE ROLE watcher LOGIN PASSWORD 'w'")
    try:
        allowed = Database(url, component="test")
        await allowed.open()
        await allowed.close()
        postgres_server.execute(how)

        with pytest.raises(ConfigError, match="tenants would not be kept apart"):
            await Database(url, component="test").open()
        with pytest.raises(ConfigError, match="tenants would not be kept apart"):
            SyncDatabase(url, component="test").open()
    finally:
        postgres_server.execute("DROP ROLE watcher")


@pytest.fixture
def identity(database_urls: DatabaseUrls) -> Callable[[bytes], list[DictRow]]:
    def authenticate(candidate: bytes) -> list[DictRow]:
        with psycopg.connect(database_urls.service, row_factory=dict_row) as conn:
            return conn.execute("SELECT * FROM authenticate_key(%s)", [candidate]).fetchall()

    return authenticate


KeyHash = Callable[["Tenant"], bytes]


@pytest.fixture
def key_hash(superuser: psycopg.Connection[DictRow]) -> KeyHash:
    def of(tenant: Tenant) -> bytes:
        return bytes(row_of(superuser, sql.Identifier("api_key"), tenant.tenant_id)["key_hmac"])

    return of


@pytest.mark.parametrize(("role", "expected"), [("admin", "admin"), ("writer", "writer"), (None, "reader")])
def test_a_key_stands_for_an_identity(
    identity: Callable[[bytes], list[DictRow]],
    tenant: Callable[..., Tenant],
    key_hash: KeyHash,
    role: str | None,
    expected: str,
) -> None:
    made = tenant(role=role, local=role == "admin")

    assert identity(key_hash(made)) == [
        {
            "tenant_id": made.tenant_id,
            "principal_id": made.principal_id,
            "role": expected,
            "local": role == "admin",
        }
    ]


def test_an_unknown_key_stands_for_nothing(identity: Callable[[bytes], list[DictRow]]) -> None:
    assert identity(b"unknown") == []


@pytest.mark.parametrize("end", ["revoked_at = now()", "expires_at = now() - interval '1 s'"])
def test_a_key_that_ended_stands_for_nothing(
    identity: Callable[[bytes], list[DictRow]],
    tenant: Callable[..., Tenant],
    key_hash: KeyHash,
    superuser: psycopg.Connection[DictRow],
    end: str,
) -> None:
    made = tenant()
    superuser.execute(f"UPDATE api_key SET {end} WHERE tenant_id = %s".encode(), [made.tenant_id])

    assert identity(key_hash(made)) == []


def test_a_key_that_expires_later_is_good(
    identity: Callable[[bytes], list[DictRow]],
    tenant: Callable[..., Tenant],
    key_hash: KeyHash,
    superuser: psycopg.Connection[DictRow],
) -> None:
    made = tenant()
    superuser.execute("UPDATE api_key SET expires_at = now() + interval '1 h' WHERE tenant_id = %s", [made.tenant_id])

    assert len(identity(key_hash(made))) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE loot ()",
        "SET ROLE pampax_definer",
        "SET ROLE pampax_owner",
        "ALTER TABLE repository DISABLE ROW LEVEL SECURITY",
        "DROP POLICY tenant_isolation ON repository",
        "TRUNCATE repository CASCADE",
        "UPDATE api_key SET expires_at = NULL",
        "INSERT INTO role_binding SELECT * FROM role_binding",
        "UPDATE schema_migration SET sha256 = ''",
    ],
)
def test_a_service_cannot_loosen_its_bonds(
    sync_database: SyncDatabase, filled: tuple[Place, Place], statement: str
) -> None:
    with pytest.raises(pg.InsufficientPrivilege), sync_database.tenant(filled[0].tenant_id) as conn:
        conn.execute(statement.encode())
