"""The heartbeat of a run: it goes on whatever the database answers, until the lease is lost or a hard limit passed."""

import threading
from pathlib import Path
from uuid import UUID

import pytest

from pampax.indexing.run.lease import LeaseKeeper
from pampax.indexing.run.limits import Limits
from pampax.indexing.run.mirrors import Received
from pampax.storage.operations import Lease, claim

from .conftest import Bench, NewBench
from .test_interruptions import wait_until
from .trees import write


def claimed(bench: Bench) -> tuple[UUID, Lease]:
    operation_id = bench.operation()
    with bench.database.tenant(bench.tenant_id) as conn:
        lease = claim(conn, operation_id, 20)
    assert lease is not None
    return operation_id, lease


def test_a_heartbeat_that_the_database_refuses_is_not_the_last(new_bench: NewBench, tmp_path: Path) -> None:
    bench = new_bench(tmp_path)
    operation_id, lease = claimed(bench)
    with LeaseKeeper(bench.database, lease, lambda: False, period_s=0.02) as keeper:
        wait_until(lambda: bench.row(operation_id)["stage"] == "listing")
        keeper.note("\0", 1)  # no text for Postgres
        keeper._thread.join(0.3)
        assert bench.row(operation_id)["stage"] == "listing"
        keeper.note("parsing", 2)
        wait_until(lambda: bench.row(operation_id)["stage"] == "parsing", timeout_s=5)


def test_a_process_says_why_it_ends_before_it_does(
    new_bench: NewBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = threading.Event()
    monkeypatch.setattr("pampax.indexing.run.lease.kill_this_process", killed.set)
    bench = new_bench(tmp_path)
    operation_id, lease = claimed(bench)
    with LeaseKeeper(bench.database, lease, lambda: False, Limits(hard_s=0), period_s=0.02) as keeper:
        keeper.note("parsing", 3, 9)
        assert killed.wait(20)
    assert bench.row(operation_id)["trouble"] == (
        "it was killed after 0 s (indexing.task_hard_limit_s) while parsing at 3 of 9 files"
    )


def test_a_process_ends_even_when_nobody_hears_why(
    new_bench: NewBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = threading.Event()
    monkeypatch.setattr("pampax.indexing.run.lease.kill_this_process", killed.set)
    bench = new_bench(tmp_path)
    operation_id, lease = claimed(bench)
    with LeaseKeeper(bench.database, lease, lambda: False, Limits(hard_bytes=1), period_s=0.02) as keeper:
        keeper.note("\0", 1)  # no text for Postgres
        assert killed.wait(20)
    assert bench.row(operation_id)["trouble"] == ""


def test_what_a_fetch_has_brought_is_counted_from_its_beginning(tmp_path: Path) -> None:
    mirror = tmp_path / "7"
    write(mirror, {"objects/pack/old.pack": bytes(3 << 20)})
    received = Received(mirror)
    assert received.mib() == 0
    write(tmp_path / ".7.clone", {"objects/pack/tmp_pack_x": bytes(2 << 20)})
    (mirror / "objects/pack/gone.pack").symlink_to(tmp_path / "nowhere")
    assert received.mib() == 2
