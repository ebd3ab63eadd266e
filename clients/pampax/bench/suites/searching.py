"""Searches and bundles with their times, and whether the answers are right."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pampax.bench.asking import Asker
from pampax.bench.corpus.questions import Question

LIMIT = 10
BUDGET_TOKENS = 8_000
# A suite that hangs would be worse than one that measures too little.
_THREAD_S = 120.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One answered search. `found`: the right file is among the results; `results`: their ids, in order."""

    question: Question
    milliseconds: float
    found: bool
    results: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Load:
    """What several clients at once got: a time per request, and requests per second together."""

    milliseconds: tuple[float, ...]
    per_s: float


@dataclass(frozen=True, slots=True)
class Target:
    """A repository of a system, to be asked."""

    endpoint: str
    token: str
    name: str

    def connection(self) -> Asker:
        return Asker(self.endpoint, self.token)


def search(asker: Asker, target: Target, question: Question) -> Asked:
    taken, answer = asker.post("/v1/search", _body(target, question))
    results = json.loads(answer)["results"]
    found = any(question.path in (each["path"], *each["other_paths"]) for each in results)
    return Asked(question, taken, found, tuple(each["id"] for each in results))


def assemble(asker: Asker, target: Target, question: Question) -> float:
    """Milliseconds."""
    body = {"task": question.text, "repos": [target.name], "token_budget": BUDGET_TOKENS}
    return asker.post("/v1/bundles", body)[0]


def load(target: Target, clients: int, seconds: float, questions: Iterator[Question]) -> Load:
    """So many clients search without a pause for that long, each question once."""
    taking = threading.Lock()

    def next_question() -> Question:
        with taking:
            return next(questions)

    ready = threading.Barrier(clients + 1, timeout=_THREAD_S)
    ends: list[float] = []

    def client() -> list[float]:
        with target.connection() as asker:
            asker.get("/livez")  # connected before the clock starts
            ready.wait()
            deadline = time.perf_counter() + seconds
            taken: list[float] = []
            while time.perf_counter() < deadline:
                taken.append(asker.post("/v1/search", _body(target, next_question()))[0])
            ends.append(time.perf_counter())
            return taken

    with ThreadPoolExecutor(clients) as pool:
        running = [pool.submit(client) for _ in range(clients)]
        ready.wait()
        started = time.perf_counter()
        times = [each for future in running for each in future.result(timeout=seconds + _THREAD_S)]
    return Load(tuple(times), len(times) / (max(ends) - started))


def over_and_over(questions: Sequence[Question]) -> Iterator[Question]:
    while True:
        yield from questions


def _body(target: Target, question: Question) -> dict[str, object]:
    mode = question.kind if question.kind in ("regex", "literal") else "hybrid"
    return {"query": question.text, "repos": [target.name], "limit": LIMIT, "mode": mode}
