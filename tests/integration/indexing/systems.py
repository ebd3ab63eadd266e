"""Repositories that are indexed in this process and searched in a loop of its own."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from pampax.core.identity import Caller, Role
from pampax.embedding.static import load_default
from pampax.indexing import postgres
from pampax.indexing.run.indexing import GitPolicy
from pampax.indexing.run.runner import Runner
from pampax.search.answer import Answer
from pampax.search.gather import Sources
from pampax.search.request import Mode, SearchRequest
from pampax.search.service import SearchService
from pampax.storage.database import Database, SyncDatabase

QUERIES = ("alpha", "words about gamma", "return many_7")


@dataclass
class System:
    """Repositories of one tenant, indexed in this process and searched in a loop of its own."""

    caller: Caller
    database: SyncDatabase
    runner: Runner
    loop: asyncio.AbstractEventLoop
    service: SearchService
    searching: Database
    folder: Path
    numbers: Iterator[int]

    def new(self, source: Path, kind: str) -> int:
        location = str(source) if kind == "path" else f"file://{source}"
        name = f"r{next(self.numbers)}"
        statement = "INSERT INTO repository (name, source_kind, source) VALUES (%s, %s, %s) RETURNING repository_id"
        return int(self.query(statement, [name, kind, location])[0]["repository_id"])

    def index(self, repository_id: int, ref: str, *, full: bool = False, ends: Sequence[str] = ("succeeded",)) -> UUID:
        """The operation, which has ended so."""
        operation_id = self.queued(repository_id, ref, full=full)
        row = self.run(operation_id)
        assert row["state"] in ends, row["error"]
        return operation_id

    def queued(self, repository_id: int, ref: str, *, full: bool = False) -> UUID:
        operation_id = uuid4()
        self.query(
            "INSERT INTO operation (operation_id, repository_id, repository_name, request)"
            " SELECT %s, repository_id, name, %s FROM repository WHERE repository_id = %s RETURNING 1",
            [operation_id, json.dumps({"ref": ref, "full": full, "upload": ""}), repository_id],
        )
        return operation_id

    def run(self, operation_id: UUID) -> dict[str, Any]:
        """The operation's row after an attempt."""
        self.runner.run(operation_id, self.caller.tenant_id)
        (row,) = self.query("SELECT * FROM operation WHERE operation_id = %s", [operation_id])
        return row

    def forget(self, repository_id: int, ref: str) -> None:
        async def delete() -> None:
            async with self.searching.tenant(self.caller.tenant_id) as conn:
                await postgres.delete_ref(conn, self.caller.tenant_id, repository_id, ref)

        self.loop.run_until_complete(delete())

    def pass_an_hour(self, repository_id: int) -> None:
        statement = "UPDATE snapshot SET replaced_at = replaced_at - interval '61 minutes' WHERE repository_id = %s"
        self.query(f"{statement} RETURNING 1", [repository_id])

    def answers(self, repository_id: int, ref: str) -> list[Any]:
        """Of every query in every mode; the order of equals is by ordinal, which is nobody's business."""
        answers = [
            self.answer(repository_id, ref, query, mode)
            for query in QUERIES
            for mode in (Mode.HYBRID, Mode.LEXICAL, Mode.SEMANTIC)
        ]
        assert not any(answer.degraded or answer.notices for answer in answers)
        return [
            sorted((-r.score, r.path, r.start_line, r.id, r.other_paths, r.content) for r in answer.results)
            for answer in answers
        ]

    def answer(self, repository_id: int, ref: str, query: str, mode: Mode, **asked: Any) -> Answer:
        (row,) = self.query("SELECT name FROM repository WHERE repository_id = %s", [repository_id])
        request = SearchRequest(
            query, (str(row["name"]),), ref, mode=mode, exact_vectors=True, **{"limit": 100, **asked}
        )
        return self.loop.run_until_complete(self.service.search(self.caller, request))

    def query(self, statement: str, parameters: Any = None) -> list[dict[str, Any]]:
        with self.database.tenant(self.caller.tenant_id) as conn:
            return conn.execute(statement, parameters).fetchall()


@contextmanager
def started_system(service_url: str, tenant: Any, folder: Path) -> Iterator[System]:
    """Everything closed at the end."""
    loop = asyncio.new_event_loop()
    database = SyncDatabase(service_url, pool_max=3, component="test")
    own = SyncDatabase(service_url, pool_max=3, component="test-worker")  # the runner closes it
    searching = Database(service_url, pool_max=4, component="test-search")
    embedder = load_default()
    with Runner(own, embedder, GitPolicy(folder / "mirrors", allow_private=True)) as runner:
        caller = Caller(tenant.tenant_id, tenant.principal_id, Role.ADMIN, local=True)
        service = SearchService(Sources(searching, embedder))
        yield System(caller, database, runner, loop, service, searching, folder, itertools.count())
    loop.run_until_complete(searching.close())
    loop.close()
    database.close()
