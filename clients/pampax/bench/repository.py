"""What a suite works on: a folder to index, and questions about it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from pampax.bench.corpus.generated import write
from pampax.bench.corpus.plan import SIZES, Plan, Size
from pampax.bench.corpus.questions import Question, questions, questions_of
from pampax.bench.golden.model import Annotated
from pampax.bench.record import Corpus
from pampax.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Repository:
    """A folder and its description; `questions()` begins anew each time and lists each question once.

    `annotated`: what the folder holds of repositories with questions that people have answered.
    """

    corpus: Corpus
    folder: Path
    questions: Callable[[], Iterator[Question]]
    annotated: tuple[Annotated, ...] = ()

    def endless(self) -> Iterator[Question]:
        """Distinct questions without end: once all were asked, the same with a number."""
        for turn in count():
            found = False
            for question in self.questions():
                found = True
                yield replace(question, text=f"{question.text} {turn}") if turn else question
            if not found:
                raise ConfigError(f"no question can be made about {self.corpus.name}; choose a corpus with Python code")


def generated(size: str, folder: Path) -> Repository:
    """Writes the generated repository of this size below `folder`."""
    return generated_as(SIZES[size], folder)


def generated_as(size: Size, folder: Path) -> Repository:
    """The same of any size."""
    plan = Plan(size)
    done = write(plan, folder)
    return Repository(Corpus(size.name, done.files, done.bytes, done.digest), folder, lambda: questions(plan))


def none(name: str, folder: Path) -> Repository:
    """For a suite that makes its own."""
    return Repository(Corpus(name, 0, 0, ""), folder, lambda: iter(()))


def unpacked(name: str, folder: Path, digest: str) -> Repository:
    """A folder that is there already."""
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    found = questions_of(folder)
    return Repository(Corpus(name, len(sizes), sum(sizes), digest), folder, lambda: iter(found))


def annotated(name: str, folder: Path, repositories: Sequence[Annotated]) -> Repository:
    """The digest is over the questions and their answers."""
    sizes = [path.stat().st_size for each in repositories for path in each.folder.rglob("*") if path.is_file()]
    digest = hashlib.sha256(repr([(each.name, each.queries) for each in repositories]).encode()).hexdigest()
    return Repository(Corpus(name, len(sizes), sum(sizes), digest), folder, lambda: iter(()), tuple(repositories))
