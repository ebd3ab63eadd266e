"""One system under load for all faults, and the table of what they did."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

import pytest

from pampax.embedded.layout import DataDir

from ...tcp_proxy import TcpProxies  # noqa: TID252 - tests are no package
from ..conftest import PASSABLE  # noqa: TID252 - tests are no package
from .answers import History, Outcome, References
from .corpus import EDITIONS, QUESTIONS, Corpus
from .load import Client, Load, Publisher
from .report import Row, table, write
from .system import System, small_disk

DISK_MB = 1024
REPOSITORY = "shop"


@dataclass
class Scene:
    """What every fault finds: a system that has answered each question for each edition, and users who go on asking."""

    system: System
    load: Load
    rows: list[Row]
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self._probe = self.load.client()

    def fresh_answers(self) -> list[Outcome]:
        """Every question once, in words that no cache knows."""
        number = next(self.numbers)
        return [self._probe.ask(question.afresh(number), REPOSITORY) for question in (QUESTIONS[0], QUESTIONS[-1])]

    def health(self) -> Outcome:
        return self._probe.send("health", "GET", "/v1/health")


@pytest.fixture(scope="session")
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    rows: list[Row] = []
    with ExitStack() as parts:
        home = Path(mkdtemp(prefix="pampax-faults-"))
        parts.callback(shutil.rmtree, home)
        home.chmod(PASSABLE)
        parts.enter_context(small_disk(home, DISK_MB))
        system = System(DataDir(home / "data"), parts.enter_context(TcpProxies()))
        parts.callback(system.stop)
        if logs := os.environ.get("FAULTS_LOGS"):
            parts.callback(shutil.copytree, system.data_dir.log, logs, dirs_exist_ok=True)
        system.start()
        corpus = Corpus(home / "shop")
        corpus.prepare()
        references, history = References(corpus), History()
        _learn(system, corpus, references, history, parts)
        load = Load(system.endpoint, system.token, corpus, references, history, REPOSITORY)
        parts.enter_context(load)
        yield Scene(system, load, rows)
    rows.sort(key=lambda row: row.fault)
    print("\n" + table(rows))
    if report := os.environ.get("FAULTS_REPORT"):
        write(Path(report), rows)


def _learn(system: System, corpus: Corpus, references: References, history: History, parts: ExitStack) -> None:
    """Publishes each edition and asks everything, while nothing is broken."""
    client = parts.enter_context(closing(Client(system.endpoint, system.token, references, history)))
    made = client.send("index", "POST", "/v1/repositories", {"name": REPOSITORY, "source": {"git_url": corpus.url}})
    assert made.verdict == "ok", made
    notes: list[Outcome] = []
    for edition in range(len(EDITIONS)):
        Publisher(client, corpus, history, REPOSITORY, notes.append).publish(edition)
        assert not [note.wrong for note in notes if note.wrong]
        for question in QUESTIONS:
            answer = client.send(question.kind, "POST", question.route, {**question.body, "repos": [REPOSITORY]})
            assert answer.verdict == "ok", answer
            references.learn(question, edition, answer.body)
