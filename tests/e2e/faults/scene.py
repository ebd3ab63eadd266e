"""What every fault finds: a system that has answered each question for each edition, and users who go on asking."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

from pampax.embedded.layout import DataDir

from ...tcp_proxy import TcpProxies  # noqa: TID252 - tests are no package
from ..conftest import PASSABLE  # noqa: TID252 - tests are no package
from .answers import History, Outcome, References
from .corpus import BUNDLE_TASKS, EDITIONS, QUESTIONS, SEARCHES, Corpus
from .load import Client, Load, Publisher
from .system import System, small_disk

DISK_MB = 1024
REPOSITORY = "shop"


@dataclass
class Scene:
    """The system, its users, and a probe that asks what no cache knows."""

    system: System
    load: Load
    probe: Client
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def fresh_answers(self) -> list[Outcome]:
        number = next(self._numbers)
        return [self.probe.ask(question.afresh(number), REPOSITORY) for question in (SEARCHES[0], BUNDLE_TASKS[0])]

    def health(self) -> Outcome:
        return self.probe.send("health", "GET", "/v1/health")


@contextmanager
def scene_of_faults() -> Iterator[Scene]:
    """With FAULTS_LOGS in the environment, the logs of the system are copied there at the end."""
    with ExitStack() as parts:
        home = Path(mkdtemp(prefix="pampax-faults-"))
        parts.callback(shutil.rmtree, home)
        home.chmod(PASSABLE)
        disk = home / "disk"
        disk.mkdir(PASSABLE)
        parts.enter_context(small_disk(disk, DISK_MB))
        system = System(DataDir(disk / "data"), parts.enter_context(TcpProxies()))
        parts.callback(system.stop)
        if logs := os.environ.get("FAULTS_LOGS"):
            parts.callback(lambda: shutil.copytree(system.data_dir.log, Path(logs) / home.name))
        system.start()
        corpus = Corpus(home / "shop")
        corpus.prepare()
        references, history = References(corpus), History()
        client = parts.enter_context(closing(Client(system.endpoint, system.token, references, history)))
        _learn(client, corpus, references, history)
        load = Load(system.endpoint, system.token, corpus, references, history, REPOSITORY)
        parts.enter_context(load)
        yield Scene(system, load, client)


def _learn(client: Client, corpus: Corpus, references: References, history: History) -> None:
    """Publishes each edition and asks everything, while nothing is broken."""
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
