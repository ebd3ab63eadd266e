"""What is indexed and asked while things break: one git repository in two editions, and questions about it.

Every file differs between the editions, and an edition becomes the head of the branch in one step. So an answer made
from parts of both, or from a tree that was never committed, equals neither reference.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..conftest import commit, git  # noqa: TID252 - tests are no package

BRANCH = "main"
EDITIONS = ("amber", "birch")
TOPICS = (
    ("invoice", "charge", "retries the payment with exponential backoff"),
    ("warehouse", "reserve", "takes pieces of an item out of the stock"),
    ("session", "renew", "signs the cookie anew before it expires"),
    ("mailer", "deliver", "queues a message and sends it in the background"),
    ("catalog", "lookup", "finds a product by its number or its name"),
    ("shipping", "dispatch", "chooses the cheapest carrier for a parcel"),
    ("currency", "convert", "rounds cents to the currency of the customer"),
    ("audit", "record", "writes who changed what into the journal"),
    ("throttle", "admit", "limits how many requests a client may send"),
    ("report", "summarise", "adds up the turnover of a month"),
)


@dataclass(frozen=True)
class Question:
    """One request and the fields of its answer that depend on nothing but the edition."""

    route: str
    body: dict[str, Any]
    compared: tuple[str, ...]

    @property
    def kind(self) -> str:
        return self.route.removeprefix("/v1/").removesuffix("s")

    def essence(self, answer: dict[str, Any]) -> dict[str, Any]:
        found = {name: answer[name] for name in self.compared}
        if "markdown" in found:  # but for the two words that name the publish it was made from
            generation = f"generation {answer['snapshots'][0]['generation']}"
            assert generation in found["markdown"], found["markdown"]
            found["markdown"] = found["markdown"].replace(generation, "").replace(answer["signature"] or " ", "")
        return found

    def afresh(self, number: int) -> Question:
        """The same question in other words: no cached answer fits, and the answer is the same but for its markdown."""
        if self.route == SEARCH:
            return Question(self.route, {**self.body, "path_glob": f"[!{number:05d}]*"}, self.compared)
        budget = self.body["token_budget"] + 1 + number
        compared = tuple(name for name in self.compared if name != "markdown")
        return Question(self.route, {**self.body, "token_budget": budget}, compared)


SEARCH = "/v1/search"
BUNDLES = "/v1/bundles"


def _search(query: str, limit: int = 5, **more: Any) -> Question:
    return Question(SEARCH, {"query": query, "limit": limit, **more}, ("intent", "results"))


def _bundle(task: str) -> Question:
    # Far above what the whole repository takes: a little more of it changes nothing.
    body = {"task": task, "token_budget": 20_000, "format": "json"}
    return Question(BUNDLES, body, ("items", "omitted", "stopping_reason", "markdown"))


QUESTIONS = (
    _search("how is a payment retried"),
    _search("WarehouseService"),
    _search("limit requests of a client", limit=3),
    _search("cookie expires", mode="semantic"),
    _search("carrier parcel", mode="lexical"),
    _search("shop/audit.py"),
    _search("what happens when a message is sent", limit=8, explain=True),
    _bundle("change how payments are retried"),
    _bundle("limit the size of parcels that are dispatched"),
)
SEARCHES = tuple(question for question in QUESTIONS if question.route == SEARCH)
BUNDLE_TASKS = tuple(question for question in QUESTIONS if question.route == BUNDLES)


@dataclass
class Corpus:
    """The repository on disk. `commits[edition]` is what `publish(edition)` makes the head of the branch."""

    root: Path
    commits: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"file://{self.root}"

    def prepare(self) -> None:
        self.root.mkdir()
        git(self.root, "init", "--quiet", f"--initial-branch={BRANCH}")
        for edition in EDITIONS:
            for path, text in _files(edition).items():
                (self.root / path).parent.mkdir(exist_ok=True)
                (self.root / path).write_text(text)
            self.commits.append(commit(self.root))

    def publish(self, edition: int) -> None:
        git(self.root, "update-ref", f"refs/heads/{BRANCH}", self.commits[edition])

    def lines(self, edition: int, path: str, start: int, end: int) -> str:
        """What stands in these lines of a file; empty for a path that the edition does not have."""
        text = _files(EDITIONS[edition]).get(path, "")
        return "\n".join(text.splitlines()[start - 1 : end])


def _files(edition: str) -> dict[str, str]:
    files = {f"shop/{name}.py": _module(edition, name, verb, does) for name, verb, does in TOPICS}
    contents = "\n".join(f"- `{name}` {does}." for name, _, does in TOPICS)
    return {"README.md": f"# Shop, edition {edition}\n\n{contents}\n", **files}


def _module(edition: str, name: str, verb: str, does: str) -> str:
    return f'''"""The {name} of the shop, edition {edition}."""


class {name.capitalize()}Service:
    """Everything about the {name}, edition {edition}."""

    def {verb}(self, number: int) -> str:
        """{does.capitalize()}, edition {edition}."""
        return {verb}_{name}(number, edition="{edition}")


def {verb}_{name}(number: int, edition: str) -> str:
    """{does.capitalize()}; the {edition} way."""
    if number <= 0:
        raise ValueError("there is no {name} {{number}} in edition {edition}")
    return f"{name}-{{number}}-{{edition}}"
'''
