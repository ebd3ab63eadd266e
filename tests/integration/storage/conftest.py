"""Places of the data model that its tests share: a repository with a build."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from pampax.storage.database import SyncDatabase

if TYPE_CHECKING:
    from tests.conftest import Tenant


@dataclass(frozen=True)
class Place:
    """A repository of a tenant and a build that it has counters for."""

    tenant_id: UUID
    principal_id: UUID
    repository_id: int
    build_id: int
    name: str


NewPlace = Callable[..., Place]


@pytest.fixture(scope="module")
def new_place(sync_database: SyncDatabase, tenant: Callable[..., Tenant]) -> NewPlace:
    """Makes a repository, in a new tenant or in `of`."""

    def make(of: Tenant | None = None, *, name: str = "") -> Place:
        owner = of or tenant()
        with sync_database.tenant(owner.tenant_id) as conn:
            repository = conn.execute(
                "INSERT INTO repository (name, source_kind) VALUES (%s, 'upload') RETURNING repository_id, name",
                [name or f"repository-{uuid4().hex[:8]}"],
            ).fetchone()
            build = conn.execute(
                "INSERT INTO build (version) VALUES (%s) RETURNING build_id", [f"build-{uuid4()}"]
            ).fetchone()
            assert repository is not None
            assert build is not None
            conn.execute(
                "INSERT INTO repository_build (repository_id, build_id) VALUES (%s, %s)",
                [repository["repository_id"], build["build_id"]],
            )
        return Place(owner.tenant_id, owner.principal_id, **repository, **build)

    return make


@pytest.fixture
def place(new_place: NewPlace) -> Place:
    return new_place()


NewOperation = Callable[[Place], UUID]


@pytest.fixture(scope="module")
def new_operation(sync_database: SyncDatabase) -> NewOperation:
    """Queues an operation of a place's repository; each is younger than the one before."""

    def make(place: Place) -> UUID:
        with sync_database.tenant(place.tenant_id) as conn:
            row = conn.execute(
                "INSERT INTO operation (operation_id, tenant_id, repository_id, repository_name, request)"
                ' VALUES (%s, %s, %s, %s, \'{"ref": "main"}\') RETURNING operation_id',
                [uuid4(), place.tenant_id, place.repository_id, place.name],
            ).fetchone()
        assert row is not None
        return UUID(str(row["operation_id"]))

    return make
