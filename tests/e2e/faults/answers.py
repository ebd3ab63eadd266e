"""Judges answers: whole ones equal the reference of their edition, partial ones are labelled, refusals are clean."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx

from .corpus import Corpus, Question

# The gateway's own bounds (pampax.gateway.bounds), and what an answer may take beyond.
DEADLINES_S = {"search": 10.0, "bundle": 20.0, "index": 10.0, "operation": 10.0, "health": 10.0}
GRACE_S = 1.0
# Who gets one of these may come back; everything else is an answer to what was asked, and nothing was asked wrongly.
STATUS_OF = {
    "UNAVAILABLE": HTTPStatus.SERVICE_UNAVAILABLE,
    "BREAKER_OPEN": HTTPStatus.SERVICE_UNAVAILABLE,
    "SEARCH_UNAVAILABLE": HTTPStatus.SERVICE_UNAVAILABLE,
    "DATABASE_READ_ONLY": HTTPStatus.SERVICE_UNAVAILABLE,
    "DATABASE_OUT_OF_CONNECTIONS": HTTPStatus.SERVICE_UNAVAILABLE,
    "DATABASE_BUSY": HTTPStatus.SERVICE_UNAVAILABLE,
    "DATABASE_DISK_FULL": HTTPStatus.TOO_MANY_REQUESTS,
    "DEADLINE_EXCEEDED": HTTPStatus.GATEWAY_TIMEOUT,
}
WAITING_HELPS = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
PROBLEM_FIELDS = ("type", "title", "status", "detail", "reason", "corr_id")


@dataclass(frozen=True)
class Outcome:
    """What one request came to. `verdict` is ok, degraded, refused or silent (no HTTP answer at all)."""

    kind: str
    started: float
    ended: float
    verdict: str
    reason: str = ""
    wrong: str = ""
    body: Any = None

    @property
    def took_s(self) -> float:
        return self.ended - self.started


class History:
    """Which generation is which edition, and which of them must be visible by now. For many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._editions: dict[int, int] = {}
        self.published = 0

    def announce(self, generation: int, edition: int) -> None:
        """This generation may be seen from now on."""
        with self._lock:
            self._editions[generation] = edition

    def done(self, generation: int) -> None:
        """No generation before this one may be seen any more."""
        with self._lock:
            self.published = generation

    def edition_of(self, generation: int) -> int | None:
        with self._lock:
            return self._editions.get(generation)


class References:
    """The known whole answers: one for each question and edition."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._known: dict[tuple[str, int], dict[str, Any]] = {}

    def learn(self, question: Question, edition: int, answer: dict[str, Any]) -> None:
        essence = question.essence(answer)
        assert any(essence[name] for name in ("results", "items") if name in essence), f"nothing found: {question}"
        assert not answer["degraded"]
        self._known[_key(question), edition] = essence

    def wrong(self, question: Question, answer: dict[str, Any], history: History, oldest: int) -> str:
        """What is wrong with a 200, in words; "" when it is right. `oldest` was published before it was asked."""
        (snapshot,) = answer["snapshots"] or ({"generation": 0, "commit": ""},)
        generation = snapshot["generation"]
        edition = history.edition_of(generation)
        if edition is None or generation < oldest:
            return f"generation {generation} was answered when {oldest} was published"
        if snapshot["commit"] != self._corpus.commits[edition]:
            return f"generation {generation} names the commit {snapshot['commit']!r} of another one"
        if answer["degraded"]:
            return self._wrong_part(answer, edition)
        expected = self._known[_key(question), edition]
        found = question.essence(answer)
        differing = [name for name in found if found[name] != expected[name]]
        if differing:
            shown = json.dumps({name: [found[name], expected[name]] for name in differing})
            return f"the unlabelled answer to {question.body} differs from the known one in {differing}: {shown[:600]}"
        return ""

    def _wrong_part(self, answer: dict[str, Any], edition: int) -> str:
        """A labelled part of an answer may lack pieces; those that it has must be of its edition."""
        if answer["cache"] == "hit":
            return "a degraded answer came out of the cache"
        if answer.get("signature"):
            return "a degraded bundle is signed"
        for piece in answer.get("results", ()):
            text = self._corpus.lines(edition, piece["path"], piece["start_line"], piece["end_line"])
            if piece["content"] != text or piece["commit"] != self._corpus.commits[edition]:
                return f"{piece['path']} in a degraded answer is not what its commit has"
        return ""


def wrong_refusal(response: httpx.Response) -> Iterator[str]:
    """What is wrong with an answer that is none."""
    try:
        document = response.json()
    except ValueError:
        document = {}
    if response.headers.get("content-type") != "application/problem+json" or not isinstance(document, dict):
        yield f"{response.status_code} without a problem document: {response.text[:200]!r}"
        return
    missing = [name for name in PROBLEM_FIELDS if not document.get(name)]
    if missing:
        yield f"the problem document lacks {missing}: {document}"
    elif STATUS_OF.get(document["reason"]) != response.status_code:
        yield f"{response.status_code} {document['reason']}: {document['detail']}"
    elif response.status_code in WAITING_HELPS and "retry-after" not in response.headers:
        yield f"{response.status_code} {document['reason']} without Retry-After"


def _key(question: Question) -> str:
    """Fresh wordings of a question share its reference."""
    body = {name: value for name, value in question.body.items() if name not in ("path_glob", "token_budget")}
    return json.dumps([question.route, body], sort_keys=True)
