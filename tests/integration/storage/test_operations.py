"""Operations: one worker at a time, and nobody listens to the one who lost its lease."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psycopg
import pytest

from pampax.core.errors import Aborted, DeadlineExceeded
from pampax.storage.database import SyncDatabase
from pampax.storage.operations import (
    FinalState,
    HeartbeatAnswer,
    Lease,
    Next,
    Progress,
    assert_fenced,
    claim,
    finish,
    heartbeat,
    next_operation,
)
from pampax.storage.session import SyncConnection

if TYPE_CHECKING:
    from tests.conftest import DatabaseUrls
    from tests.integration.storage.conftest import NewOperation, NewPlace, Place

TTL_S = 60.0
PATIENCE_S = 60.0
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
DUE = "SELECT operation_id, tenant_id FROM take_due_operations(%s, %s::interval)"


@pytest.fixture
def transaction(sync_database: SyncDatabase, place: Place) -> Callable[[], Any]:
    """A transaction of the place's tenant."""

    @contextmanager
    def open_one() -> Iterator[SyncConnection]:
        with sync_database.tenant(place.tenant_id) as conn:
            yield conn

    return open_one


@pytest.fixture
def take(transaction: Callable[[], Any]) -> Callable[[UUID], Lease | None]:
    """Claims in a transaction of its own."""

    def claim_one(operation_id: UUID) -> Lease | None:
        with transaction() as conn:
            return claim(conn, operation_id, TTL_S)

    return claim_one


def expire(transaction: Callable[[], Any], operation_id: UUID) -> None:
    with transaction() as conn:
        conn.execute(
            "UPDATE operation SET lease_expires_at = now() - interval '1 s' WHERE operation_id = %s", [operation_id]
        )


def state_of(transaction: Callable[[], Any], operation_id: UUID) -> dict[str, Any]:
    with transaction() as conn:
        return dict(conn.execute("SELECT * FROM operation WHERE operation_id = %s", [operation_id]).fetchone())


def test_a_claim_tells_the_worker_what_to_do(
    take: Callable[[UUID], Lease], place: Place, new_operation: NewOperation
) -> None:
    operation = new_operation(place)

    lease = take(operation)

    assert (lease.operation_id, lease.tenant_id, lease.repository_id) == (
        operation,
        place.tenant_id,
        place.repository_id,
    )
    assert (lease.repository_name, lease.attempts, lease.request) == (place.name, 1, {"ref": "main"})


def test_a_claimed_operation_cannot_be_claimed_while_its_lease_lives(
    take: Callable[[UUID], Lease | None], place: Place, new_operation: NewOperation
) -> None:
    operation = new_operation(place)
    assert take(operation) is not None

    assert take(operation) is None


def test_an_expired_lease_is_taken_up_under_a_higher_token(
    take: Callable[[UUID], Lease], transaction: Callable[[], Any], place: Place, new_operation: NewOperation
) -> None:
    operation = new_operation(place)
    first = take(operation)
    expire(transaction, operation)

    second = take(operation)

    assert second.token > first.token
    assert second.attempts == 2


def test_a_repository_runs_one_operation_at_a_time(
    take: Callable[[UUID], Lease | None], place: Place, new_operation: NewOperation
) -> None:
    older, younger = new_operation(place), new_operation(place)
    assert take(older) is not None

    assert take(younger) is None


def test_operations_of_a_repository_run_in_the_order_they_came(
    take: Callable[[UUID], Lease | None], transaction: Callable[[], Any], place: Place, new_operation: NewOperation
) -> None:
    older, younger = new_operation(place), new_operation(place)

    assert take(younger) is None
    lease = take(older)
    assert lease is not None
    with transaction() as conn:
        finish(conn, lease, FinalState.SUCCEEDED)
        assert next_operation(conn, place.repository_id) == Next(younger, urgent=True)
    assert take(younger) is not None


def test_another_repository_is_not_held_up(
    sync_database: SyncDatabase, new_place: NewPlace, new_operation: NewOperation
) -> None:
    places = new_place(), new_place()

    for place in places:
        with sync_database.tenant(place.tenant_id) as conn:
            assert claim(conn, new_operation(place), TTL_S) is not None


Meanwhile = Callable[..., Any]


