"""What an index that is older than asked for does to an answer."""

import json

import pytest

from ..client.conftest import Gateway, Told  # noqa: TID252 - see conftest
from .conftest import Run
from .test_commands import ANSWER, BUNDLE, SNAPSHOT

OLD = [{**SNAPSHOT, "age_s": 200_000.0}, {**SNAPSHOT, "repo": "web", "age_s": 10.0}]
TOLD = (
    f"{SNAPSHOT['repo']} ({SNAPSHOT['ref']}) was published 2 d ago, longer than the 1 h asked for: run `pampax index`"
)


@pytest.fixture(autouse=True)
def _target(monkeypatch: pytest.MonkeyPatch, gateway: Gateway) -> None:
    monkeypatch.setenv("PAMPAX_ENDPOINT", gateway.endpoint)
    monkeypatch.setenv("PAMPAX_TOKEN", "pampax_key")


@pytest.mark.parametrize(
    ("given", "seconds"), [("90", 90), ("1.5min", 90), ("2m", 120), ("2h", 7_200), ("1w", 604_800)]
)
def test_the_gateway_is_told_the_bound_in_seconds(gateway: Gateway, run: Run, given: str, seconds: float) -> None:
    gateway.will(Told(ANSWER))
    assert run("search", "x", "--max-staleness", given)[0] == 0
    assert gateway.asked[0].body["max_staleness"] == seconds


@pytest.mark.parametrize("given", ["x", "", "1 year", "9" * 400])
def test_other_durations_are_refused(run: Run, given: str) -> None:
    code, _, err = run("search", "x", "--max-staleness", given)
    assert (code, "is not a duration such as 90s, 15min, 2h or 1d" in err) == (2, True)


def test_a_policy_needs_a_bound(run: Run) -> None:
    code, _, err = run("search", "x", "--stale-policy", "warn")
    assert (code, "--stale-policy needs --max-staleness" in err) == (2, True)


@pytest.mark.parametrize("command", ["search", "assemble"])
def test_a_warning_stands_beside_the_answer(gateway: Gateway, run: Run, command: str) -> None:
    gateway.will(Told({**(ANSWER if command == "search" else BUNDLE), "snapshots": OLD}))
    code, out, err = run(command, "x", "--max-staleness", "1h", "--stale-policy", "warn")
    assert (code, bool(out), f"warning: {TOLD}" in err.splitlines()) == (0, True, True)
    assert "web" not in err
    assert "max_staleness" not in gateway.asked[0].body
    document = json.loads(run(command, "x", "--max-staleness", "1h", "--stale-policy", "warn", "--json")[1])
    assert document["stale"] == [{"repo": SNAPSHOT["repo"], "ref": SNAPSHOT["ref"], "age_s": 200_000.0}]


@pytest.mark.parametrize("command", ["search", "assemble"])
def test_ignoring_says_nothing(gateway: Gateway, run: Run, command: str) -> None:
    gateway.will(Told({**(ANSWER if command == "search" else BUNDLE), "snapshots": OLD}))
    code, out, err = run(command, "x", "--max-staleness", "1h", "--stale-policy", "ignore", "--json")
    assert (code, err, "stale" in json.loads(out)) == (0, "", False)


def test_a_bundle_from_an_older_index_is_refused_like_a_search(gateway: Gateway, run: Run) -> None:
    gateway.will(Told({**BUNDLE, "snapshots": OLD}))
    code, out, err = run("assemble", "x", "--max-staleness", "1h")
    assert (code, out, err) == (2, "", f"pampax: {TOLD}, or allow more\n")
    assert run("assemble", "x", "--max-staleness", "1w")[0] == 0
