"""Repositories indexed by the real run, searched by the real service over a real database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from pampax.core.identity import Caller, Role
from pampax.embedding.static import load_default
from pampax.indexing.model import IndexRequest
from pampax.indexing.records import request_document
from pampax.indexing.run.indexing import GitPolicy
from pampax.indexing.run.runner import Runner
from pampax.search.gather import Sources
from pampax.search.service import SearchService
from pampax.storage.database import Database, SyncDatabase


@dataclass(frozen=True)
class Repository:
    """A folder under a name in a tenant; `write` and `index` bring it up to date."""

    name: str
    folder: Path
    caller: Caller
    database: SyncDatabase
    mirrors: Path

    def write(self, files: Mapping[str, str]) -> None:
        for path, text in files.items():
            target = self.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)

    def index(self) -> str:
        """Runs one operation to its end and returns its state."""
        operation_id = uuid4()
        tenant_id = self.caller.tenant_id
        with self.database.tenant(tenant_id) as conn:
            conn.execute(
                "INSERT INTO operation (operation_id, repository_id, repository_name, request)"
                " SELECT %s, repository_id, name, %s FROM repository WHERE name = %s",
                [operation_id, json.dumps(request_document(IndexRequest("", False, None))), self.name],
            )
        runner = Runner(self.database, load_default(), GitPolicy(self.mirrors, allow_private=True))
        try:
            runner.run(operation_id, tenant_id)
        finally:
            runner._parsers.close()
        with self.database.tenant(tenant_id) as conn:
            row = conn.execute("SELECT state, error FROM operation WHERE operation_id = %s", [operation_id]).fetchone()
        assert row is not None
        return str(row["state"])


NewRepository = Callable[..., Repository]


@pytest.fixture(scope="module")
def new_repository(
    sync_database: SyncDatabase, tenant: Callable, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NewRepository]:
    """Makes a repository over a new folder, in a new tenant or in that of another repository."""

    def make(name: str, files: Mapping[str, str], *, beside: Repository | None = None) -> Repository:
        owner = tenant() if beside is None else None
        caller = beside.caller if beside else Caller(owner.tenant_id, owner.principal_id, Role.ADMIN, local=True)
        folder = tmp_path_factory.mktemp(name)
        with sync_database.tenant(caller.tenant_id) as conn:
            conn.execute(
                "INSERT INTO repository (name, source_kind, source) VALUES (%s, 'path', %s)", [name, str(folder)]
            )
        made = Repository(name, folder, caller, sync_database, tmp_path_factory.mktemp("mirrors"))
        made.write(files)
        return made

    return make


@pytest.fixture(scope="module")
def service(database: Database) -> SearchService:
    return SearchService(Sources(database, load_default()))