@pytest.fixture
def meanwhile(database_urls: DatabaseUrls) -> Iterator[Meanwhile]:
    """Starts a call in a thread and returns once it waits for a lock, or has ended without; gives its future."""
    with ThreadPoolExecutor(1) as pool, psycopg.connect(database_urls.superuser, autocommit=True) as watch:

        def start(call: Callable[..., Any], *arguments: Any) -> Future[Any]:
            future = pool.submit(call, *arguments)
            deadline = time.monotonic() + PATIENCE_S
            while not future.done() and watch.execute(WAITING).fetchone() == (0,):
                assert time.monotonic() < deadline
                time.sleep(0.02)
            return future

        yield start


def test_of_two_workers_at_once_one_gets_the_lease(
    take: Callable[[UUID], Lease | None],
    transaction: Callable[[], Any],
    meanwhile: Meanwhile,
    place: Place,
    new_operation: NewOperation,
) -> None:
    operation = new_operation(place)

    with transaction() as conn:
        assert claim(conn, operation, TTL_S) is not None
        second = meanwhile(take, operation)

    assert second.result(PATIENCE_S) is None


def test_two_operations_claimed_at_once_do_not_both_run(
    take: Callable[[UUID], Lease | None],
    transaction: Callable[[], Any],
    sync_database: SyncDatabase,
    meanwhile: Meanwhile,
    place: Place,
    new_operation: NewOperation,
) -> None:
    """The one that came first by its clock became visible last."""
    younger = new_operation(place)

    with transaction() as conn:
        assert claim(conn, younger, TTL_S) is not None
        older = new_operation(place)
        with transaction() as other:
            other.execute(
                "UPDATE operation SET created_at = created_at - interval '1 min' WHERE operation_id = %s", [older]
            )
        second = meanwhile(take, older)

    assert second.result(PATIENCE_S) is None


def test_a_heartbeat_at_the_last_moment_keeps_the_lease(
    take: Callable[[UUID], Lease],
    transaction: Callable[[], Any],
    meanwhile: Meanwhile,
    place: Place,
    new_operation: NewOperation,
) -> None:
    operation = new_operation(place)
    lease = take(operation)
    expire(transaction, operation)

    with transaction() as conn:
        assert heartbeat(conn, lease, Progress("parse", 1, 2)).alive
        second = meanwhile(take, operation)

    assert second.result(PATIENCE_S) is None


@pytest.mark.parametrize("state", list(FinalState))
def test_a_finished_operation_cannot_be_claimed(
    take: Callable[[UUID], Lease],
    transaction: Callable[[], Any],
    place: Place,
    new_operation: NewOperation,
    state: FinalState,
) -> None:
    operation = new_operation(place)
    lease = take(operation)
    with transaction() as conn:
        finish(conn, lease, state)

    assert take(operation) is None


def test_an_unknown_operation_is_no_lease(take: Callable[[UUID], Lease | None]) -> None:
    assert take(uuid4()) is None


def test_a_heartbeat_prolongs_the_lease_and_reports_progress(
    take: Callable[[UUID], Lease], transaction: Callable[[], Any], place: Place, new_operation: NewOperation
) -> None:
    operation = new_operation(place)
    lease = take(operation)
    expire(transaction, operation)

    with transaction() as conn:
        answer = heartbeat(conn, lease, Progress("parse", 3, 9))

    assert answer == HeartbeatAnswer(alive=True, cancel_requested=False)
    assert take(operation) is None
    now = state_of(transaction, operation)
    assert (now["stage"], now["done"], now["total"]) == ("parse", 3, 9)


def test_a_heartbeat_tells_that_somebody_asked_to_cancel(
    take: Callable[[UUID], Lease], transaction: Callable[[], Any], place: Place, new_operation: NewOperation
) -> None:
    operation = new_operation(place)
    lease = take(operation)
    with transaction() as conn:
        conn.execute("UPDATE operation SET cancel_requested = true WHERE operation_id = %s", [operation])

    with transaction() as conn:
        assert heartbeat(conn, lease, Progress("parse", 0, 0)).cancel_requested


@pytest.fixture
def lost_lease(
    take: Callable[[UUID], Lease], transaction: Callable[[], Any], place: Place, new_operation: NewOperation
) -> Lease:
    """The lease of a worker that froze until another one took its operation up."""
    operation = new_operation(place)
    frozen = take(operation)
    expire(transaction, operation)
    take(operation)
    return frozen


def test_a_frozen_worker_hears_that_it_is_out(lost_lease: Lease, transaction: Callable[[], Any]) -> None:
    with transaction() as conn:
        assert heartbeat(conn, lost_lease, Progress("parse", 1, 1)) == HeartbeatAnswer(
            alive=False, cancel_requested=False
        )
    assert state_of(transaction, lost_lease.operation_id)["stage"] == "queued"


