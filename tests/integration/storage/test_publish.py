"""Publishing: readers see the old snapshot or the new one, and hear of it when it is there."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg
import pytest

from pampax.core.errors import Aborted, NotFound
from pampax.storage.database import Database, SyncDatabase
from pampax.storage.live import load_bitmaps
from pampax.storage.operations import claim
from pampax.storage.publishing import PUBLISHED_CHANNEL, Published, PublishRequest, publish
from pampax.storage.session import SyncConnection
from pampax.storage.snapshots import Snapshot, resolve

if TYPE_CHECKING:
    from tests.conftest import DatabaseUrls
    from tests.integration.storage.conftest import NewOperation, Place


def ordinals(*values: int) -> np.ndarray[Any, np.dtype[np.int32]]:
    return np.array(values, dtype=np.int32)


@pytest.fixture
def request_of(place: Place) -> Callable[..., PublishRequest]:
    def make(**changes: Any) -> PublishRequest:
        whole = PublishRequest(
            place.repository_id, place.build_id, "main", "c1", False, ordinals(0, 2), ordinals(0), 40, {"binary": 1}
        )
        return dataclasses.replace(whole, **changes)

    return make


@pytest.fixture
def publish_now(sync_database: SyncDatabase, place: Place) -> Callable[[PublishRequest], Published]:
    """Publishes in a transaction of its own."""

    def run(wanted: PublishRequest) -> Published:
        with sync_database.tenant(place.tenant_id) as conn:
            return publish(conn, wanted)

    return run


async def read(database: Database, place: Place) -> tuple[Snapshot, list[int], list[int]] | None:
    async with database.tenant(place.tenant_id, read_only=True) as conn:
        found = await resolve(conn, place.principal_id, None, None)
        if not found:
            return None
        chunks, files = await load_bitmaps(conn, found[0].snapshot_id)
        return found[0], np.flatnonzero(chunks).tolist(), np.flatnonzero(files).tolist()


async def test_the_first_publish_shows_what_was_asked(
    database: Database,
    place: Place,
    request_of: Callable[..., PublishRequest],
    publish_now: Callable[[PublishRequest], Published],
) -> None:
    published = publish_now(request_of())

    assert (published.generation, published.changed) == (1, True)
    seen = await read(database, place)
    assert seen is not None
    snapshot, chunks, files = seen
    assert (chunks, files) == ([0, 2], [0])
    assert (snapshot.repository, snapshot.ref, snapshot.commit, snapshot.dirty) == (place.name, "main", "c1", False)
    assert (snapshot.chunk_count, snapshot.file_count, snapshot.term_count) == (2, 1, 40)
    assert (snapshot.snapshot_id, snapshot.generation) == (published.snapshot_id, 1)


def test_an_unchanged_publish_bumps_nothing(
    request_of: Callable[..., PublishRequest], publish_now: Callable[[PublishRequest], Published]
) -> None:
    first = publish_now(request_of())

    again = publish_now(request_of(live_chunks=ordinals(2, 0)))

    assert again == dataclasses.replace(first, changed=False)


@pytest.mark.parametrize(
    "change",
    [
        {"live_chunks": ordinals(0, 3)},
        {"live_chunks": ordinals()},
        {"live_files": ordinals(1)},
        {"commit": "c2"},
        {"dirty": True},
        {"skipped": {}},
    ],
    ids=str,
)
def test_any_difference_is_a_new_generation(
    request_of: Callable[..., PublishRequest],
    publish_now: Callable[[PublishRequest], Published],
    change: dict[str, Any],
) -> None:
    first = publish_now(request_of())

    second = publish_now(request_of(**change))

    assert (second.generation, second.changed) == (2, True)
    assert second.snapshot_id > first.snapshot_id


async def test_readers_see_the_old_snapshot_until_the_commit(
    database: Database,
    sync_database: SyncDatabase,
    place: Place,
    request_of: Callable[..., PublishRequest],
    publish_now: Callable[[PublishRequest], Published],
) -> None:
    publish_now(request_of())
    before = await read(database, place)

    with sync_database.tenant(place.tenant_id) as conn:
        publish(conn, request_of(live_chunks=ordinals(5)))
        assert await read(database, place) == before

    after = await read(database, place)
    assert after is not None
    assert (after[0].generation, after[1]) == (2, [5])


async def test_a_reading_transaction_never_mixes_two_generations(
    database: Database,
    place: Place,
    request_of: Callable[..., PublishRequest],
    publish_now: Callable[[PublishRequest], Published],
) -> None:
    publish_now(request_of())

    async with database.tenant(place.tenant_id, read_only=True) as conn:
        before = await resolve(conn, place.principal_id, None, None)
        publish_now(request_of(live_chunks=ordinals(5)))
        assert await resolve(conn, place.principal_id, None, None) == before
        chunks, _ = await load_bitmaps(conn, before[0].snapshot_id)

    assert np.flatnonzero(chunks).tolist() == [0, 2]


async def test_a_publish_that_fails_afterwards_never_was(
    database: Database,
    sync_database: SyncDatabase,
    place: Place,
    request_of: Callable[..., PublishRequest],
) -> None:
    def publish_and_stumble() -> None:
        with sync_database.tenant(place.tenant_id) as conn:
            publish(conn, request_of())
            raise RuntimeError("stumbled")

    with pytest.raises(RuntimeError, match="stumbled"):
        publish_and_stumble()

    assert await read(database, place) is None


def test_listeners_hear_of_a_publish_with_its_commit_only(
    database_urls: DatabaseUrls,
    sync_database: SyncDatabase,
    place: Place,
    request_of: Callable[..., PublishRequest],
) -> None:
    with psycopg.connect(database_urls.service, autocommit=True) as listener:
        listener.execute(f"LISTEN {PUBLISHED_CHANNEL}")
        with sync_database.tenant(place.tenant_id) as conn:
            publish(conn, request_of())
            assert list(listener.notifies(timeout=0.2)) == []
        heard = list(listener.notifies(timeout=10, stop_after=1))

    assert [json.loads(notice.payload) for notice in heard] == [
        {"tenant_id": str(place.tenant_id), "repository_id": place.repository_id, "generation": 1}
    ]


def test_an_unchanged_publish_is_not_announced(
    database_urls: DatabaseUrls,
    request_of: Callable[..., PublishRequest],
    publish_now: Callable[[PublishRequest], Published],
) -> None:
    publish_now(request_of())
    with psycopg.connect(database_urls.service, autocommit=True) as listener:
        listener.execute(f"LISTEN {PUBLISHED_CHANNEL}")
        publish_now(request_of())

        assert list(listener.notifies(timeout=0.2)) == []


def test_a_worker_that_lost_its_lease_publishes_nothing(
    sync_database: SyncDatabase,
    place: Place,
    request_of: Callable[..., PublishRequest],
    new_operation: NewOperation,
) -> None:
    operation = new_operation(place)

    def take() -> Any:
        with sync_database.tenant(place.tenant_id) as conn:
            return claim(conn, operation, 0.0)

    frozen, current = take(), take()

    with pytest.raises(Aborted), sync_database.tenant(place.tenant_id) as conn:
        publish(conn, request_of(), lease=frozen)
    with sync_database.tenant(place.tenant_id) as conn:
        assert publish(conn, request_of(), lease=current).generation == 1


def test_a_publish_that_waits_for_the_repository_does_not_hold_the_operation(
    sync_database: SyncDatabase,
    place: Place,
    request_of: Callable[..., PublishRequest],
    new_operation: NewOperation,
    database_urls: DatabaseUrls,
) -> None:
    """Whoever deletes a repository locks it before its operations: the other order would be a deadlock."""
    operation = new_operation(place)
    with sync_database.tenant(place.tenant_id) as conn:
        lease = claim(conn, operation, 60.0)

    def publish_under_lease() -> Published:
        with sync_database.tenant(place.tenant_id) as conn:
            return publish(conn, request_of(), lease=lease)

    with ThreadPoolExecutor(1) as threads:
        with sync_database.tenant(place.tenant_id) as deleter:
            deleter.execute("SELECT FROM repository WHERE repository_id = %s FOR UPDATE", [place.repository_id])
            publishing = threads.submit(publish_under_lease)
            until_somebody_waits(database_urls.superuser)
            deleter.execute("SELECT FROM operation WHERE operation_id = %s FOR UPDATE NOWAIT", [operation])
        assert publishing.result(timeout=10).changed


def until_somebody_waits(superuser_url: str) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with psycopg.connect(superuser_url, autocommit=True) as conn:
        for _ in range(1_000):
            if conn.execute(waiting).fetchone() != (0,):
                return
            time.sleep(0.01)
    pytest.fail("nobody waits for a lock")


def test_a_repository_that_was_deleted_meanwhile_is_not_published(
    sync_database: SyncDatabase,
    place: Place,
    request_of: Callable[..., PublishRequest],
    publish_now: Callable[[PublishRequest], Published],
    new_operation: NewOperation,
) -> None:
    publish_now(request_of())
    new_operation(place)
    with sync_database.tenant(place.tenant_id) as conn:
        conn.execute("DELETE FROM repository WHERE repository_id = %s", [place.repository_id])

    with pytest.raises(NotFound):
        publish_now(request_of())


async def test_what_was_shown_until_now_stays_for_searches_under_way(
    database: Database,
    sync_database: SyncDatabase,
    place: Place,
    request_of: Callable[..., PublishRequest],
    publish_now: Callable[[PublishRequest], Published],
) -> None:
    shown = publish_now(request_of())
    with sync_database.tenant(place.tenant_id) as sync:
        age(sync, place)

    publish_now(request_of(commit="c2"))

    async with database.tenant(place.tenant_id) as conn:
        await load_bitmaps(conn, shown.snapshot_id)


async def test_replaced_snapshots_go_after_their_hour(
    database: Database,
    sync_database: SyncDatabase,
    place: Place,
    request_of: Callable[..., PublishRequest],
    publish_now: Callable[[PublishRequest], Published],
) -> None:
    old = publish_now(request_of())
    publish_now(request_of(commit="c2"))
    async with database.tenant(place.tenant_id) as conn:
        await load_bitmaps(conn, old.snapshot_id)
    with sync_database.tenant(place.tenant_id) as sync:
        age(sync, place)

    publish_now(request_of(commit="c3"))

    async with database.tenant(place.tenant_id) as conn:
        with pytest.raises(Aborted) as caught:
            await load_bitmaps(conn, old.snapshot_id)
    assert caught.value.reason == "SNAPSHOT_REPLACED"


def age(conn: SyncConnection, place: Place) -> None:
    conn.execute(
        "UPDATE snapshot SET created_at = now() - interval '2 hours', replaced_at = replaced_at - interval '2 hours'"
        " WHERE repository_id = %s",
        [place.repository_id],
    )
