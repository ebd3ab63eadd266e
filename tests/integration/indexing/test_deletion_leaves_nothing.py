"""What is deleted is gone from every table that the catalogue knows, and nothing else is.

No table can be forgotten: one that a later migration adds is counted as well, and gets a row of the repository first
if nothing else has given it one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from pampax.indexing import postgres
from pampax.indexing.run import collection, maintenance
from pampax.storage.database import Database

from ...conftest import DatabaseUrls  # noqa: TID252 - tests are no package
from .conftest import Bench, NewBench
from .trees import git, modules, write

# Ordinary and partitioned tables; a partition is counted with its parent.
TABLES = """
SELECT c.relname AS name, EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'repository_id'
                                  AND NOT a.attisdropped) AS of_repositories
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
ORDER BY 1
"""
# What an INSERT must give: no default, and not allowed to be NULL. A foreign key says where there are values.
COLUMNS = """
SELECT DISTINCT ON (a.attname) a.attname AS name, format_type(a.atttypid, NULL) AS type,
       f.confrelid::regclass::text AS of_table,
       (SELECT b.attname FROM pg_attribute b
        WHERE b.attrelid = f.confrelid AND b.attnum = f.confkey[array_position(f.conkey, a.attnum)]) AS of_column
FROM pg_attribute a
LEFT JOIN pg_constraint f ON f.conrelid = a.attrelid AND f.contype = 'f' AND a.attnum = ANY(f.conkey)
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull AND NOT a.atthasdef
  AND a.attidentity = '' AND a.attgenerated = ''
"""
SAMPLES: dict[str, Any] = {
    "text": "x", "bytea": b"\x01" * 20, "jsonb": Jsonb({}), "boolean": False, "uuid": uuid4(), "integer": 1,
    "bigint": 1, "smallint": 1, "real": 1.0, "double precision": 1.0, "timestamp with time zone": "2025-01-01",
    "text[]": [], "halfvec": str([1] * 256),
}  # fmt: skip
# Where not just anything is allowed.
ALLOWED: dict[str, dict[str, Any]] = {"role_binding": {"role": "reader"}, "git_credential": {"kind": "token"}}
# Versions are the same for all repositories, and so is the register of who works.
SHARED = {"build", "schema_migration", "worker_heartbeat"}
# What was done stays told for a while.
HISTORY = {"operation"}


@dataclass
class Catalogue:
    """The tables of the database and their rows, past row security."""

    conn: psycopg.Connection[dict[str, Any]]

    def tables(self) -> dict[str, bool]:
        """Name -> whether its rows belong to repositories."""
        return {row["name"]: row["of_repositories"] for row in self.conn.execute(TABLES)}

    def counts(self, repository_id: int | None = None) -> dict[str, int]:
        """Of all rows, or in the tables that know repositories of one repository's."""
        return {
            name: self._count(name, repository_id)
            for name, of_repositories in self.tables().items()
            if repository_id is None or of_repositories
        }

    def _count(self, table: str, repository_id: int | None) -> int:
        statement = sql.SQL("SELECT count(*) AS n FROM {}").format(sql.Identifier(table))
        if repository_id is not None:
            statement += sql.SQL(" WHERE repository_id = {}").format(sql.Literal(repository_id))
        (row,) = self.conn.execute(statement).fetchall()
        number: int = row["n"]
        return number

    def fill(self, bench: Bench) -> None:
        """A row of the repository in every table that may have some and has none."""
        for table, number in self.counts(bench.repository_id).items():
            if number == 0:
                self._insert(table, {"repository_id": bench.repository_id, "tenant_id": bench.tenant_id})

    def _insert(self, table: str, known: dict[str, Any]) -> None:
        values = known | ALLOWED.get(table, {})
        for column in self.conn.execute(COLUMNS, [table]).fetchall():
            if column["name"] not in values:
                values[column["name"]] = self._value(table, column, known["tenant_id"])
        names = [sql.Identifier(name) for name in values]
        statement = sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({})").format(
            sql.Identifier(table), sql.SQL(", ").join(names), sql.SQL(", ").join([sql.Placeholder()] * len(names))
        )
        try:
            self.conn.execute(statement, list(values.values()))
        except psycopg.Error as error:
            pytest.fail(f"give table {table} a row of the repository before `fill` does: {error}")

    def _value(self, table: str, column: dict[str, Any], tenant_id: UUID) -> Any:
        if column["of_table"]:
            statement = sql.SQL("SELECT {} AS value FROM {} t ORDER BY to_jsonb(t) ->> 'tenant_id' = %s DESC LIMIT 1")
            where = statement.format(sql.Identifier(column["of_column"]), sql.Identifier(column["of_table"]))
            (row,) = self.conn.execute(where, [str(tenant_id)]).fetchall()
            return row["value"]
        assert column["type"] in SAMPLES, f"{table}.{column['name']} has the type {column['type']}: add it to SAMPLES"
        return SAMPLES[column["type"]]


