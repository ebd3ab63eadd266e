"""A light load in threads: searches and bundles, a look at health, and now and then a new edition to index."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

import httpx

from .answers import DEADLINES_S, GRACE_S, History, Outcome, References, wrong_refusal
from .corpus import BUNDLE_TASKS, SEARCHES, Corpus, Question

# Beyond every deadline of the server: who waits so long was left hanging.
HANGS_S = 30.0
SEARCH_PAUSE_S = 0.4
BUNDLE_PAUSE_S = 0.7
HEALTH_PAUSE_S = 0.5
INDEX_PAUSE_S = 2.0
POLL_S = 0.15
JOIN_S = 90.0
# An accepted operation that has not ended by then is lost: longer than a lease, its reaping and another attempt.
LOST_S = 60.0


class Client:
    """One user: asks the gateway and judges what comes back. For one thread."""

    def __init__(self, endpoint: str, token: str, references: References, history: History) -> None:
        self._http = httpx.Client(
            base_url=endpoint, headers={"authorization": f"Bearer {token}"}, timeout=HANGS_S, trust_env=False
        )
        self._references = references
        self._history = history

    def close(self) -> None:
        self._http.close()

    def ask(self, question: Question, repository: str) -> Outcome:
        oldest = self._history.published

        def wrong(answer: dict[str, Any]) -> str:
            return self._references.wrong(question, answer, self._history, oldest)

        return self.send(question.kind, "POST", question.route, {**question.body, "repos": [repository]}, wrong)

    def send(
        self,
        kind: str,
        method: str,
        route: str,
        body: dict[str, Any] | None = None,
        wrong: Callable[[dict[str, Any]], str] = lambda _answer: "",
    ) -> Outcome:
        started = time.monotonic()
        try:
            response = self._http.request(method, route, json=body)
        except httpx.HTTPError as error:
            return Outcome(kind, started, time.monotonic(), "silent", type(error).__name__)
        ended = time.monotonic()
        late = ended - started > DEADLINES_S[kind] + GRACE_S
        hang = f"{kind} was answered after {ended - started:.1f} s" if late else ""
        if response.is_success:
            answer = response.json()
            labels = answer.get("degraded") or []
            verdict = "degraded" if labels else "ok"
            return Outcome(kind, started, ended, verdict, ",".join(labels), wrong(answer) or hang, answer)
        mistakes = "; ".join((*wrong_refusal(response), *((hang,) if hang else ())))
        reason = _reason(response)
        return Outcome(kind, started, ended, "refused", f"{response.status_code} {reason}", mistakes, response.text)


class Publisher:
    """Publishes one edition after the other and follows each to its end."""

    def __init__(
        self, client: Client, corpus: Corpus, history: History, repository: str, note: Callable[[Outcome], None]
    ) -> None:
        self._client = client
        self._corpus = corpus
        self._history = history
        self._repository = repository
        self._note = note
        self.stopping = threading.Event()
        self.finished: list[tuple[float, float]] = []  # when each edition was begun and done

    def publish(self, edition: int) -> None:
        """Makes it the head of the branch and has it indexed; asks again as long as nobody accepts it."""
        begun = time.monotonic()
        self._corpus.publish(edition)
        generation = self._history.published + 1
        self._history.announce(generation, edition)
        while not self.stopping.is_set():
            operation = self._accepted()
            if operation is None or self._ended(operation, generation, edition):
                break
        self._history.done(generation)
        self.finished.append((begun, time.monotonic()))

    def _accepted(self) -> str | None:
        while not self.stopping.is_set():
            asked = self._client.send("index", "POST", f"/v1/repositories/{self._repository}:index", {})
            self._note(asked)
            if asked.verdict == "ok":
                return str(asked.body["id"])
            self.stopping.wait(POLL_S)
        return None

    def _ended(self, operation: str, generation: int, edition: int) -> bool:
        """Whether it succeeded; a failure is noted, for the fault to excuse or not."""
        begun = time.monotonic()
        while True:
            seen = self._client.send("operation", "GET", f"/v1/operations/{operation}")
            if seen.verdict != "ok":
                self._note(seen)
            elif seen.body["done"]:
                break
            if time.monotonic() - begun > LOST_S:
                self._end(begun, wrong=f"the operation {operation} was lost: {seen.body}")
                return True
            time.sleep(POLL_S)
        if seen.body["state"] != "succeeded":
            self._end(begun, reason=seen.body["error"]["reason"])
            return False
        status = seen.body["result"]["status"]
        found, expected = (status["generation"], status["commit"]), (generation, self._corpus.commits[edition])
        self._end(begun, wrong="" if found == expected else f"published {found} and not {expected}")
        return True

    def _end(self, begun: float, *, reason: str = "", wrong: str = "") -> None:
        verdict = "failed" if reason else "ok"
        self._note(Outcome("indexing", begun, time.monotonic(), verdict, reason, wrong))


class Load:
    """Runs from entering to leaving. `outcomes` holds all that users saw, in the order of its end."""

    def __init__(
        self, endpoint: str, token: str, corpus: Corpus, references: References, history: History, repository: str
    ) -> None:
        self._connection = (endpoint, token, references, history)
        self._corpus = corpus
        self._repository = repository
        self._stopping = threading.Event()
        self._hurry = threading.Event()
        self._threads: list[threading.Thread] = []
        self._clients: list[Client] = []
        self.outcomes: list[Outcome] = []
        self.publisher = Publisher(self.client(), corpus, history, repository, self.outcomes.append)

    def __enter__(self) -> Self:
        asking = (self._ask(SEARCHES, SEARCH_PAUSE_S), self._ask(SEARCHES[::-1], SEARCH_PAUSE_S))
        for work in (*asking, self._ask(BUNDLE_TASKS, BUNDLE_PAUSE_S), self._look(), self._publish()):
            self._threads.append(threading.Thread(target=self._run, args=(work,), daemon=True))
            self._threads[-1].start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stopping.set()
        self.publisher.stopping.set()
        self._hurry.set()
        for thread in self._threads:
            thread.join(JOIN_S)
        for client in self._clients:
            client.close()

    def client(self) -> Client:
        """Closed with the load."""
        self._clients.append(Client(*self._connection))
        return self._clients[-1]

    def since(self, moment: float) -> list[Outcome]:
        return [outcome for outcome in tuple(self.outcomes) if outcome.started >= moment]

    def published_since(self, moment: float) -> bool:
        """Whether an edition was begun and done since then; hurries the next one."""
        done = any(begun >= moment for begun, _ in self.publisher.finished[-3:])
        if not done:
            self.hurry()
        return done

    def hurry(self) -> None:
        """The next edition is published now, or as soon as the one under way has come to its end."""
        self._hurry.set()

    def _run(self, work: Iterator[float]) -> None:
        try:
            for pause in work:
                if self._stopping.wait(pause):
                    return
        except Exception as error:  # noqa: BLE001 - a load that ends unnoticed would prove nothing
            now = time.monotonic()
            self.outcomes.append(Outcome("load", now, now, "silent", wrong=f"the load itself failed: {error!r}"))

    def _ask(self, questions: tuple[Question, ...], pause_s: float) -> Iterator[float]:
        client = self.client()
        for question in itertools.cycle(questions):
            self.outcomes.append(client.ask(question, self._repository))
            yield pause_s

    def _look(self) -> Iterator[float]:
        client = self.client()
        while True:
            self.outcomes.append(client.send("health", "GET", "/v1/health"))
            yield HEALTH_PAUSE_S

    def _publish(self) -> Iterator[float]:
        for number in itertools.count():  # _learn ended with the last edition
            self.publisher.publish(number % len(self._corpus.commits))
            self._hurry.wait(INDEX_PAUSE_S)
            self._hurry.clear()
            yield 0.0


def _reason(response: httpx.Response) -> str:
    try:
        return str(response.json()["reason"])
    except (ValueError, TypeError, KeyError, json.JSONDecodeError):
        return "?"