def test_a_frozen_workers_late_write_is_refused(lost_lease: Lease, transaction: Callable[[], Any]) -> None:
    def write_late() -> None:
        with transaction() as conn:
            conn.execute("UPDATE operation SET done = 99 WHERE operation_id = %s", [lost_lease.operation_id])
            assert_fenced(conn, lost_lease)

    with pytest.raises(Aborted) as caught:
        write_late()

    assert caught.value.reason == "LEASE_LOST"
    assert state_of(transaction, lost_lease.operation_id)["done"] == 0


def test_a_frozen_workers_last_word_is_refused(lost_lease: Lease, transaction: Callable[[], Any]) -> None:
    with pytest.raises(Aborted), transaction() as conn:
        finish(conn, lost_lease, FinalState.FAILED, error={"reason": "TOO_LATE"})

    assert state_of(transaction, lost_lease.operation_id)["state"] == "running"


def test_nobody_takes_the_lease_between_the_check_and_the_commit(
    take: Callable[[UUID], Lease],
    transaction: Callable[[], Any],
    sync_database: SyncDatabase,
    place: Place,
    new_operation: NewOperation,
) -> None:
    operation = new_operation(place)
    lease = take(operation)
    expire(transaction, operation)

    with transaction() as conn:
        assert_fenced(conn, lease)
        with pytest.raises(DeadlineExceeded), sync_database.tenant(place.tenant_id, timeout_s=0.2) as other:
            claim(other, operation, TTL_S)


def test_the_outcome_is_kept(
    take: Callable[[UUID], Lease], transaction: Callable[[], Any], place: Place, new_operation: NewOperation
) -> None:
    operation = new_operation(place)
    with transaction() as conn:
        finish(conn, take(operation), FinalState.SUCCEEDED, result={"generation": 2}, errors=[{"path": "a.py"}])

    now = state_of(transaction, operation)
    assert (now["state"], now["result"], now["errors"]) == ("succeeded", {"generation": 2}, [{"path": "a.py"}])
    assert now["lease_expires_at"] is None


@pytest.fixture
def due(database_urls: DatabaseUrls) -> Callable[..., set[UUID]]:
    """What one reaper takes, committed, out of all that is due in the database."""

    def take_due(patience: str = "1 hour", most: int = 1000) -> set[UUID]:
        with psycopg.connect(database_urls.service) as conn:
            return {row[0] for row in conn.execute(DUE, [most, patience])}

    return take_due


def test_work_without_a_live_lease_is_due_once_per_patience(
    due: Callable[..., set[UUID]],
    take: Callable[[UUID], Lease],
    transaction: Callable[[], Any],
    place: Place,
    new_operation: NewOperation,
) -> None:
    queued = new_operation(place)

    assert queued in due()
    assert queued not in due()
    assert queued in due(patience="0 s")


def test_work_in_progress_is_due_only_when_its_lease_expired(
    due: Callable[..., set[UUID]],
    take: Callable[[UUID], Lease],
    transaction: Callable[[], Any],
    place: Place,
    new_operation: NewOperation,
) -> None:
    operation = new_operation(place)
    take(operation)

    assert operation not in due()
    expire(transaction, operation)
    assert operation in due()


def test_finished_work_is_never_due(
    due: Callable[..., set[UUID]],
    take: Callable[[UUID], Lease],
    transaction: Callable[[], Any],
    place: Place,
    new_operation: NewOperation,
) -> None:
    operation = new_operation(place)
    with transaction() as conn:
        finish(conn, take(operation), FinalState.CANCELLED)

    assert operation not in due(patience="0 s")


def test_a_reaper_takes_no_more_than_it_asked_for(
    due: Callable[..., set[UUID]], new_place: NewPlace, new_operation: NewOperation
) -> None:
    for _ in range(4):
        new_operation(new_place())

    assert len(due(most=2)) == 2


def test_two_reapers_at_once_share_the_work(
    database_urls: DatabaseUrls, due: Callable[..., set[UUID]], new_place: NewPlace, new_operation: NewOperation
) -> None:
    due()
    operations = {new_operation(new_place()) for _ in range(4)}

    with psycopg.connect(database_urls.service) as one, psycopg.connect(database_urls.service) as other:
        first = {row[0] for row in one.execute(DUE, [2, "1 hour"])}
        second = {row[0] for row in other.execute(DUE, [4, "1 hour"])}  # while the first is not committed

    assert len(first) == len(second) == 2
    assert first | second == operations
