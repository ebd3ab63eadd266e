"""What a trace holds of a transaction: one span, the names of its statements, and how it ended."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from psycopg import sql

from pampax.core.errors import DeadlineExceeded
from pampax.runtime.telemetry import tracing
from pampax.runtime.telemetry.tracing import RecordedSpan, entry_span
from pampax.storage.database import Database, SyncDatabase
from pampax.storage.queries import name_of, parse

STATEMENTS = parse(
    "-- name: make_numbers\n-- A place for numbers.\nCREATE TEMPORARY TABLE number (n integer) ON COMMIT DROP;\n"
    "-- name: add_number\n-- One more.\nINSERT INTO number VALUES (%(n)s);\n"
    "-- name: copy_numbers\n-- Many more.\nCOPY number (n) FROM STDIN;\n"
    "-- name: sum_of\n-- Of a table.\nSELECT sum(n) AS total FROM {table};\n"
    "-- name: sleep_long\n-- Longer than anybody waits.\nSELECT pg_sleep(30);\n",
    "test",
)
SUM = sql.SQL(STATEMENTS["sum_of"]).format(table=sql.Identifier("number"))


class Kept:
    """Takes every span."""

    def __init__(self) -> None:
        self.spans: list[RecordedSpan] = []

    def keep(self, span: RecordedSpan) -> None:
        self.spans.append(span)

    def samples(self, trace_id: str) -> bool:
        return True

    @property
    def transaction(self) -> RecordedSpan:
        (found,) = (span for span in self.spans if span.name.startswith("postgres."))
        return found


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    sink = Kept()
    monkeypatch.setattr(tracing, "_sink", sink)
    yield sink
    tracing.leave_trace()


async def test_statements_are_events_under_their_names(
    kept: Kept, database: Database, tenant: Callable[..., Any]
) -> None:
    tenant_id = tenant().tenant_id
    with entry_span("entry", "server", {}, parent=""):
        async with database.tenant(tenant_id) as conn:
            await conn.execute(STATEMENTS["make_numbers"])
            async with conn.cursor() as cursor:
                await cursor.executemany(STATEMENTS["add_number"], [{"n": 40}, {"n": 2}])
            row = await (await conn.execute(SUM)).fetchone()
            await conn.execute("SELECT 'a statement without a name'")
    assert row == {"total": 42}
    span = kept.transaction
    assert [name for _, name in span.events] == ["make_numbers", "add_number", "sum_of"]
    assert (span.name, span.attributes, span.reason) == ("postgres.write", {"db.system.name": "postgresql"}, "")


def test_a_worker_tells_the_same_and_its_copies(
    kept: Kept, sync_database: SyncDatabase, tenant: Callable[..., Any]
) -> None:
    with (
        entry_span("index.run", "consumer", {}, parent=""),
        sync_database.tenant(tenant().tenant_id) as conn,
    ):
        conn.execute(STATEMENTS["make_numbers"])
        with conn.cursor() as cursor:
            cursor.executemany(STATEMENTS["add_number"], [{"n": 1}])
            with cursor.copy(STATEMENTS["copy_numbers"]) as copy:
                copy.write_row((2,))
        assert conn.execute(SUM).fetchone() == {"total": 3}
    assert [name for _, name in kept.transaction.events] == ["make_numbers", "add_number", "copy_numbers", "sum_of"]


async def test_a_statement_that_takes_too_long_fails_its_transaction(
    kept: Kept, database: Database, tenant: Callable[..., Any]
) -> None:
    with pytest.raises(DeadlineExceeded), entry_span("entry", "server", {}, parent=""):
        async with database.tenant(tenant().tenant_id, timeout_s=1, read_only=True) as conn:
            await conn.execute(STATEMENTS["sleep_long"])
    span = kept.transaction
    assert (span.name, span.reason, span.failed) == ("postgres.read", "DEADLINE_EXCEEDED", True)


async def test_a_connection_that_was_traced_goes_back_as_it_was(
    kept: Kept, database: Database, tenant: Callable[..., Any]
) -> None:
    tenant_id = tenant().tenant_id
    with entry_span("entry", "server", {}, parent=""):
        async with database.tenant(tenant_id) as conn:
            await conn.execute(STATEMENTS["make_numbers"])
    for _ in range(5):  # some of them get the same connection
        async with database.tenant(tenant_id) as conn:
            await conn.execute(STATEMENTS["make_numbers"])
    assert len(kept.transaction.events) == 1


def test_a_statement_that_stands_in_no_file_has_no_name() -> None:
    assert name_of(STATEMENTS["add_number"]) == "add_number"
    assert name_of("SELECT 1 + 41") is None
