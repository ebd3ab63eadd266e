"""What a suite works on: a folder to index, and questions about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from pampax.bench.corpus.generated import write
from pampax.bench.corpus.plan import SIZES, Plan
from pampax.bench.corpus.questions import Question, questions, questions_of
from pampax.bench.record import Corpus
from pampax.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Repository:
    """A folder and its description; `questions()` begins anew each time and lists each question once."""

    corpus: Corpus
    folder: Path
    questions: Callable[[], Iterator[Question]]

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
    plan = Plan(SIZES[size])
    done = write(plan, folder)
    return Repository(Corpus(size, done.files, done.bytes, done.digest), folder, lambda: questions(plan))


def unpacked(name: str, folder: Path, digest: str) -> Repository:
    """A folder that is there already."""
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    found = questions_of(folder)
    return Repository(Corpus(name, len(sizes), sum(sizes), digest), folder, lambda: iter(found))
