"""The heartbeat of a run: it goes on whatever the database answers, until the lease is lost."""

from pathlib import Path

from pampax.indexing.run.lease import LeaseKeeper
from pampax.storage.operations import claim

from .conftest import NewBench
from .test_interruptions import wait_until


def test_a_heartbeat_that_the_database_refuses_is_not_the_last(new_bench: NewBench, tmp_path: Path) -> None:
    bench = new_bench(tmp_path)
    operation_id = bench.operation()
    with bench.database.tenant(bench.tenant_id) as conn:
        lease = claim(conn, operation_id, 20)
    assert lease is not None
    with LeaseKeeper(bench.database, lease, lambda: False, period_s=0.02) as keeper:
        wait_until(lambda: bench.row(operation_id)["stage"] == "listing")
        keeper.note("\0", 1)  # no text for Postgres
        keeper._thread.join(0.3)
        assert bench.row(operation_id)["stage"] == "listing"
        keeper.note("parsing", 2)
        wait_until(lambda: bench.row(operation_id)["stage"] == "parsing", timeout_s=5)
