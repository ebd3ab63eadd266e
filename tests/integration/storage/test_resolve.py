"""What a principal may read, and which snapshot answers for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import psycopg
import pytest

from pampax.core.errors import FailedPrecondition, NotFound
from pampax.core.identity import Role
from pampax.storage.database import Database, SyncDatabase
from pampax.storage.publishing import PublishRequest, publish
from pampax.storage.snapshots import Snapshot, readable_repositories, resolve

if TYPE_CHECKING:
    from tests.conftest import DatabaseUrls, Tenant
    from tests.integration.storage.conftest import NewPlace, Place

Show = Callable[..., None]


@pytest.fixture
def show(sync_database: SyncDatabase) -> Show:
    """Publishes one chunk of a place under a ref."""

    def run(place: Place, ref: str = "main", commit: str = "c1") -> None:
        only = np.zeros(1, dtype=np.int32)
        wanted = PublishRequest(place.repository_id, place.build_id, ref, commit, False, only, only, 1)
        with sync_database.tenant(place.tenant_id) as conn:
            publish(conn, wanted)

    return run


def grant(urls: DatabaseUrls, reader: Tenant, place: Place, role: str = "reader") -> None:
    with psycopg.connect(urls.owner) as conn:
        conn.execute("SELECT set_config('pampax.tenant', %s, true)", [str(reader.tenant_id)])
        conn.execute(
            "INSERT INTO role_binding (tenant_id, principal_id, repository_id, role) VALUES (%s, %s, %s, %s)",
            [reader.tenant_id, reader.principal_id, place.repository_id, role],
        )


async def ask(database: Database, who: Tenant, *names: str, ref: str | None = None) -> list[Snapshot]:
    async with database.tenant(who.tenant_id, read_only=True) as conn:
        return await resolve(conn, who.principal_id, names, ref)


async def test_a_role_for_the_tenant_reads_all_its_repositories_by_name(
    database: Database, tenant: Callable[..., Tenant], new_place: NewPlace
) -> None:
    who = tenant(role="writer")
    for name in ("beta", "alpha", "Zeta"):
        new_place(who, name=name)
    new_place()  # of somebody else

    async with database.tenant(who.tenant_id) as conn:
        found = await readable_repositories(conn, who.principal_id, None)
        named = await readable_repositories(conn, who.principal_id, ["beta", "unknown"])

    assert [(each.name, each.role) for each in found] == [(name, Role.WRITER) for name in ("Zeta", "alpha", "beta")]
    assert [each.name for each in named] == ["beta"]
    assert (found[0].source_kind, found[0].source, found[0].include) == ("upload", "", [])


async def test_a_grant_reads_its_repository_alone(
    database: Database, database_urls: DatabaseUrls, tenant: Callable[..., Tenant], new_place: NewPlace
) -> None:
    who = tenant(role=None)
    granted = new_place(who)
    new_place(who)
    grant(database_urls, who, granted, "admin")

    async with database.tenant(who.tenant_id) as conn:
        found = await readable_repositories(conn, who.principal_id)

    assert [(each.name, each.role) for each in found] == [(granted.name, Role.ADMIN)]


async def test_the_strongest_of_two_roles_counts(
    database: Database, database_urls: DatabaseUrls, tenant: Callable[..., Tenant], new_place: NewPlace
) -> None:
    who = tenant(role="reader")
    grant(database_urls, who, new_place(who), "writer")

    async with database.tenant(who.tenant_id) as conn:
        assert [each.role for each in await readable_repositories(conn, who.principal_id)] == [Role.WRITER]


async def test_without_a_ref_the_latest_publish_answers(
    database: Database, tenant: Callable[..., Tenant], new_place: NewPlace, show: Show
) -> None:
    who = tenant()
    place = new_place(who)
    show(place, "main")
    show(place, "feature")

    assert [each.ref for each in await ask(database, who)] == ["feature"]
    show(place, "main", "c2")
    assert [each.ref for each in await ask(database, who)] == ["main"]


async def test_a_ref_answers_for_the_repositories_that_have_it(
    database: Database, tenant: Callable[..., Tenant], new_place: NewPlace, show: Show
) -> None:
    who = tenant()
    first, second = new_place(who, name="first"), new_place(who, name="second")
    for place, ref in ((first, "main"), (second, "main"), (second, "v2")):
        show(place, ref)

    assert [each.repository for each in await ask(database, who, ref="main")] == ["first", "second"]
    assert [each.repository for each in await ask(database, who, ref="v2")] == ["second"]


async def test_a_named_repository_without_the_ref_is_told(
    database: Database, tenant: Callable[..., Tenant], new_place: NewPlace, show: Show
) -> None:
    who = tenant()
    for name in ("one", "two"):
        show(new_place(who, name=name))

    with pytest.raises(NotFound) as caught:
        await ask(database, who, "one", "two", ref="v9")
    assert (caught.value.reason, caught.value.metadata) == ("REF_NOT_FOUND", {"ref": "v9", "repositories": "one,two"})
    assert "'v9'" in caught.value.message
    with pytest.raises(NotFound):
        await ask(database, who, ref="v9")


async def test_an_unknown_and_an_unreadable_repository_are_told_alike(
    database: Database, tenant: Callable[..., Tenant], new_place: NewPlace, show: Show
) -> None:
    who, other = tenant(), new_place(name="theirs")
    show(other)
    show(new_place(who, name="ours"))

    with pytest.raises(NotFound) as caught:
        await ask(database, who, "ours", "theirs", "nowhere")
    assert caught.value.reason == "REPOSITORY_NOT_FOUND"
    assert caught.value.metadata == {"repositories": "nowhere,theirs"}


async def test_a_repository_that_was_never_published_is_told_when_named_and_left_out_otherwise(
    database: Database, tenant: Callable[..., Tenant], new_place: NewPlace, show: Show
) -> None:
    who = tenant()
    show(new_place(who, name="ready"))
    new_place(who, name="raw")

    assert [each.repository for each in await ask(database, who)] == ["ready"]
    with pytest.raises(FailedPrecondition, match="'raw' is not indexed yet: run `pampax index`") as caught:
        await ask(database, who, "ready", "raw")
    assert caught.value.reason == "NOT_INDEXED"


async def test_a_tenant_without_repositories_has_no_snapshots(
    database: Database, tenant: Callable[..., Tenant]
) -> None:
    assert await ask(database, tenant()) == []


async def test_snapshots_of_a_build_with_its_own_vectors_name_their_table(
    database: Database, sync_database: SyncDatabase, tenant: Callable[..., Tenant], new_place: NewPlace, show: Show
) -> None:
    who = tenant()
    place = new_place(who)
    show(place)
    assert (await ask(database, who))[0].vector_table is None

    with sync_database.tenant(who.tenant_id) as conn:
        conn.execute("SELECT create_vector_table(%s, %s)", [place.repository_id, place.build_id])

    assert (await ask(database, who))[0].vector_table == f"vector_{place.repository_id}_{place.build_id}"
