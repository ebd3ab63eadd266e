"""People and agents at work: questions with time to think between them, most of them new, some asked by everybody, and
now and then a bundle.

    docker compose --profile load run --rm load
    locust --locustfile loadtests/locustfile.py --headless --users 20 --run-time 1m --host http://127.0.0.1:8080

The key comes from PAMPAX_TOKEN, or from the file that PAMPAX_TOKEN_FILE names. At least one repository must be indexed.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

from locust import HttpUser, between, events, task
from locust.env import Environment

# Words that code of every kind has, so that any repository gives answers; two or three of them make a question.
_WORDS_TEXT = """
    parse open read write close connect retry timeout cache key token user error request response handler config value
    list map test build load save update delete find index sort merge split encode decode hash lock queue worker start
"""
WORDS = _WORDS_TEXT.split()
# What everybody asks: answered from the cache once somebody has.
COMMON = ("where are errors handled", "how is the configuration read", "open a connection", "parse a request")
# Think times: a person reads results; an agent goes on at once.
READING_S = between(1, 5)
WORKING_S = between(0.1, 1)
BUDGETS = (2_000, 4_000, 8_000)


class Person(HttpUser):
    """Searches, looks, searches again."""

    weight = 3
    wait_time = READING_S

    def on_start(self) -> None:
        self.client.headers["authorization"] = f"Bearer {_key()}"

    @task(6)
    def asks_something_new(self) -> None:
        self.client.post("/v1/search", json={"query": _question(), "limit": 10}, name="search, new")

    @task(3)
    def asks_what_others_ask(self) -> None:
        self.client.post("/v1/search", json={"query": random.choice(COMMON), "limit": 10}, name="search, common")

    @task(1)
    def looks_at_the_repositories(self) -> None:
        self.client.get("/v1/repositories", name="repositories")


class Agent(HttpUser):
    """Asks for the code of a task, then for details."""

    weight = 1
    wait_time = WORKING_S

    def on_start(self) -> None:
        self.client.headers["authorization"] = f"Bearer {_key()}"

    @task(1)
    def asks_for_a_bundle(self) -> None:
        task_of = {"task": f"change how we {_question()}", "token_budget": random.choice(BUDGETS)}
        self.client.post("/v1/bundles", json=task_of, name="bundle, new")

    @task(4)
    def asks_for_details(self) -> None:
        self.client.post("/v1/search", json={"query": _question(), "limit": 5}, name="search, new")


@events.test_start.add_listener
def refuse_an_empty_system(environment: Environment, **_: object) -> None:
    """Without a repository every answer would be fast, and mean nothing."""
    Person.host = environment.host  # which Locust itself does only later
    probe = Person(environment)
    probe.on_start()
    with probe.client.get("/v1/repositories", name="repositories", catch_response=True) as answer:
        answer.success()
        if answer.status_code != 200:
            message = f"{environment.host} answers {answer.status_code}: is the key in PAMPAX_TOKEN the right one?"
        elif not answer.json()["repositories"]:
            message = "nothing is indexed: run `pampax index FOLDER` first"
        else:
            return
    print(message)
    environment.process_exit_code = 2
    if environment.runner is not None:
        environment.runner.quit()


def _question() -> str:
    return " ".join(random.sample(WORDS, random.randint(2, 3)))


def _key() -> str:
    file = os.environ.get("PAMPAX_TOKEN_FILE", "")
    return Path(file).read_text("ascii").strip() if file else os.environ.get("PAMPAX_TOKEN", "")
