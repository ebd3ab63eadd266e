"""The connection that takes the times, and the processes whose work is counted."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from pampax.bench.asking import Asker
from pampax.bench.corpus.questions import Question
from pampax.bench.processes import Processes
from pampax.bench.suites.searching import Target, over_and_over, search
from pampax.core.errors import Unavailable

from ..client.conftest import Gateway, Told, gateway  # noqa: TID252 - test folders are no packages with a name of their own

__all__ = ["gateway"]


def test_one_connection_asks_with_the_key(gateway: Gateway) -> None:
    gateway.will(Told({"ok": 1}))
    with Asker(gateway.endpoint + "/", "k") as asker:
        taken, answer = asker.post("/v1/search", {"query": "x"})
        assert asker.get("/v1/other") == {"ok": 1}
        asker.delete("/v1/other")
    assert taken > 0
    assert json.loads(answer) == {"ok": 1}
    assert [asked.method for asked in gateway.asked] == ["POST", "GET", "DELETE"]
    assert gateway.asked[0].headers["authorization"] == "Bearer k"
    assert gateway.asked[0].body == {"query": "x"}


def test_a_refusal_ends_the_measurement_with_its_words(gateway: Gateway) -> None:
    gateway.will(Told({"detail": "too many"}, status=429))
    with (
        Asker(gateway.endpoint, "k") as asker,
        pytest.raises(Unavailable, match=r"POST /v1/search with 429: .*too many"),
    ):
        asker.post("/v1/search", {})


def test_a_system_that_goes_away_is_told(gateway: Gateway) -> None:
    gateway.will(Told(hang_up=True))
    with Asker(gateway.endpoint, "k") as asker, pytest.raises(Unavailable, match="broke off while it was measured"):
        asker.get("/v1/health")


@pytest.mark.parametrize(
    ("path", "kind", "mode", "found"),
    [
        ("a.py", "words", "hybrid", True),
        ("copy/a.py", "regex", "regex", True),
        ("b.py", "literal", "literal", False),
    ],
)
def test_an_answer_is_right_when_it_holds_the_file(
    gateway: Gateway, path: str, kind: str, mode: str, found: bool
) -> None:
    gateway.will(Told({"results": [{"id": "1", "path": "a.py", "other_paths": ["copy/a.py"]}]}))
    target = Target(gateway.endpoint, "k", "shop")
    with target.connection() as asker:
        asked = search(asker, target, Question("where", kind, path))
    assert (asked.found, asked.results) == (found, ("1",))
    assert gateway.asked[0].body == {"query": "where", "repos": ["shop"], "limit": 10, "mode": mode}


def test_questions_are_asked_over_and_over() -> None:
    questions = [Question(text, "name", "a.py") for text in "ab"]
    asked = over_and_over(questions)
    assert [next(asked).text for _ in range(5)] == list("ababa")


def test_work_and_memory_of_a_service_are_those_of_its_children_too(tmp_path: Path) -> None:
    child = "sum(range(3_000_000))"
    parent = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}]); print('done', flush=True); input()"
    )
    running = subprocess.Popen([sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert running.stdout is not None
    try:
        processes = Processes({"it": running.pid}, tmp_path)
        assert running.stdout.readline() == b"done\n"
        times = psutil.Process(running.pid).cpu_times()
        assert processes.cpu_s() == pytest.approx(sum(times[:4]))
        assert processes.cpu_s() > times.user + times.system
        assert processes.resident_mb()["it"] > 1
        assert processes.peak_mb()["it"] >= processes.resident_mb()["it"]
    finally:
        running.communicate(b"\n", timeout=60)
    assert processes.cpu_s() == 0
    assert processes.resident_mb() == {"it": 0.0}
    assert processes.peak_mb() == {"it": 0.0}


def test_only_parents_of_this_system_count_as_supervisors(tmp_path: Path) -> None:
    running = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        # We are its parent, and were not started for that folder.
        spent = Processes({"it": running.pid}, tmp_path).cpu_s()
        ours = sum(os.times()[:2])
        assert spent < ours
    finally:
        running.communicate(b"\n", timeout=60)
