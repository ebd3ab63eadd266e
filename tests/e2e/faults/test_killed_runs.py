"""Runs in which a process dies at a random moment: each ends complete, and its index equals that of an undisturbed run.

KILLED_RUNS in the environment says how many, the victims taking turns; each number is another moment.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import Any

import psutil
import psycopg
import pytest
from psycopg.rows import dict_row

from pampax.bench.corpus.generated import write
from pampax.bench.corpus.plan import Plan, Size
from pampax.client.client import Client
from pampax.client.repository import NewRepository, Source
from pampax.core.errors import AlreadyExists, Unavailable
from pampax.embedded.layout import DataDir

from ...integration.indexing.live_rows import content  # noqa: TID252 - tests are no package
from ...tcp_proxy import TcpProxies  # noqa: TID252 - tests are no package
from ..conftest import PASSABLE  # noqa: TID252 - tests are no package
from .report import KilledRun, attach
from .system import System, until

VICTIMS = ("child of the worker", "postgres", "indexing", "worker", "parser", "valkey")
# Some of them; each is killed in other tests as well.
RUNS = int(os.environ.get("KILLED_RUNS", "3"))
SIZE = Size("killed", 500, 1_500_000)  # a run of more than a second
PARSER = "pampax.codeintel.parser_process"
ENDS = ("succeeded", "failed", "cancelled")
ENDS_WITHIN_S = 120.0
WHOLE_WITHIN_S = 90.0
MOMENT_SHARE = 0.6  # of a usual run: not each takes as long
TAKEN_UP_WITHIN_S = 30.0
POLL_S = 0.02


@dataclass
class Scene:
    """A system with a folder to index, what an undisturbed run makes of it, and how long that takes."""

    system: System
    folder: Path
    usual_s: float = 0.0
    clean: set[tuple[Any, ...]] = field(default_factory=set)

    def begin(self, name: str) -> str:
        """The id of the operation that indexes the folder under this name."""
        with Client(self.system.endpoint, self.system.token) as client:
            assert until(lambda: created(client, name, self.folder), WHOLE_WITHIN_S)
            return client.index(name).id

    def query(self, statement: str, parameters: Any = None) -> list[dict[str, Any]]:
        with self.system.superuser() as connection:
            return connection.cursor(row_factory=dict_row).execute(statement, parameters).fetchall()

    def operation(self, operation_id: str) -> dict[str, Any]:
        """Its row; an empty one while the database is away."""
        with suppress(psycopg.OperationalError):
            return self.query("SELECT * FROM operation WHERE operation_id = %s", [operation_id])[0]
        return {}

    def ended(self, operation_id: str) -> bool:
        return self.operation(operation_id).get("state") in ENDS

    def index(self, name: str) -> set[tuple[Any, ...]]:
        (row,) = self.query(
            "SELECT f.repository_id, f.name FROM ref f JOIN repository r USING (repository_id) WHERE r.name = %s",
            [name],
        )
        return content(self.query, row["repository_id"], row["name"])

    def victims(self, what: str) -> list[psutil.Process]:
        """Who dies: none while there is no such process."""
        match what:
            case "worker":
                return self.system.family("worker")
            case "child of the worker":
                return [child for child in self.system.process("worker").children() if PARSER not in child.cmdline()]
            case "parser":
                return [each for each in self.system.family("worker") if PARSER in each.cmdline()]
            case _:
                return [self.system.process(what)]


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with ExitStack() as parts:
        home = Path(mkdtemp(prefix="pampax-killed-"))
        home.chmod(PASSABLE)
        system = System(DataDir(home / "data"), parts.enter_context(TcpProxies()))
        parts.callback(system.stop)
        system.start()
        write(Plan(SIZE), home / "folder")
        made = Scene(system, home / "folder")
        for name in ("warm", "clean"):
            begun = time.monotonic()
            ended = partial(made.ended, made.begin(name))
            assert until(ended, ENDS_WITHIN_S, POLL_S)
            made.usual_s = time.monotonic() - begun  # the second finds everything warm
        made.clean = made.index("clean")
        yield made


@pytest.mark.parametrize("number", range(RUNS))
def test_a_run_in_which_a_process_dies_ends_complete(scene: Scene, number: int, request: pytest.FixtureRequest) -> None:
    what, moment = VICTIMS[number % len(VICTIMS)], Random(number).uniform(0.0, MOMENT_SHARE * scene.usual_s)
    assert until(scene.system.whole, WHOLE_WITHIN_S), scene.system.state()
    operation = scene.begin(f"killed-{number}")
    time.sleep(moment)
    assert until(lambda: bool(scene.victims(what)), WHOLE_WITHIN_S, POLL_S), f"no {what} to kill"
    before = scene.operation(operation)
    for process in scene.victims(what):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    died = time.monotonic()
    assert until(lambda: moved(before, scene.operation(operation)), TAKEN_UP_WITHIN_S, POLL_S), "nobody took it up"
    taken_up_s = time.monotonic() - died
    assert until(lambda: scene.ended(operation), ENDS_WITHIN_S), scene.operation(operation)
    ended = scene.operation(operation)
    attach(request, KilledRun(what, before["stage"], taken_up_s, time.monotonic() - died))
    assert ended["state"] == "succeeded", ended["error"]
    assert scene.index(f"killed-{number}") == scene.clean


def created(client: Client, name: str, folder: Path) -> bool:
    """False while the gateway's connections are still to those who have died."""
    try:
        client.create_repository(NewRepository(name=name, source=Source(path=str(folder))))
    except Unavailable:
        return False
    except AlreadyExists:
        return True  # only the answer was lost
    return True


def moved(before: dict[str, Any], now: dict[str, Any]) -> bool:
    """Whether somebody works on it again, has not even noticed, or was through already."""
    if not now:
        return False
    marks = ("attempts", "stage", "done")
    return now["state"] in ENDS or any(now[mark] != before[mark] for mark in marks)