@pytest.fixture
def catalogue(database_urls: DatabaseUrls) -> Iterator[Catalogue]:
    with psycopg.connect(database_urls.superuser, autocommit=True, row_factory=dict_row) as conn:
        yield Catalogue(conn)


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Own vector tables, and a collection with every run."""
    monkeypatch.setattr(maintenance, "EXACT_SCAN_CHUNKS", 5)
    monkeypatch.setattr(collection, "COLLECT_EVERY_S", 0.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Branch `main`, checked out, and `other` with a file of its own and other versions of some."""
    made = write(tmp_path / "r", modules(10))
    git(made, "init", "-q", "-b", "main")
    git(made, "add", ".")
    git(made, "commit", "-q", "-m", "first")
    git(made, "checkout", "-q", "-b", "other")
    write(made, {"own.py": "def only_here():\n    return 'secret'\n"})
    write(made, {f"pkg{n}/mod_{n}.py": f"def other_{n}():\n    return {n}\n" for n in range(4)})
    git(made, "add", ".")
    git(made, "commit", "-q", "-m", "second")
    git(made, "checkout", "-q", "main")
    return made


def index(bench: Bench, folder: Path, branch: str, *, full: bool = False) -> None:
    git(folder, "checkout", "-q", branch)
    row = bench.index(full=full)
    assert row["state"] == "succeeded", row["error"]


def two_builds(bench: Bench, folder: Path) -> None:
    """Both branches, one of them in an older build, with vectors in own tables and shared ones."""
    index(bench, folder, "main")
    index(bench, folder, "other", full=True)
    bench.execute(
        "INSERT INTO upload (upload_id, repository_id, ref, manifest) VALUES (gen_random_uuid(), %s, 'x', '')",
        [bench.repository_id],
    )
    bench.operation()


async def test_a_deleted_repository_leaves_no_row_and_no_table(
    new_bench: NewBench, folder: Path, catalogue: Catalogue, database: Database
) -> None:
    bystander = new_bench(folder)
    two_builds(bystander, folder)
    catalogue.fill(bystander)
    bench = new_bench(folder)
    empty = {name: number for name, number in catalogue.counts(bench.repository_id).items() if name != "repository"}
    assert set(empty.values()) == {0}
    before = {name: number for name, number in catalogue.counts().items() if name not in SHARED}
    two_builds(bench, folder)
    catalogue.fill(bench)
    assert min(catalogue.counts(bench.repository_id).values()) > 0
    tables = catalogue.tables().keys() - before.keys() - SHARED
    assert len(tables) == 2, "an own vector table for each build"
    async with database.tenant(bench.tenant_id) as conn:
        assert await postgres.delete_repository(conn, bench.repository_id)
    after = {name: number for name, number in catalogue.counts().items() if name not in SHARED}
    assert after == before | {"repository": before["repository"] - 1}
    assert set(catalogue.counts(bench.repository_id).values()) == {0}
    assert min(catalogue.counts(bystander.repository_id).values()) > 0


async def test_a_deleted_ref_leaves_what_there_was_before_it(
    new_bench: NewBench, folder: Path, catalogue: Catalogue, database: Database
) -> None:
    bench = new_bench(folder)
    index(bench, folder, "main")
    bench.index()  # what a run tidies up is done

    def rows() -> dict[str, int]:
        """Lists of one term may lie in several segments: terms are counted instead."""
        counts = {name: n for name, n in catalogue.counts(bench.repository_id).items() if name not in HISTORY}
        (terms,) = bench.query("SELECT count(DISTINCT (field, term)) AS n FROM posting")
        return counts | {"posting": terms["n"]}

    before, tables = rows(), catalogue.tables().keys()
    index(bench, folder, "other")
    grown = rows()
    assert {name for name, number in grown.items() if number > before[name]} >= {
        "blob", "snapshot", "ref", "file", "document", "chunk", "symbol", "posting",
    }  # fmt: skip
    async with database.tenant(bench.tenant_id) as conn:
        assert await postgres.delete_ref(conn, bench.tenant_id, bench.repository_id, "other")
    bench.execute("UPDATE blob SET created_at = now() - interval '2 days'")
    index(bench, folder, "main")
    assert (rows(), catalogue.tables().keys()) == (before, tables)
    assert vectors(bench, catalogue) == before["chunk"]


def vectors(bench: Bench, catalogue: Catalogue) -> int:
    (row,) = bench.query("SELECT vector_table FROM repository_build")
    return catalogue.counts()[row["vector_table"]]
