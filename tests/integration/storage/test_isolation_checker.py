"""The checker of the schema: break it in every way we could think of and see that it tells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.rows import DictRow, dict_row

from pampax.storage.isolation import isolation_findings

if TYPE_CHECKING:
    from tests.conftest import DatabaseUrls

TRUE_POLICY = "CREATE POLICY tenant_isolation ON {0} USING (true) WITH CHECK (true)"
TENANT = "tenant_id = (SELECT nullif(current_setting('pampax.tenant', true), '')::uuid)"
MISTAKES = {
    "row security is disabled": "ALTER TABLE blob DISABLE ROW LEVEL SECURITY",
    "row security is not forced": "ALTER TABLE operation NO FORCE ROW LEVEL SECURITY",
    "a policy is dropped": "DROP POLICY tenant_isolation ON file",
    "a policy lets everything pass": f"DROP POLICY tenant_isolation ON ref; {TRUE_POLICY.format('ref')}",
    "a policy reads well and writes anything": "DROP POLICY tenant_isolation ON ref;"
    f" CREATE POLICY tenant_isolation ON ref USING ({TENANT}) WITH CHECK (true)",
    "a policy checks no writes of its own": "DROP POLICY tenant_isolation ON ref;"
    f" CREATE POLICY tenant_isolation ON ref FOR SELECT USING ({TENANT})",
    "a policy holds when the tenant is not set": "DROP POLICY tenant_isolation ON ref;"
    " CREATE POLICY tenant_isolation ON ref USING (tenant_id = coalesce("
    "nullif(current_setting('pampax.tenant', true), '')::uuid, tenant_id))",
    "a policy is for one role only": "DROP POLICY tenant_isolation ON ref;"
    f" CREATE POLICY tenant_isolation ON ref TO pampax_service USING ({TENANT}) WITH CHECK ({TENANT})",
    "a second policy opens a table": "CREATE POLICY reporting ON snapshot FOR SELECT USING (true)",
    "a second policy opens it to services": "CREATE POLICY reporting ON snapshot TO pampax_service USING (true)",
    "a partition has no policy": "DROP POLICY tenant_isolation ON chunk_p7",
    "a partition has row security disabled": "ALTER TABLE posting_p63 DISABLE ROW LEVEL SECURITY",
    "a new table has a tenant and no policy": "CREATE TABLE note (tenant_id uuid NOT NULL)",
    "a new table has no tenant": "CREATE TABLE note (content text)",
    "a new table stands in a schema of its own": "CREATE SCHEMA extra; CREATE TABLE extra.build (tenant_id uuid)",
    "rows may come without a tenant": "ALTER TABLE symbol ALTER COLUMN tenant_id DROP NOT NULL",
    "a view reads with its owner's rights": "CREATE VIEW everything AS SELECT * FROM blob",
    "a materialized view keeps copies": "CREATE MATERIALIZED VIEW copies AS SELECT * FROM blob",
    "a service owns a table": "GRANT CREATE ON SCHEMA public TO pampax_service;"
    " ALTER TABLE upload OWNER TO pampax_service",
    "a service may truncate": "GRANT TRUNCATE ON blob TO pampax_service",
    "a function runs as a superuser": "CREATE FUNCTION peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER"
    " SET search_path = public AS 'SELECT count(*) FROM blob'; REVOKE ALL ON FUNCTION peek FROM PUBLIC",
    "a definer's function has the caller's search path": "ALTER FUNCTION authenticate_key RESET search_path",
    "a definer's function is open to everybody": "GRANT EXECUTE ON FUNCTION drop_vector_table TO PUBLIC",
    # Roles belong to the whole server: these are rolled back, too.
    "services have BYPASSRLS": "ALTER ROLE pampax_service BYPASSRLS",
    "services are superusers": "ALTER ROLE pampax_service SUPERUSER",
    "the functions' owner has BYPASSRLS": "ALTER ROLE pampax_definer BYPASSRLS",
    "the functions' owner can log in": "ALTER ROLE pampax_definer LOGIN",
    "services may act as the functions' owner": "GRANT pampax_definer TO pampax_service",
    "the owner may act as the functions' owner": "GRANT pampax_definer TO pampax_owner WITH INHERIT TRUE",
}


@pytest.fixture(scope="module")
def breakable(database_urls: DatabaseUrls) -> Iterator[psycopg.Connection[DictRow]]:
    with psycopg.connect(database_urls.superuser, row_factory=dict_row, autocommit=True) as conn:
        yield conn


def test_a_fresh_schema_has_no_weakness(breakable: psycopg.Connection[DictRow]) -> None:
    assert isolation_findings(breakable) == []


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_weakness_is_told(breakable: psycopg.Connection[DictRow], mistake: str) -> None:
    with breakable.transaction(force_rollback=True):
        breakable.execute(MISTAKES[mistake].encode())

        assert len(isolation_findings(breakable)) >= 1
    assert isolation_findings(breakable) == []


def test_a_weakness_is_told_by_the_name_of_its_table(breakable: psycopg.Connection[DictRow]) -> None:
    with breakable.transaction(force_rollback=True):
        breakable.execute("ALTER TABLE chunk_p7 DISABLE ROW LEVEL SECURITY")

        assert isolation_findings(breakable) == ["table chunk_p7 has row security disabled"]


@pytest.mark.parametrize(
    "harmless",
    [
        "CREATE TEMP TABLE scratch (tenant_id uuid)",
        "CREATE VIEW mine WITH (security_invoker = true) AS SELECT * FROM blob",
        "CREATE POLICY stricter ON blob AS RESTRICTIVE USING (size > 0)",
    ],
)
def test_what_weakens_nothing_is_not_told(breakable: psycopg.Connection[DictRow], harmless: str) -> None:
    with breakable.transaction(force_rollback=True):
        breakable.execute(harmless.encode())

        assert isolation_findings(breakable) == []
